use crate::decrypt::world::{HOME, World};
use crate::{Finding, Report, Status};
use serde_json::{Value, json};

/// A report of an account with one Region; `change` is what it has of sections, each of the others is empty.
pub(crate) fn report(change: &Value) -> Report {
    let mut region = json!({"Region": "eu-west-1", "EbsEncryptionByDefault": true, "Volumes": [], "Snapshots": [],
        "Buckets": [], "Topics": [], "Queues": [], "Tables": [], "Functions": []});
    for (name, value) in change.as_object().unwrap() {
        region[name] = value.clone();
    }
    World::default().user("ann", json!([])).report_with_resources(&json!({"Regions": [region]}).to_string())
}

/// What one control says other than pass.
pub(crate) fn findings(control: &str, change: &Value) -> Vec<Finding> {
    let all = report(change).findings.into_iter();
    all.filter(|one| one.control == control && one.status != Status::Pass).collect()
}

pub(crate) fn everyone(action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}]})
    .to_string()
}

pub(crate) fn topic(policy: &str) -> Value {
    json!([{"Attributes": {"TopicArn": format!("arn:aws:sns:eu-west-1:{HOME}:t"), "Policy": policy,
        "KmsMasterKeyId": "arn:aws:kms:eu-west-1:1:key/k"}}])
}

/// Every control that looks at resources.
const CONTROLS: [&str; 7] = [
    "resource-public",
    "resource-external-account",
    "resource-own-key",
    "ebs-encryption-default",
    "ebs-volume-encrypted",
    "ebs-snapshot-shared",
    "s3-bucket-acl-public",
];

#[test]
fn a_section_that_is_not_given_is_not_evaluated_and_one_that_could_not_be_read_is_an_error() {
    let empty = World::default().user("ann", json!([])).report_with_resources(r#"{"Regions": [{"Region": "r"}]}"#);
    let denied = json!({"Unread": "s3:ListAllMyBuckets was denied"});
    let sections: Vec<_> =
        ["EbsEncryptionByDefault", "Volumes", "Snapshots", "Buckets", "Topics", "Queues", "Tables", "Functions"]
            .iter()
            .map(|name| ((*name).to_owned(), denied.clone()))
            .collect();
    let unread = report(&Value::Object(sections.into_iter().collect()));
    for control in CONTROLS {
        let statuses = |report: &Report| {
            report.findings.iter().filter(|one| one.control == control).map(|one| one.status).collect::<Vec<_>>()
        };
        assert!(statuses(&empty).iter().all(|one| *one == Status::NotEvaluated), "{control} {:?}", statuses(&empty));
        assert!(statuses(&unread).iter().all(|one| *one == Status::Error), "{control} {:?}", statuses(&unread));
    }
    assert!(empty.errors.is_empty() && unread.errors.iter().all(|one| one.problem.contains("was denied")));
}

#[test]
fn an_entry_or_a_member_that_could_not_be_read_is_an_error_that_names_it() {
    for (control, section, entries) in [
        (
            "resource-public",
            "Buckets",
            json!([{"Name": "b", "Policy": {"Unread": "s3:GetBucketPolicy was denied"}, "Grants": []}]),
        ),
        (
            "resource-public",
            "Queues",
            json!([{"Attributes": {"QueueUrl": "https://q"}, "Unread": "sqs:GetQueueAttributes was denied"}]),
        ),
        ("resource-public", "Functions", json!([{"FunctionArn": "arn:aws:lambda:r:1:function:f", "Policy": "{"}])),
        ("resource-public", "Tables", json!([{"nothing": 1}])),
        (
            "s3-bucket-acl-public",
            "Buckets",
            json!([{"Name": "b", "Grants": [{"Grantee": {"URI": 5}, "Permission": "READ"}]}]),
        ),
        ("s3-bucket-acl-public", "Buckets", json!([{"Name": "b", "Grants": [7]}])),
        (
            "ebs-snapshot-shared",
            "Snapshots",
            json!([{"SnapshotId": "s", "Encrypted": true, "CreateVolumePermissions": [{"Group": ["all"]}]}]),
        ),
        ("resource-public", "Topics", json!("no list")),
    ] {
        let report = report(&json!({section: entries}));
        assert!(!report.errors.is_empty(), "{section}");
        let told = report.findings.iter().filter(|one| one.control == control).map(|one| one.status);
        assert!(told.collect::<Vec<_>>().contains(&Status::Error), "{section}");
    }
}
