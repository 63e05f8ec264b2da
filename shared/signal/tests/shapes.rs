//! Every form in which a signal arrives, read from fixtures.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod sns;

use signal::{AlarmKind, AlarmSignal, AlarmState, Expectation, OperatorAction, Signal, SignalError, parse};
use std::path::{Path, PathBuf};

const AWS: Expectation<'_> = Expectation { partition: "aws" };

fn fixture(name: &str) -> String {
    std::fs::read_to_string(fixtures().join(name)).unwrap()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn only(event: &[u8]) -> Result<Signal, SignalError> {
    let mut results = parse(event, &AWS)?;
    assert_eq!(results.len(), 1);
    results.remove(0)
}

fn alarm(event: &[u8]) -> AlarmSignal {
    match only(event).unwrap() {
        Signal::Alarm(alarm) => alarm,
        Signal::LookAgain => panic!("a schedule's event"),
        other => panic!("not an alarm: {other:?}"),
    }
}

fn sns_alarm(name: &str) -> AlarmSignal {
    let message = fixture(&format!("sns/{name}.json"));
    alarm(sns::event(&[&message]).to_string().as_bytes())
}

fn event_alarm(name: &str) -> AlarmSignal {
    alarm(fixture(&format!("events/{name}.json")).as_bytes())
}

/// File names without their extension, in order.
fn names(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_alarm_message_of_sns_is_read_in_full() {
    for name in names("sns") {
        insta::assert_json_snapshot!(format!("sns-{name}"), sns_alarm(&name));
    }
}

#[test]
fn every_other_event_is_read_in_full() {
    for name in names("events") {
        insta::assert_json_snapshot!(name.clone(), only(fixture(&format!("events/{name}.json")).as_bytes()).unwrap());
    }
}

#[test]
fn each_form_of_alarm_is_told_apart() {
    for (name, kind) in [
        ("anomaly-band", AlarmKind::AnomalyBand),
        ("single-metric", AlarmKind::Metric),
        ("metric-math", AlarmKind::MetricMath),
        ("composite", AlarmKind::Composite),
        ("multi-series-contributor", AlarmKind::MultiSeries),
    ] {
        assert_eq!(sns_alarm(name).kind, kind, "{name}");
    }
    assert_eq!(event_alarm("eventbridge-without-configuration").kind, AlarmKind::Unspecified);
}

#[test]
fn a_composite_nominates_the_instance_in_its_triggering_childs_name_and_not_its_siblings() {
    for composite in
        [sns_alarm("composite"), event_alarm("eventbridge-composite"), event_alarm("lambda-action-composite")]
    {
        let nominated: Vec<&str> = composite.nominated.iter().map(signal::InstanceId::as_str).collect();
        assert_eq!(nominated, ["i-0a1b2c3d4e5f60718"]);
        assert_eq!(composite.triggering_children.len(), 1);
    }
}

#[test]
fn a_multi_series_alarm_nominates_its_contributor() {
    for contributor in [sns_alarm("multi-series-contributor"), event_alarm("eventbridge-contributor")] {
        let nominated: Vec<&str> = contributor.nominated.iter().map(signal::InstanceId::as_str).collect();
        assert_eq!(nominated, ["i-0fedcba9876543210"]);
        assert_eq!(contributor.contributor.unwrap()["InstanceId"], "i-0fedcba9876543210");
    }
}

#[test]
fn an_instance_named_twice_is_nominated_once() {
    // Its dimensions and its own name both say which.
    assert_eq!(sns_alarm("anomaly-band").nominated.len(), 1);
}

#[test]
fn a_metric_of_another_account_is_told() {
    let accounts = sns_alarm("anomaly-band-of-another-account").metric_accounts;
    assert_eq!(accounts.iter().map(signal::AccountId::as_str).collect::<Vec<_>>(), ["210987654321"]);
    assert!(sns_alarm("anomaly-band").metric_accounts.is_empty());
}

#[test]
fn transitions_to_ok_and_insufficient_data_are_signals_too() {
    assert_eq!(sns_alarm("anomaly-band-back-to-ok").transition.to, AlarmState::Ok);
    assert_eq!(sns_alarm("anomaly-band-back-to-ok").transition.from, Some(AlarmState::Alarm));
    assert_eq!(sns_alarm("single-metric-without-data").transition.to, AlarmState::InsufficientData);
}

#[test]
fn a_message_delivered_twice_has_the_same_digest() {
    let message = fixture("sns/anomaly-band.json");
    let once = alarm(sns::event(&[&message]).to_string().as_bytes());
    let mut again = sns::event(&[&message]);
    again["Records"][0]["Sns"]["MessageId"] = "11111111-ee98-5cb9-9903-4c221d41eb5e".into();
    let again = alarm(again.to_string().as_bytes());
    assert_ne!(once.via, again.via);
    assert_eq!(once.digest, again.digest);
    assert_eq!(once.digest, signal::digest(message.as_bytes()));
}

#[test]
fn a_bad_record_does_not_hide_the_good_ones() {
    let (first, last) = (fixture("sns/anomaly-band.json"), fixture("sns/single-metric.json"));
    let event = sns::event(&[&first, "ALARM: web", &last]);
    let results = parse(event.to_string().as_bytes(), &AWS).unwrap();
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let error = results[1].as_ref().unwrap_err().to_string();
    assert!(error.starts_with("Records[1].Sns.Message: not JSON"), "{error}");
}

#[test]
fn an_operator_request_says_only_what_it_says() {
    let Signal::Operator(request) = only(fixture("events/operator-contain.json").as_bytes()).unwrap() else {
        panic!("not an operator's request")
    };
    assert!(!request.dry_run);
    let OperatorAction::Contain { hold, untrack, overrides, .. } = request.action else { panic!("not a containment") };
    assert!(hold && !untrack && overrides.is_empty());
}

#[test]
fn a_proof_covers_every_header_or_does_not_count() {
    let Signal::Operator(request) = only(fixture("events/operator-contain.json").as_bytes()).unwrap() else {
        panic!("not an operator's request")
    };
    let region = "eu-west-1".parse().unwrap();
    assert!(request.proof.covers_everything(&region));
    assert!(!request.proof.covers_everything(&"eu-west-2".parse().unwrap()));
    let without = |what: &str, with: &str| {
        let mut proof = request.proof.clone();
        proof.authorization = proof.authorization.replace(what, with);
        proof.covers_everything(&region)
    };
    assert!(!without(";x-cordon-request-sha256", ""));
    assert!(!without("host;", ""));
    assert!(!without("/sts/", "/s3/"));
    assert!(!without("20261122/", "20261121/"));
    assert!(!without("Signature", "Signature2"));
    let mut with_token = request.proof.clone();
    with_token.security_token = Some("token".to_owned());
    assert!(!with_token.covers_everything(&region), "an unsigned token could be anybody's");
}

#[test]
fn every_partition_is_read_where_cordon_is_deployed_in_it() {
    let event = fixture("events/eventbridge-anomaly-band.json").replace("arn:aws:", "arn:aws-us-gov:");
    assert_eq!(only(event.as_bytes()).unwrap_err().code(), "other_partition");
    let results = parse(event.as_bytes(), &Expectation { partition: "aws-us-gov" }).unwrap();
    assert!(results[0].is_ok());
}
