//! The event that Lambda receives for messages published to a topic.

use serde_json::{Value, json};

pub fn event(messages: &[&str]) -> Value {
    let records: Vec<Value> = messages.iter().map(|message| record(message)).collect();
    json!({ "Records": records })
}

fn record(message: &str) -> Value {
    json!({
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:cordon-alarms:0b6941c3-f04d-4d3e-a66d-b1df00e1e381",
        "Sns": {
            "Type": "Notification",
            "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:cordon-alarms",
            "Subject": "ALARM",
            "Message": message,
            "Timestamp": "2026-03-02T09:15:42.553Z",
            "MessageAttributes": {}
        }
    })
}
