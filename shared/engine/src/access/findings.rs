//! An audit's findings in the AWS Security Finding Format: each with one id for as long as it is found, archived when it is
//! not found any more.
//!
//! Source: "Required top-level ASFF attributes" and "Types taxonomy for ASFF" in Security Hub's user guide.

use access_audit::{Baseline, Change, Changes, Finding, Report, Severity, Status};
use ports::{FindingSeverity, RecordState, WorkflowStatus};
use sha2::{Digest, Sha256};
use signal::{AccountId, OneLine, Region};
use time::OffsetDateTime;

const TITLE_LIMIT: usize = 256;
const DESCRIPTION_LIMIT: usize = 1024;
const ADVICE_LIMIT: usize = 512;
const TYPE: &str = "Software and Configuration Checks/AWS Security Best Practices";

/// Where it was found, and when.
pub(super) struct Place<'a> {
    pub(super) account: &'a AccountId,
    pub(super) region: &'a Region,
    pub(super) partition: &'a str,
    pub(super) now: OffsetDateTime,
}

/// Everything that fails, again: Security Hub forgets in 90 days what is not told any more. And what is gone.
pub(super) fn of(report: &Report, before: Option<&Baseline>, place: &Place<'_>) -> Vec<ports::Finding> {
    let failing = report.with(Status::Fail);
    let mut all: Vec<ports::Finding> = failing.map(|one| found(one, place)).collect();
    let gone = before.and(report.changes.as_ref()).into_iter().flat_map(|changes: &Changes| &changes.gone);
    let known: std::collections::BTreeSet<String> = all.iter().map(|one| one.id.clone()).collect();
    all.extend(gone.map(|one| archived(one, place)).filter(|one| !known.contains(&one.id)));
    all.sort_by(|one, other| one.id.cmp(&other.id));
    // Two about the same are one there.
    all.dedup_by(|one, other| one.id == other.id);
    all
}

fn found(one: &Finding, place: &Place<'_>) -> ports::Finding {
    let about = one.resource.as_deref().or(one.principal.as_deref());
    let accepted = one.suppressed.is_some();
    ports::Finding {
        title: cut(&format!("Cordon: {} ({})", one.control, about.unwrap_or("the account")), TITLE_LIMIT),
        description: cut(&one.message, DESCRIPTION_LIMIT),
        advice: cut(&one.fix, ADVICE_LIMIT),
        severity: severity(one.severity),
        record_state: if accepted { RecordState::Archived } else { RecordState::Active },
        workflow: WorkflowStatus::New,
        ..skeleton(one.control, one.resource.as_deref(), one.principal.as_deref(), place)
    }
}

fn archived(one: &Change, place: &Place<'_>) -> ports::Finding {
    ports::Finding {
        title: cut(&format!("Cordon: {}: no longer", one.control), TITLE_LIMIT),
        description: cut(&one.message, DESCRIPTION_LIMIT),
        advice: "nothing is to be done".to_owned(),
        severity: FindingSeverity::Informational,
        record_state: RecordState::Archived,
        workflow: WorkflowStatus::Resolved,
        ..skeleton(&one.control, one.resource.as_deref(), one.principal.as_deref(), place)
    }
}

fn skeleton(control: &str, resource: Option<&str>, principal: Option<&str>, place: &Place<'_>) -> ports::Finding {
    let Place { account, region, partition, now } = place;
    let whole = format!("AWS::::Account:{account}");
    let about = resource.or(principal).filter(|name| name.starts_with("arn:")).unwrap_or(&whole);
    let mut fields = vec![("cordon/control", control.to_owned())];
    fields.extend(principal.map(|principal| ("cordon/principal", cut(principal, DESCRIPTION_LIMIT))));
    ports::Finding {
        id: format!(
            "{region}/{account}/cordon/audit/{}",
            digest(&[control, resource.unwrap_or(""), principal.unwrap_or("")])
        ),
        product_arn: format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        generator: "cordon/audit-access",
        account: account.to_string(),
        region: region.to_string(),
        partition: (*partition).to_owned(),
        created_at: *now,
        updated_at: *now,
        title: String::new(),
        description: String::new(),
        advice: String::new(),
        source_url: None,
        finding_type: TYPE,
        severity: FindingSeverity::Informational,
        record_state: RecordState::Active,
        workflow: WorkflowStatus::New,
        resource_type: resource_type(about),
        resource_arn: about.to_owned(),
        fields,
    }
}

fn severity(severity: Severity) -> FindingSeverity {
    match severity {
        Severity::Low => FindingSeverity::Low,
        Severity::Medium => FindingSeverity::Medium,
        Severity::High => FindingSeverity::High,
        Severity::Critical => FindingSeverity::Critical,
    }
}

fn resource_type(arn: &str) -> &'static str {
    let mut parts = arn.splitn(6, ':');
    let (service, rest) = (parts.nth(2).unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match (service, rest.split(['/', ':']).next().unwrap_or_default()) {
        ("iam", "role") => "AwsIamRole",
        ("iam", "user") => "AwsIamUser",
        ("iam", "policy") => "AwsIamPolicy",
        ("iam", "group") => "AwsIamGroup",
        ("kms", "key") => "AwsKmsKey",
        ("s3", _) => "AwsS3Bucket",
        ("sns", _) => "AwsSnsTopic",
        ("sqs", _) => "AwsSqsQueue",
        ("lambda", _) => "AwsLambdaFunction",
        ("dynamodb", _) => "AwsDynamoDbTable",
        ("ec2", "volume") => "AwsEc2Volume",
        ("", _) => "AwsAccount",
        _ => "Other",
    }
}

/// One name for the same finding each time.
fn digest(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn cut(text: &str, limit: usize) -> String {
    let text = OneLine(text).to_string();
    if text.chars().count() <= limit {
        text
    } else {
        text.chars().take(limit - 1).chain(std::iter::once('…')).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::resource_type;

    #[test]
    fn a_resource_s_type_follows_from_its_arn() {
        for (arn, wanted) in [
            ("arn:aws:iam::123456789012:role/path/app", "AwsIamRole"),
            ("arn:aws:kms:eu-west-1:123456789012:key/k", "AwsKmsKey"),
            ("arn:aws:s3:::bucket", "AwsS3Bucket"),
            ("arn:aws:ec2:eu-west-1:123456789012:volume/vol-1", "AwsEc2Volume"),
            ("AWS::::Account:123456789012", "AwsAccount"),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:x", "Other"),
        ] {
            assert_eq!(resource_type(arn), wanted, "{arn}");
        }
    }
}
