//! What an event asks enrolment to look at. It nominates a group; what is so is read from AWS.

use containment::ids::GroupName;
use serde_json::Value;
use signal::Quoted;
use thiserror::Error;

const LARGEST: usize = 64 * 1024;
const LONGEST_GROUP: usize = 255;
const OF_GROUPS: [&str; 2] = ["EC2 Instance Launch Successful", "EC2 Instance Terminate Successful"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nomination {
    /// The schedule: everything.
    Everything,
    /// Everything too, and this group first.
    Group(GroupName),
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventError {
    #[error("an event of {0} bytes is larger than any that is expected")]
    TooLarge(usize),
    #[error("it is not an event of EventBridge: {0}")]
    Malformed(&'static str),
    #[error("it comes from {0}, which nominates nothing")]
    Unexpected(String),
    #[error("it is of another account or Region: {0}")]
    Elsewhere(String),
}

/// Reads the event that invoked the function.
pub fn nomination(event: &str, account: &str, region: &str) -> Result<Nomination, EventError> {
    if event.len() > LARGEST {
        return Err(EventError::TooLarge(event.len()));
    }
    let event: Value = serde_json::from_str(event).map_err(|_| EventError::Malformed("no JSON"))?;
    let text = |name: &'static str| event.get(name).and_then(Value::as_str).ok_or(EventError::Malformed(name));
    let (source, kind) = (text("source")?, text("detail-type")?);
    if (text("account")?, text("region")?) != (account, region) {
        let place = format!("{}, {}", Quoted(text("account")?), Quoted(text("region")?));
        return Err(EventError::Elsewhere(place));
    }
    match source {
        "aws.events" if kind == "Scheduled Event" => Ok(Nomination::Everything),
        "aws.autoscaling" if OF_GROUPS.contains(&kind) => {
            let group = event.pointer("/detail/AutoScalingGroupName").and_then(Value::as_str);
            let group = group.filter(|name| !name.is_empty() && name.chars().count() <= LONGEST_GROUP);
            Ok(Nomination::Group(GroupName::new(group.ok_or(EventError::Malformed("AutoScalingGroupName"))?)))
        }
        _ => Err(EventError::Unexpected(format!("{}, {}", Quoted(source), Quoted(kind)))),
    }
}

#[cfg(test)]
mod tests {
    use super::{EventError, Nomination, nomination};
    use serde_json::{Value, json};

    fn event() -> Value {
        json!({
            "source": "aws.autoscaling", "detail-type": "EC2 Instance Launch Successful", "account": "123456789012",
            "region": "eu-west-1", "detail": {"AutoScalingGroupName": "web", "EC2InstanceId": "i-1"}
        })
    }

    fn read(event: &Value) -> Result<Nomination, EventError> {
        nomination(&event.to_string(), "123456789012", "eu-west-1")
    }

    #[test]
    fn an_event_of_auto_scaling_nominates_its_group_and_the_schedule_everything() {
        assert!(matches!(read(&event()), Ok(Nomination::Group(group)) if group.as_str() == "web"));
        let mut tick = event();
        tick["source"] = json!("aws.events");
        tick["detail-type"] = json!("Scheduled Event");
        assert_eq!(read(&tick), Ok(Nomination::Everything));
    }

    #[test]
    fn whatever_else_is_an_error() {
        for (name, value) in [
            ("source", json!("aws.ec2")),
            ("source", json!(["aws.autoscaling"])),
            ("detail-type", json!("EC2 Instance Launch Unsuccessful")),
            ("account", json!("210987654321")),
            ("region", json!("us-east-1")),
            ("detail", json!({})),
            ("detail", json!({"AutoScalingGroupName": ""})),
            ("detail", json!({"AutoScalingGroupName": "g".repeat(256)})),
            ("detail", json!({"AutoScalingGroupName": 7})),
            ("detail", Value::Null),
        ] {
            let mut wrong = event();
            wrong[name] = value;
            assert!(read(&wrong).is_err(), "{wrong}");
        }
        for text in ["", "{", "[]", "null", "7", &"[".repeat(60_000), &"x".repeat(70_000)] {
            assert!(nomination(text, "123456789012", "eu-west-1").is_err());
        }
    }
}
