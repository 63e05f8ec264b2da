//! Buckets, topics, queues and tables that no key of the customer's encrypts.

use super::{Control, Look};
use crate::finding::{Finding, Severity};
use crate::region::{Encryption, Exposure, Kind};

pub(super) const CONTROL: Control = Control {
    id: "resource-own-key",
    title: "Resources without a key of our own",
    severity: Severity::Medium,
    look: Look::Exposure(look),
};

const KINDS: &[Kind] = &[Kind::Bucket, Kind::Topic, Kind::Queue, Kind::Table];

fn look(exposure: &Exposure<'_>) -> Vec<Finding> {
    let mut findings = exposure.unjudged(&CONTROL, KINDS, &["ServerSideEncryptionConfiguration"]);
    for (region, thing) in exposure.things(KINDS) {
        let is_unread =
            thing.gaps.iter().any(|gap| gap.member.is_empty() || gap.member == "ServerSideEncryptionConfiguration");
        let (severity, message) = match thing.encryption {
            _ if is_unread => continue,
            Encryption::Nothing => (CONTROL.severity, "is not encrypted"),
            Encryption::OfAws => (Severity::Low, "is encrypted with a key of AWS's, whose policy nobody here decides"),
            Encryption::OfCustomer | Encryption::Unknown => continue,
        };
        let fix = "encrypt it with a customer managed KMS key, whose policy says who may decrypt";
        let fail = Finding::fail(CONTROL.id, severity, message.to_owned(), fix);
        findings.push(fail.on(&exposure.arn(region, thing)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::finding::Severity;
    use crate::region::tests::findings;
    use serde_json::{Value, json};

    fn severities(change: &Value) -> Vec<Severity> {
        findings(CONTROL.id, change).iter().map(|one| one.severity).collect()
    }

    #[test]
    fn nothing_is_worse_than_aws_s_key_and_a_key_of_ones_own_is_well() {
        let own = "arn:aws:kms:eu-west-1:111122223333:key/k";
        let topic =
            |key: Value| json!({"Topics": [{"Attributes": {"TopicArn": "arn:aws:sns:r:1:t", "KmsMasterKeyId": key}}]});
        assert_eq!(severities(&topic(Value::Null)), [Severity::Medium]);
        assert_eq!(severities(&topic(json!("alias/aws/sns"))), [Severity::Low]);
        assert_eq!(severities(&topic(json!(own))), []);
        let queue = |more: Value| {
            let mut attributes = json!({"QueueArn": "arn:aws:sqs:r:1:q"});
            attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"Queues": [{"Attributes": attributes}]})
        };
        assert_eq!(severities(&queue(json!({"SqsManagedSseEnabled": "false"}))), [Severity::Medium]);
        assert_eq!(severities(&queue(json!({"SqsManagedSseEnabled": "true"}))), [Severity::Low]);
        assert_eq!(severities(&queue(json!({"KmsMasterKeyId": own}))), []);
        let bucket = |key: Value| {
            let rule =
                json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}});
            json!({"Buckets": [{"Name": "b", "Grants": [], "ServerSideEncryptionConfiguration": {"Rules": [rule]}}]})
        };
        assert_eq!(severities(&bucket(Value::Null)), [Severity::Low]);
        assert_eq!(severities(&bucket(json!(own))), []);
        let table = |sse: Value| json!({"Tables": [{"Table": {"TableArn": "arn:aws:dynamodb:r:1:table/t", "SSEDescription": sse}}]});
        assert_eq!(severities(&table(Value::Null)), [Severity::Low]);
        assert_eq!(severities(&table(json!({"SSEType": "KMS", "KMSMasterKeyArn": own}))), []);
    }
}
