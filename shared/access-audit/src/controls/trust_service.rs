//! Roles that a service may assume for whoever asks it: the confused deputy (IAM User Guide, "The confused deputy problem").

use super::{Control, Look, trusts};
use crate::account::Account;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};
use iam_policy::Named;

pub(super) const CONTROL: Control = Control {
    id: "iam-trust-confused-deputy",
    title: "Roles that a service may assume for any account",
    severity: Severity::Low,
    look: Look::Principals(look),
};

const SOURCE: [&str; 4] = ["aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"];
/// An instance profile's role: EC2 assumes it for the instance and gives no source.
const WITHOUT_SOURCE: [&str; 2] = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"];

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (arn, statement) in trusts(account) {
        if statement.conditions().any(|(_, key, _)| SOURCE.contains(&key.to_ascii_lowercase().as_str())) {
            continue;
        }
        let services = statement.principals().iter().filter_map(|named| match named {
            Named::Service(service) if !WITHOUT_SOURCE.contains(&&**service) => Some(&**service),
            _ => None,
        });
        let services: Vec<&str> = services.collect();
        if services.is_empty() {
            continue;
        }
        let message = format!("{} may assume it whichever account's resource it acts for", services.join(", "));
        let fix = "add the condition aws:SourceAccount with this account, or aws:SourceArn with the resource";
        findings.push(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(arn));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, names, trust};
    use serde_json::json;

    #[test]
    fn a_service_needs_a_source_and_an_instance_profile_none() {
        let service = |name: &str| json!({"Service": name});
        let here = json!({"StringEquals": {"aws:SourceAccount": "111122223333"}});
        let dump = Dump::default()
            .trusting("bare", &trust(service("glue.amazonaws.com"), json!({})))
            .trusting("bound", &trust(service("glue.amazonaws.com"), here))
            .trusting("instance", &trust(service("ec2.amazonaws.com"), json!({})));
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["bare"]);
    }
}
