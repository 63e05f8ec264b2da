//! What is no signal, and how it is said.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod sns;

use serde_json::{Value, json};
use signal::{Expectation, MAX_EVENT_BYTES, OperatorAction, Signal, SignalError, parse};

const AWS: Expectation<'_> = Expectation { partition: "aws" };
const ALARM: &str = include_str!("fixtures/sns/anomaly-band.json");
const EVENT: &str = include_str!("fixtures/events/eventbridge-anomaly-band.json");
const REQUEST: &str = include_str!("fixtures/events/operator-contain.json");

fn refused(event: &Value) -> SignalError {
    match parse(event.to_string().as_bytes(), &AWS) {
        Err(error) => error,
        Ok(mut results) => results.remove(0).unwrap_err(),
    }
}

/// The alarm's message with `pointer` replaced.
fn alarm_with(pointer: &str, value: Value) -> Value {
    let mut message: Value = serde_json::from_str(ALARM).unwrap();
    *message.pointer_mut(pointer).unwrap() = value;
    sns::event(&[&message.to_string()])
}

/// A whole event with `pointer` replaced.
fn with(event: &str, pointer: &str, value: Value) -> Value {
    let mut event: Value = serde_json::from_str(event).unwrap();
    *event.pointer_mut(pointer).unwrap() = value;
    event
}

#[test]
fn an_event_of_more_than_256_kib_is_not_even_parsed() {
    let bytes = vec![b'['; MAX_EVENT_BYTES + 1];
    let error = parse(&bytes, &AWS).unwrap_err();
    assert_eq!(error, SignalError::TooLarge { bytes: 262_145, limit: 262_144 });
}

#[test]
fn more_than_ten_records_are_refused_as_a_whole() {
    let error = refused(&json!({"Records": vec![json!({}); 10_000]}));
    assert_eq!(error, SignalError::TooManyRecords { found: 10_000, limit: 10 });
    let ten = sns::event(&[ALARM; 10]).to_string();
    assert_eq!(parse(ten.as_bytes(), &AWS).unwrap().len(), 10);
}

