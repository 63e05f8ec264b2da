//! The configuration: every problem at once, each named by its variable.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

use containment::snapshot_lock::{LockMode, LockTerms};
use engine::Config;
use std::collections::BTreeMap;

fn environment() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("AWS_REGION", "eu-west-1"),
        ("CORDON_ACCOUNT_ID", "123456789012"),
        ("CORDON_PARTITION", "aws"),
        ("CORDON_ALARM_TOPIC_ARNS", "arn:aws:sns:eu-west-1:123456789012:a, arn:aws:sns:eu-west-1:123456789012:b"),
        ("CORDON_ALLOW_DRILLS", "false"),
        ("CORDON_ALLOW_UNTRACKING", "false"),
        ("CORDON_MODE", "observe"),
        ("CORDON_GROUP_LIMIT_COUNT", "3"),
        ("CORDON_GROUP_LIMIT_PERCENT", "25"),
        ("CORDON_ACCOUNT_LIMIT_COUNT", "10"),
        ("CORDON_LIMIT_WINDOW_SECONDS", "3600"),
        ("CORDON_MIN_HEALTHY_INSTANCES", "1"),
        ("CORDON_FLEET_EVENT_COUNT", "3"),
        ("CORDON_FLEET_EVENT_PERCENT", "20"),
        ("CORDON_COOL_DOWN_SECONDS", "3600"),
        ("CORDON_TABLE", "journal"),
        ("CORDON_EVIDENCE_ACCOUNT_ID", "210987654321"),
        ("CORDON_EVIDENCE_BUCKET", "evidence"),
        ("CORDON_EVIDENCE_KEY_ARN", "arn:aws:kms:eu-west-1:123456789012:key/k"),
        ("CORDON_SIGNING_KEY_ARN", "arn:aws:kms:eu-west-1:123456789012:key/signing"),
        ("CORDON_MANUAL_SCOPE", "opted-in"),
        ("CORDON_SECURITY_HUB", "on"),
        ("CORDON_NOTIFICATION_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:n"),
        ("CORDON_REVOKE_FUNCTION", "revoke-credentials"),
        ("CORDON_SNAPSHOT_LOCK_DAYS", "90"),
        ("CORDON_SNAPSHOT_LOCK_MODE", "governance"),
    ])
}

fn problems(environment: &BTreeMap<&'static str, &'static str>) -> Vec<String> {
    let read = Config::from_variables(|name| environment.get(name).map(ToString::to_string));
    read.err().map(|error| error.0).unwrap_or_default().iter().map(|problem| problem.variable.to_owned()).collect()
}

#[test]
fn a_whole_environment_is_read() {
    let environment = environment();
    let config = Config::from_variables(|name| environment.get(name).map(ToString::to_string)).unwrap();
    assert_eq!(config.deployment.alarm_topics.len(), 2);
    assert_eq!(config.limits, containment::guards::Limits::default());
    assert_eq!(config.resources.evidence_account.to_string(), "210987654321");
    assert_eq!(config.snapshot_lock, Some(LockTerms { mode: LockMode::Governance, days: 90 }));
}

#[test]
fn snapshots_are_locked_unless_that_is_off() {
    let mut environment = environment();
    environment.insert("CORDON_SNAPSHOT_LOCK_MODE", "off");
    let config = Config::from_variables(|name| environment.get(name).map(ToString::to_string)).unwrap();
    assert_eq!(config.snapshot_lock, None);
}

#[test]
fn every_missing_variable_is_named_at_once() {
    let expected: Vec<String> = environment().keys().map(ToString::to_string).collect();
    let mut named = problems(&BTreeMap::new());
    named.sort();
    assert_eq!(named, expected);
}

#[test]
fn values_that_cannot_be_meant_are_named_each() {
    for (name, value) in [
        ("CORDON_MODE", "on"),
        ("CORDON_ACCOUNT_ID", "12"),
        ("CORDON_ALLOW_DRILLS", "yes"),
        ("CORDON_ALLOW_UNTRACKING", "maybe"),
        ("CORDON_GROUP_LIMIT_COUNT", "0"),
        ("CORDON_GROUP_LIMIT_PERCENT", "101"),
        ("CORDON_LIMIT_WINDOW_SECONDS", "-1"),
        ("CORDON_FLEET_EVENT_COUNT", "many"),
        ("CORDON_TABLE", "  "),
        ("CORDON_EVIDENCE_ACCOUNT_ID", "somebody"),
        ("CORDON_SNAPSHOT_LOCK_MODE", "on"),
        ("CORDON_SNAPSHOT_LOCK_DAYS", "0"),
        ("CORDON_SNAPSHOT_LOCK_DAYS", "36501"),
    ] {
        let mut environment = environment();
        environment.insert(name, value);
        assert_eq!(problems(&environment), [name], "{value}");
    }
}
