//! Principals that may do everything (FSBP IAM.1).

use super::{Control, Look};
use crate::account::Account;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};

pub(super) const CONTROL: Control = Control {
    id: "iam-administrator",
    title: "Principals with administrator access",
    severity: Severity::High,
    look: Look::Principals(look),
};

fn look(account: &Account<'_>, graph: &Graph) -> Vec<Finding> {
    let finding = |(at, confidence)| {
        let arn = &account.subject(at)?.principal.arn;
        let message = "may do everything in the account".to_owned();
        let fix = "grant what it uses; keep administrators few, and behind MFA";
        Some(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(arn).with(confidence, Vec::new()))
    };
    graph.administrators().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, allow, failing, names};
    use serde_json::json;

    #[test]
    fn who_may_do_everything_is_found_whatever_its_policy_is_called_and_who_is_denied_a_power_is_not() {
        let deny = json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"});
        let all_but = json!({"Effect": "Allow", "NotAction": "aws-portal:*", "Resource": "*"});
        let dump = Dump::default()
            .role("all", &[allow(json!("*"), "*")])
            .role("all-but-bills", &[all_but])
            .role("held-back", &[allow(json!("*"), "*"), deny])
            .role("one-service", &[allow(json!("s3:*"), "*")]);
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["all", "all-but-bills"]);
    }
}
