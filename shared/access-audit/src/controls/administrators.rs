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
