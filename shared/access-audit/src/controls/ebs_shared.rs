//! EBS snapshots that others may restore.

use super::{Control, Look};
use crate::finding::{Finding, Severity};
use crate::region::{Exposure, Kind};

pub(super) const CONTROL: Control = Control {
    id: "ebs-snapshot-shared",
    title: "EBS snapshots that others may restore",
    severity: Severity::Critical,
    look: Look::Exposure(look),
};

const SNAPSHOTS: &[Kind] = &[Kind::Snapshot];

fn look(exposure: &Exposure<'_>) -> Vec<Finding> {
    let mut findings = exposure.unjudged(&CONTROL, SNAPSHOTS, &["CreateVolumePermissions"]);
    let account = exposure.account;
    for (region, snapshot) in exposure.things(SNAPSHOTS) {
        for whom in &snapshot.shared_with {
            let is_ours = *whom == account.id || account.is_in_organization(whom);
            let (severity, message) = match whom.as_str() {
                "all" => (CONTROL.severity, "anyone with an AWS account may restore it".to_owned()),
                _ if is_ours => continue,
                _ => (Severity::High, format!("account {whom} may restore it")),
            };
            let fix = "take the permission back: aws ec2 modify-snapshot-attribute --attribute createVolumePermission --operation-type remove";
            findings.push(Finding::fail(CONTROL.id, severity, message, fix).on(&exposure.arn(region, snapshot)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::decrypt::world::{HOME, OTHER};
    use crate::finding::{Severity, Status};
    use crate::region::tests::findings;
    use serde_json::{Value, json};

    fn shared(with: Value) -> Vec<(Status, Severity)> {
        let snapshots =
            json!({"Snapshots": [{"SnapshotId": "snap-1", "Encrypted": true, "CreateVolumePermissions": with}]});
        findings(CONTROL.id, &snapshots).iter().map(|one| (one.status, one.severity)).collect()
    }

    #[test]
    fn one_that_everyone_may_restore_is_worse_than_one_of_another_account_and_ones_own_is_none() {
        assert_eq!(shared(json!([{"Group": "all"}])), [(Status::Fail, Severity::Critical)]);
        assert_eq!(shared(json!([{"UserId": OTHER}, {"UserId": HOME}])), [(Status::Fail, Severity::High)]);
        assert_eq!(shared(json!([])), []);
        assert_eq!(shared(Value::Null), [(Status::NotEvaluated, Severity::Critical)]);
    }
}
