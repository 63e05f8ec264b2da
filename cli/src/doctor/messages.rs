//! Topics and queues: whether alarms come in, and people are told.

use super::check::{Check, Verdict, advised, mended_by, word};
use super::stack::{ALARM_TOPIC, CONTAIN_INSTANCE, MESSAGE_KEY, NOTIFICATION_TOPIC, QUEUES, Stack, is_key};
use super::topic_policy::only_cloudwatch_publishes;
use aws_adapters::deployed::Subscription;
use futures::future::join_all;

pub(super) async fn checks(stack: &Stack) -> Vec<Check> {
    let queues = stack.ids(&QUEUES).map(|(logical_id, url)| queue(stack, logical_id, url));
    let (alarms, notices, queues) = tokio::join!(alarm_topic(stack), notification_topic(stack), join_all(queues));
    [alarms, notices].into_iter().chain(queues).flatten().collect()
}

async fn alarm_topic(stack: &Stack) -> Vec<Check> {
    let Some(arn) = stack.id(ALARM_TOPIC) else { return Vec::new() };
    let (topic, subscriptions) = tokio::join!(stack.reader.topic(arn), stack.reader.subscriptions(arn));
    let function = stack.id(CONTAIN_INSTANCE).unwrap_or_default();
    vec![
        Check::of("topic-encrypted", ALARM_TOPIC, &topic, |topic| topic_encrypted(stack, arn, topic.key.as_deref())),
        Check::of("alarm-topic-policy", ALARM_TOPIC, &topic, |topic| {
            only_cloudwatch_publishes(topic.policy.as_deref().unwrap_or_default())
        }),
        Check::of("alarm-topic-subscribed", ALARM_TOPIC, &subscriptions, |found| invokes(found, arn, function)),
    ]
}

async fn notification_topic(stack: &Stack) -> Vec<Check> {
    let Some(arn) = stack.id(NOTIFICATION_TOPIC) else { return Vec::new() };
    let (topic, subscriptions) = tokio::join!(stack.reader.topic(arn), stack.reader.subscriptions(arn));
    vec![
        Check::of("topic-encrypted", NOTIFICATION_TOPIC, &topic, |topic| {
            topic_encrypted(stack, arn, topic.key.as_deref())
        }),
        Check::of("notification-subscribed", NOTIFICATION_TOPIC, &subscriptions, |found| somebody_listens(found, arn)),
    ]
}

async fn queue(stack: &Stack, logical_id: &'static str, url: &str) -> Vec<Check> {
    let queue = stack.reader.queue(url).await;
    vec![
        Check::of("dead-letters", logical_id, &queue, |queue| no_dead_letter(queue.messages, url)),
        Check::of("queue-encrypted", logical_id, &queue, |queue| queue_encrypted(stack, url, queue.key.as_deref())),
    ]
}

fn topic_encrypted(stack: &Stack, arn: &str, key: Option<&str>) -> Verdict {
    let Some(own) = stack.id(MESSAGE_KEY) else { return Ok(()) };
    if key.is_some_and(|key| is_key(key, own)) {
        return Ok(());
    }
    mended_by(
        format!("it is encrypted with {}, not with MessageKey", key.unwrap_or("no key")),
        format!(
            "aws sns set-topic-attributes --topic-arn {arn} --attribute-name KmsMasterKeyId --attribute-value {own}"
        ),
    )
}

fn queue_encrypted(stack: &Stack, url: &str, key: Option<&str>) -> Verdict {
    let Some(own) = stack.id(MESSAGE_KEY) else { return Ok(()) };
    if key.is_some_and(|key| is_key(key, own)) {
        return Ok(());
    }
    mended_by(
        format!("it is encrypted with {}, not with MessageKey", key.unwrap_or("no key of KMS")),
        format!("aws sqs set-queue-attributes --queue-url {url} --attributes KmsMasterKeyId={own}"),
    )
}

fn no_dead_letter(messages: u64, url: &str) -> Verdict {
    if messages == 0 {
        return Ok(());
    }
    mended_by(
        format!("it holds {messages} messages that did not reach their function; docs/OPERATIONS.md says what to do"),
        format!("aws sqs receive-message --queue-url {url} --visibility-timeout 0"),
    )
}

fn invokes(subscriptions: &[Subscription], topic: &str, function: &str) -> Verdict {
    let is_ours = |one: &&Subscription| {
        one.protocol == "lambda" && one.endpoint.rsplit(':').next() == Some(function) && one.confirmed
    };
    if subscriptions.iter().any(|one| is_ours(&one)) {
        return Ok(());
    }
    let endpoint = topic.rsplit_once(':').map_or(topic, |(before, _)| before).replacen(":sns:", ":lambda:", 1);
    mended_by(
        "contain-instance is not subscribed: no alarm reaches it",
        format!(
            "aws sns subscribe --topic-arn {topic} --protocol lambda --notification-endpoint {endpoint}:function:{function}"
        ),
    )
}

fn somebody_listens(subscriptions: &[Subscription], topic: &str) -> Verdict {
    if let Some(pending) = subscriptions.iter().find(|one| !one.confirmed) {
        return advised(
            format!("{} has not confirmed its subscription and is told nothing", pending.endpoint),
            format!(
                "follow the link in the mail that AWS sent there; for a new one: aws sns subscribe --topic-arn {topic} \
                 --protocol {} --notification-endpoint {}",
                word(&pending.protocol),
                word(&pending.endpoint)
            ),
        );
    }
    if subscriptions.is_empty() {
        return advised(
            "nobody is subscribed: nobody is told of a containment",
            "deploy with NotificationEmail, and follow the link in the mail that AWS sends there",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{invokes, no_dead_letter, somebody_listens};
    use aws_adapters::deployed::Subscription;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:topic";

    fn subscription(protocol: &str, endpoint: &str, confirmed: bool) -> Subscription {
        Subscription { protocol: protocol.to_owned(), endpoint: endpoint.to_owned(), confirmed }
    }

    #[test]
    fn everybody_who_is_subscribed_must_have_confirmed_and_somebody_must_be() {
        let (done, pending) = (subscription("email", "a@b.c", true), subscription("email", "x@b.c", false));
        assert!(somebody_listens(std::slice::from_ref(&done), TOPIC).is_ok());
        assert!(somebody_listens(&[], TOPIC).is_err());
        assert!(somebody_listens(&[done, pending], TOPIC).unwrap_err().what.contains("x@b.c"));
    }

    #[test]
    fn only_the_function_itself_counts_as_subscribed() {
        let lambda = |name: &str| subscription("lambda", &format!("arn:aws:lambda:eu-west-1:1:function:{name}"), true);
        assert!(invokes(&[lambda("cordon-contain-instance")], TOPIC, "cordon-contain-instance").is_ok());
        for other in [lambda("my-cordon-contain-instance"), subscription("sqs", "cordon-contain-instance", true)] {
            assert!(invokes(&[other], TOPIC, "cordon-contain-instance").is_err());
        }
    }

    #[test]
    fn one_dead_letter_is_a_problem() {
        assert!(no_dead_letter(0, "url").is_ok());
        assert!(no_dead_letter(1, "url").is_err());
    }
}
