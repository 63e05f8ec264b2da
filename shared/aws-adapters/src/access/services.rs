//! Topics, queues and functions: who may use them, and whose key encrypts them.

use super::{map, member, of_each};
use aws_sdk_lambda::Client as Lambda;
use aws_sdk_lambda::types::FunctionConfiguration;
use aws_sdk_sns::Client as Sns;
use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::QueueAttributeName;
use ports::{Page, PortResult};
use serde_json::{Map, Value, json};

const QUEUES: i32 = 100;
const FUNCTIONS: i32 = 50;

pub(super) async fn topics(client: &Sns, after: Option<&str>) -> PortResult<Page> {
    let answer =
        client.list_topics().set_next_token(after.map(str::to_owned)).send().await.map_err(map("sns:ListTopics"))?;
    let arns: Vec<&str> = answer.topics().iter().filter_map(|topic| topic.topic_arn()).collect();
    let topics = of_each(arns, async |arn: &str| {
        let answer = client.get_topic_attributes().topic_arn(arn).send().await.map_err(map("sns:GetTopicAttributes"));
        entry(answer.map(|answer| json!(answer.attributes())), "TopicArn", arn)
    });
    Ok(Page { content: json!({"Topics": present(topics.await?)}), next: answer.next_token().map(str::to_owned) })
}

pub(super) async fn queues(client: &Sqs, after: Option<&str>) -> PortResult<Page> {
    let call = client.list_queues().max_results(QUEUES).set_next_token(after.map(str::to_owned));
    let answer = call.send().await.map_err(map("sqs:ListQueues"))?;
    let queues = of_each(answer.queue_urls(), async |url: &String| {
        let call = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        let answer = call.send().await.map_err(map("sqs:GetQueueAttributes")).map(|answer| {
            let attributes = answer.attributes().into_iter().flatten();
            let attributes: Map<_, _> =
                attributes.map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
            Value::Object(attributes)
        });
        entry(answer, "QueueUrl", url)
    });
    Ok(Page { content: json!({"Queues": present(queues.await?)}), next: answer.next_token().map(str::to_owned) })
}

/// What can't be read is told with the name by which it was listed; what is gone since is null.
fn entry(attributes: PortResult<Value>, name: &str, of: &str) -> PortResult<Value> {
    let attributes = member(attributes)?;
    Ok(match attributes.get("Unread") {
        Some(why) => json!({"Attributes": {name: of}, "Unread": why}),
        None if attributes.is_null() => Value::Null,
        None => json!({"Attributes": attributes}),
    })
}

fn present(entries: Vec<Value>) -> Vec<Value> {
    entries.into_iter().filter(|entry| !entry.is_null()).collect()
}

pub(super) async fn functions(client: &Lambda, after: Option<&str>) -> PortResult<Page> {
    let call = client.list_functions().max_items(FUNCTIONS).set_marker(after.map(str::to_owned));
    let answer = call.send().await.map_err(map("lambda:ListFunctions"))?;
    let functions = of_each(answer.functions(), |function| of_function(client, function)).await?;
    Ok(Page { content: json!({"Functions": functions}), next: answer.next_marker().map(str::to_owned) })
}

async fn of_function(client: &Lambda, function: &FunctionConfiguration) -> PortResult<Value> {
    let call = client.get_policy().set_function_name(function.function_arn().map(str::to_owned));
    let policy = call.send().await.map_err(map("lambda:GetPolicy")).map(|answer| json!(answer.policy()));
    Ok(json!({
        "FunctionArn": function.function_arn(), "KMSKeyArn": function.kms_key_arn(), "Policy": member(policy)?,
    }))
}
