//! Who may publish to the alarm topic. A message there nominates instances, so nobody but CloudWatch may send one: this
//! account's alarms, and no principal by its own IAM policy.

use super::check::{Verdict, advised};
use serde_json::Value;
use signal::Quoted;

const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";
const PUBLISH: &str = "sns:publish";
const RESTORE: &str = "restore AlarmTopicPolicy as template.yaml has it";

pub(super) fn only_cloudwatch_publishes(policy: &str) -> Verdict {
    let Ok(document) = serde_json::from_str::<Value>(policy) else {
        return advised("its policy cannot be read", RESTORE);
    };
    let statements = many(document.get("Statement"));
    let about_publishing = || statements.iter().filter(|statement| covers_publish(statement));
    let mut alarms_may = false;
    for statement in about_publishing().filter(|statement| effect(statement) == "Allow") {
        if !is_cloudwatch(statement) {
            let name = statement.get("Sid").and_then(Value::as_str).unwrap_or("without a Sid");
            return advised(format!("statement {} lets others than CloudWatch publish", Quoted(name)), RESTORE);
        }
        if !is_of_this_account(statement) {
            return advised("alarms of any account may publish: no condition on aws:SourceAccount", RESTORE);
        }
        alarms_may = true;
    }
    if !alarms_may {
        return advised("CloudWatch may not publish: no alarm arrives", RESTORE);
    }
    if !about_publishing().any(denies_people) {
        return advised("nothing denies principals of the account that may publish by their own IAM policy", RESTORE);
    }
    Ok(())
}

fn effect(statement: &Value) -> &str {
    statement.get("Effect").and_then(Value::as_str).unwrap_or_default()
}

/// Anything but a plain list of other actions is taken to cover it.
fn covers_publish(statement: &Value) -> bool {
    statement.get("NotAction").is_some()
        || many(statement.get("Action")).iter().any(|action| action.as_str().is_none_or(matches_publish))
}

/// `*` and `?` as IAM reads them.
fn matches_publish(pattern: &str) -> bool {
    fn matches(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) if matches(rest, text) => true,
            ([b'*', ..], [_, shorter @ ..]) => matches(pattern, shorter),
            ([one, rest @ ..], [other, shorter @ ..]) => (*one == b'?' || one == other) && matches(rest, shorter),
            _ => false,
        }
    }
    matches(pattern.to_ascii_lowercase().as_bytes(), PUBLISH.as_bytes())
}

fn is_cloudwatch(statement: &Value) -> bool {
    let Some(Value::Object(principal)) = statement.get("Principal") else { return false };
    let services = many(principal.get("Service"));
    principal.len() == 1 && !services.is_empty() && services.iter().all(|service| service.as_str() == Some(CLOUDWATCH))
}

fn is_of_this_account(statement: &Value) -> bool {
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let equals = conditions.and_then(|conditions| conditions.get("StringEquals")).and_then(Value::as_object);
    equals.is_some_and(|keys| keys.keys().any(|key| key.eq_ignore_ascii_case("aws:SourceAccount")))
}

/// The deny of whoever is no AWS service, and on no further condition.
fn denies_people(statement: &Value) -> bool {
    let everybody = match statement.get("Principal") {
        Some(Value::String(all)) => all == "*",
        Some(Value::Object(principal)) => many(principal.get("AWS")).iter().any(|one| one.as_str() == Some("*")),
        _ => false,
    };
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let only = conditions.filter(|conditions| conditions.len() == 1).and_then(|conditions| conditions.get("Bool"));
    let keys = only.and_then(Value::as_object).filter(|keys| keys.len() == 1);
    let of_people = keys.is_some_and(|keys| {
        keys.iter().all(|(key, value)| {
            key.eq_ignore_ascii_case("aws:PrincipalIsAWSService")
                && matches!(many(Some(value)).as_slice(), [one] if is_false(one))
        })
    });
    effect(statement) == "Deny" && everybody && of_people
}

fn is_false(value: &Value) -> bool {
    value == &Value::Bool(false) || value.as_str() == Some("false")
}

/// IAM's documents have one or a list of nearly everything.
fn many(value: Option<&Value>) -> Vec<Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values.clone(),
        Some(one) => vec![one.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::{matches_publish, only_cloudwatch_publishes};
    use serde_json::{Value, json};

    fn alarms() -> Value {
        json!({"Sid": "Alarms", "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish", "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}})
    }

    fn nobody_else() -> Value {
        json!({"Effect": "Deny", "Principal": "*", "Action": "sns:Publish",
            "Condition": {"Bool": {"aws:PrincipalIsAWSService": "false"}}})
    }

    fn judged(statements: &[Value]) -> Result<(), String> {
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        only_cloudwatch_publishes(&policy).map_err(|problem| problem.what)
    }

    #[test]
    fn the_templates_policy_is_in_order() {
        assert_eq!(judged(&[alarms(), nobody_else()]), Ok(()));
        let reading = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sns:GetTopicAttributes"]});
        assert_eq!(judged(&[alarms(), nobody_else(), reading]), Ok(()));
    }

    #[test]
    fn whoever_else_may_publish_is_found_however_it_is_written() {
        for (principal, action) in [
            (json!("*"), json!("sns:Publish")),
            (json!({"AWS": "*"}), json!(["SNS:GetTopicAttributes", "SNS:Publish"])),
            (json!({"AWS": "arn:aws:iam::123456789012:root"}), json!("sns:*")),
            (json!({"Service": ["cloudwatch.amazonaws.com", "s3.amazonaws.com"]}), json!("*")),
            (json!({"Service": "cloudwatch.amazonaws.com", "AWS": "*"}), json!("sns:P?blish")),
        ] {
            let other = json!({"Sid": "Other", "Effect": "Allow", "Principal": principal, "Action": action});
            assert!(judged(&[alarms(), nobody_else(), other.clone()]).unwrap_err().contains("Other"), "{other}");
        }
        let by_exception = json!({"Effect": "Allow", "Principal": "*", "NotAction": "sns:Subscribe"});
        assert!(judged(&[alarms(), nobody_else(), by_exception]).is_err());
    }

    #[test]
    fn what_keeps_people_and_other_accounts_out_must_be_there() {
        assert!(judged(&[alarms()]).unwrap_err().contains("IAM policy"));
        assert!(judged(&[nobody_else()]).unwrap_err().contains("no alarm arrives"));
        let mut any_account = alarms();
        any_account["Condition"] = json!({});
        assert!(judged(&[any_account, nobody_else()]).unwrap_err().contains("SourceAccount"));
        let mut narrower = nobody_else();
        narrower["Condition"]["StringEquals"] = json!({"aws:PrincipalTag/team": "web"});
        assert!(judged(&[alarms(), narrower]).is_err());
        assert!(only_cloudwatch_publishes("").is_err());
    }

    #[test]
    fn wildcards_are_read_as_iam_reads_them() {
        for pattern in ["*", "sns:*", "SNS:Pub*", "s?s:publish", "*publish", "sns:*ish"] {
            assert!(matches_publish(pattern), "{pattern}");
        }
        for pattern in ["", "sns:", "sns:Publish?", "sns:PublishBatch", "sqs:*"] {
            assert!(!matches_publish(pattern), "{pattern}");
        }
    }
}