#[test]
fn a_wrong_alarm_message_names_the_field_and_what_was_expected() {
    let metric = "/Trigger/Metrics/0/MetricStat/Metric";
    let errors: Vec<String> = [
        alarm_with("/AlarmArn", Value::Null),
        alarm_with("/AlarmArn", json!("arn:aws:cloudwatch:US East:123456789012:alarm:x")),
        alarm_with("/AlarmArn", json!("arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:x")),
        alarm_with("/AlarmName", json!("another")),
        alarm_with("/AWSAccountId", json!("210987654321")),
        alarm_with("/NewStateValue", json!("\u{1b}[31mALARM\r\n")),
        alarm_with("/NewStateValue", json!(["ALARM"])),
        alarm_with("/OldStateValue", json!("UNKNOWN")),
        alarm_with("/StateChangeTime", json!(1_772_442_942)),
        alarm_with("/StateChangeTime", json!("yesterday")),
        alarm_with("/Trigger", json!("x")),
        alarm_with("/Trigger/Metrics", json!({})),
        alarm_with("/Trigger/Metrics/1/Expression", json!(7)),
        alarm_with(metric, json!([])),
        alarm_with(&format!("{metric}/Dimensions"), json!("InstanceId=i-1a2b3c4d")),
        alarm_with(&format!("{metric}/Dimensions/0/value"), json!("../../i-1a2b3c4d")),
        alarm_with(
            &format!("{metric}/Dimensions"),
            Value::Array(vec![json!({"name": "InstanceId", "value": "i-1a2b3c4d"}); 2]),
        ),
        alarm_with(&format!("{metric}/Dimensions"), Value::Array(vec![json!({}); 31])),
    ]
    .iter()
    .map(|event| refused(event).to_string())
    .collect();
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_wrong_envelope_names_the_field_and_what_was_expected() {
    let sns = |pointer: &str, value: Value| with(&sns::event(&[ALARM]).to_string(), pointer, value);
    let errors: Vec<String> = [
        json!([]),
        json!({}),
        serde_json::from_str(ALARM).unwrap(),
        json!({"Records": []}),
        json!({"Records": {}}),
        json!({"Records": [], "cordon": {}}),
        json!({"Records": [{"eventSource": "aws:s3"}]}),
        sns("/Records/0/EventSource", json!("aws:ses")),
        sns("/Records/0/Sns", Value::Null),
        sns("/Records/0/Sns/Message", json!({})),
        sns("/Records/0/Sns/Message", json!("7")),
        sns("/Records/0/Sns/Message", json!("{\"Event\":\"autoscaling:TEST_NOTIFICATION\"}")),
        sns("/Records/0/Sns/MessageId", json!("a\u{1b}b")),
        sns("/Records/0/Sns/Timestamp", json!("")),
        sns("/Records/0/Sns/TopicArn", json!("arn:aws-cn:sns:cn-north-1:123456789012:t")),
        with(EVENT, "/source", json!("aws.ec2")),
        with(EVENT, "/detail-type", json!("CloudWatch Alarm Configuration Change")),
        with(EVENT, "/resources", json!([])),
        with(EVENT, "/resources", json!(["a", "b"])),
        with(EVENT, "/region", json!("eu-west-1")),
        with(EVENT, "/id", json!("../x")),
        with(EVENT, "/detail", json!([])),
        with(EVENT, "/detail/state/timestamp", json!("12:00")),
        json!({"source": "aws.cloudwatch"}),
    ]
    .iter()
    .map(|event| refused(event).to_string())
    .collect();
    insta::assert_snapshot!(errors.join("\n"));
}

/// The request with one field of its text changed.
fn asking(field: &str, value: Value) -> Value {
    let event: Value = serde_json::from_str(REQUEST).unwrap();
    let text = with(event["cordon"].as_str().unwrap(), field, value).to_string();
    with(REQUEST, "/cordon", json!(text))
}

#[test]
fn a_wrong_operator_request_names_the_field_and_what_was_expected() {
    let errors: Vec<String> = [
        json!({"cordon": 1}),
        json!({"cordon": {}}),
        json!({"cordon": "{}"}),
        asking("/version", json!(2)),
        asking("/version", json!("1")),
        asking("/function", json!("a b")),
        asking("/action", json!("terminate")),
        asking("/instance", json!("i-0a1b2c3d; reboot")),
        asking("/hold", json!("no")),
        asking("/reason", json!("")),
        asking("/reason", json!("   ")),
        asking("/reason", json!("é".repeat(1001))),
        asking("/reason", json!("line\nbreak")),
        asking("/reason", json!("\u{202e}gnp.exe")),
        with(REQUEST, "/proof", Value::Null),
        with(REQUEST, "/proof/nonce", json!("0011")),
        with(REQUEST, "/proof/authorization", json!("secret\r\nHost: elsewhere")),
        with(REQUEST, "/proof/date", json!("20261122T101112Z0")),
    ]
    .iter()
    .map(|event| refused(event).to_string())
    .collect();
    assert!(!errors.join("").contains("secret"), "what is refused of a proof may be a secret");
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_misspelt_dry_run_is_refused_and_does_not_contain() {
    let event: Value = serde_json::from_str(REQUEST).unwrap();
    let text = event["cordon"].as_str().unwrap().replace("dry_run", "dryrun");
    assert_eq!(refused(&with(REQUEST, "/cordon", json!(text))).code(), "unknown_field");
}

#[test]
fn connections_are_untracked_only_of_an_instance_that_is_held() {
    let event: Value = serde_json::from_str(REQUEST).unwrap();
    let asking = |hold: Value, untrack: Value| {
        let mut request: Value = serde_json::from_str(event["cordon"].as_str().unwrap()).unwrap();
        request["hold"] = hold;
        request["untrack"] = untrack;
        with(REQUEST, "/cordon", json!(request.to_string()))
    };
    for not_held in [json!(false), Value::Null] {
        let error = refused(&asking(not_held, json!(true))).to_string();
        assert!(error.contains("untrack") && error.contains("only with hold"), "{error}");
    }
    assert_eq!(refused(&asking(json!(true), json!("yes"))).code(), "invalid");
    let held = asking(json!(true), json!(true)).to_string();
    let Signal::Operator(request) = parse(held.as_bytes(), &AWS).unwrap().remove(0).unwrap() else {
        panic!("an alarm")
    };
    assert!(matches!(request.action, OperatorAction::Contain { hold: true, untrack: true, .. }));
}

#[test]
fn a_field_of_another_action_is_refused() {
    let event = asking("/action", json!("unfreeze"));
    assert_eq!(refused(&event).code(), "unknown_field");
}

#[test]
fn a_reason_of_exactly_1000_characters_is_taken() {
    let event = asking("/reason", json!("é".repeat(1000)));
    assert!(parse(event.to_string().as_bytes(), &AWS).unwrap()[0].is_ok());
}

#[test]
fn nobody_can_smuggle_an_operator_request_through_a_topic() {
    assert_eq!(refused(&sns::event(&[REQUEST])).code(), "unknown_shape");
}

#[test]
fn a_key_given_twice_is_refused_in_the_event_in_the_message_and_in_reason_data() {
    let message = ALARM.replacen("\"NewStateValue\"", "\"NewStateValue\": \"OK\", \"NewStateValue\"", 1);
    assert_eq!(refused(&sns::event(&[&message])).code(), "repeated_key");

    let event = EVENT.replacen("\"source\"", "\"source\": \"aws.cloudwatch\", \"source\"", 1);
    assert_eq!(parse(event.as_bytes(), &AWS).unwrap_err().code(), "repeated_key");

    let composite = include_str!("fixtures/events/lambda-action-composite.json");
    let reason_data = json!("{\"triggeringAlarms\": [], \"triggeringAlarms\": []}");
    assert_eq!(refused(&with(composite, "/alarmData/state/reasonData", reason_data)).code(), "repeated_key");
}

#[test]
fn a_composite_with_more_children_than_aws_allows_is_refused() {
    let mut message: Value = serde_json::from_str(include_str!("fixtures/sns/composite.json")).unwrap();
    let child = message["TriggeringChildren"][0].clone();
    message["TriggeringChildren"] = Value::Array(vec![child; 101]);
    assert_eq!(refused(&sns::event(&[&message.to_string()])).code(), "too_many");
}
