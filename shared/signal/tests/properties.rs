//! What holds for any input at all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod sns;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use signal::{AlarmState, Expectation, Signal, SignalError, parse};

const AWS: Expectation<'_> = Expectation { partition: "aws" };
const MESSAGES: [&str; 4] = [
    include_str!("fixtures/sns/anomaly-band.json"),
    include_str!("fixtures/sns/single-metric.json"),
    include_str!("fixtures/sns/composite.json"),
    include_str!("fixtures/sns/multi-series-contributor.json"),
];
const EVENTS: [&str; 4] = [
    include_str!("fixtures/events/eventbridge-anomaly-band.json"),
    include_str!("fixtures/events/eventbridge-contributor.json"),
    include_str!("fixtures/events/lambda-action-composite.json"),
    include_str!("fixtures/events/operator-contain.json"),
];

/// Every error fits on a line of a log and can neither steer a terminal nor hide anything.
fn is_fit_for_a_log(error: &SignalError) -> bool {
    let message = error.to_string();
    !message.is_empty() && message.len() < 2000 && !message.chars().any(|c| c.is_control() || c == '\u{202e}')
}

fn errors(bytes: &[u8]) -> Vec<SignalError> {
    match parse(bytes, &AWS) {
        Err(error) => vec![error],
        Ok(results) => results.into_iter().filter_map(Result::err).collect(),
    }
}

fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: String, found: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(object) => {
                object.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
            }
            Value::Array(values) => {
                values.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
            }
            _ => Vec::new(),
        };
        for (key, value) in children {
            walk(value, format!("{at}/{key}"), found);
        }
        found.push(at);
    }
    let mut found = Vec::new();
    walk(value, String::new(), &mut found);
    found
}

/// Each fixture with each of its values replaced in turn.
fn with_each_value_replaced(by: &Value) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    let replaced = move |text: &'static str| {
        let original: Value = serde_json::from_str(text).unwrap();
        pointers(&original).into_iter().map(move |pointer| {
            let mut copy = original.clone();
            *copy.pointer_mut(&pointer).unwrap() = by.clone();
            (pointer, copy)
        })
    };
    let messages = MESSAGES
        .into_iter()
        .flat_map(replaced)
        .map(|(pointer, message)| (pointer, sns::event(&[&message.to_string()])));
    let events = EVENTS.into_iter().flat_map(replaced);
    messages.chain(events).map(|(pointer, event)| (pointer, event.to_string().into_bytes()))
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("Records".to_owned()),
        Just("Sns".to_owned()),
        Just("Message".to_owned()),
        Just("cordon".to_owned()),
        Just("source".to_owned()),
        Just("detail".to_owned()),
        Just("Trigger".to_owned()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("aws.cloudwatch")),
        Just(json!("aws:sns")),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(key.clone(), inner, 0..8).prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}

#[test]
fn a_value_of_the_wrong_type_anywhere_gives_a_signal_or_a_typed_error() {
    for wrong in
        [json!(null), json!(true), json!(-7), json!(1.5), json!(""), json!([]), json!([[]]), json!({}), json!({"": {}})]
    {
        for (pointer, event) in with_each_value_replaced(&wrong) {
            for error in errors(&event) {
                assert!(is_fit_for_a_log(&error), "{pointer}: {error:?}");
            }
        }
    }
}

#[test]
fn hostile_text_anywhere_is_never_echoed_as_it_came() {
    let hostile = json!(format!("\u{1b}]0;owned\u{7}\r\n\u{202e}../../{}", "x".repeat(5000)));
    let mut seen = 0;
    for (pointer, event) in with_each_value_replaced(&hostile) {
        for error in errors(&event) {
            seen += 1;
            assert!(is_fit_for_a_log(&error), "{pointer}: {error:?}");
        }
    }
    assert!(seen > 50, "most fields refuse such text: {seen}");
}

#[test]
fn an_event_cut_anywhere_gives_an_error_and_not_half_a_signal() {
    for text in EVENTS {
        let whole = text.trim_end();
        for length in 0..whole.len() {
            assert_eq!(parse(&whole.as_bytes()[..length], &AWS).unwrap_err().code(), "not_json", "{length}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_give_signals_or_a_typed_error(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        for error in errors(&bytes) {
            prop_assert!(is_fit_for_a_log(&error));
        }
    }

    #[test]
    fn any_json_gives_signals_or_a_typed_error(value in any_json()) {
        let text = value.to_string();
        for bytes in [text.clone(), sns::event(&[&text]).to_string()] {
            for error in errors(bytes.as_bytes()) {
                prop_assert!(is_fit_for_a_log(&error));
            }
        }
    }

    #[test]
    fn bytes_changed_anywhere_in_a_valid_event_never_panic(
        fixture in 0..EVENTS.len(), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut bytes = EVENTS[fixture].as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        for error in errors(&bytes) {
            prop_assert!(is_fit_for_a_log(&error));
        }
    }

    #[test]
    fn a_valid_alarm_is_read_as_it_was_written(
        name in "[^\\x00-\\x1f\\x7f]{1,255}",
        digits in "[0-9a-f]{17}",
        account in "[0-9]{12}",
        elsewhere in "[0-9]{12}",
        state in prop::sample::select(vec!["OK", "ALARM", "INSUFFICIENT_DATA"]),
        second in 0..60_u8,
        unknown in any::<String>(),
    ) {
        let arn = format!("arn:aws:cloudwatch:eu-central-1:{account}:alarm:{name}");
        let instance = format!("i-{digits}");
        let mut message = json!({
            "AlarmName": name, "AlarmDescription": null, "AWSAccountId": account, "AlarmArn": arn, "NewStateValue": state,
            "OldStateValue": "OK", "StateChangeTime": format!("2026-03-02T09:15:{second:02}.507+0000"), "Region": "EU (Frankfurt)",
            "Trigger": {"Metrics": [
                {"Id": "m1", "AccountId": elsewhere, "MetricStat": {"Metric": {
                    "Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": [{"name": "InstanceId", "value": instance}]}}},
                {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"},
            ]},
        });
        // A field that nobody knows yet changes nothing.
        message[format!("New{unknown}")] = json!({"x": [unknown]});
        let mut results = parse(sns::event(&[&message.to_string()]).to_string().as_bytes(), &AWS).unwrap();
        let Signal::Alarm(read) = results.remove(0).unwrap() else { panic!("not an alarm") };
        prop_assert_eq!(read.alarm.to_string(), arn);
        prop_assert_eq!(read.alarm.name(), name);
        prop_assert_eq!(read.transition.to, state.parse::<AlarmState>().unwrap());
        prop_assert_eq!(read.transition.at.second(), second);
        prop_assert_eq!(read.nominated.iter().map(|id| id.as_str()).collect::<Vec<_>>(), [instance.as_str()]);
        prop_assert_eq!(read.metric_accounts.len(), usize::from(elsewhere != account));
    }
}
