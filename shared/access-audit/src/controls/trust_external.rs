//! Roles that another account may assume with nothing but its word for whom it acts.

use super::{Control, Look, trusts};
use crate::account::Account;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};
use iam_policy::{Named, Statement};
use std::collections::BTreeSet;

pub(super) const CONTROL: Control = Control {
    id: "iam-trust-external-account",
    title: "Roles of other accounts without an external id",
    severity: Severity::Medium,
    look: Look::Principals(look),
};

/// Conditions by which a third party, or the organization, is told from others.
const TELLING: [&str; 4] = ["sts:externalid", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceidentity"];

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (arn, statement) in trusts(account) {
        let accounts: BTreeSet<&str> = statement.principals().iter().filter_map(|named| of(named)).collect();
        for other in accounts.into_iter().filter(|other| *other != account.id && !account.is_in_organization(other)) {
            if tells(statement) {
                continue;
            }
            let message = format!("account {other} may assume it without an external id");
            let fix = "ask for sts:ExternalId, agreed upon with that account; if it is the organization's, for aws:PrincipalOrgID";
            findings.push(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(arn));
        }
    }
    findings
}

fn of(named: &Named) -> Option<&str> {
    match named {
        Named::Account(account) | Named::Arn { account, .. } => Some(account),
        _ => None,
    }
}

fn tells(statement: &Statement) -> bool {
    statement.conditions().any(|(operator, key, _)| {
        TELLING.contains(&key.to_ascii_lowercase().as_str()) && !operator.to_ascii_lowercase().contains("ifexists")
    })
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, names, trust};
    use serde_json::json;

    #[test]
    fn another_account_needs_an_external_id_that_must_be_there() {
        let other = json!({"AWS": "arn:aws:iam::444455556666:root"});
        let id = |operator: &str| json!({operator: {"sts:ExternalId": "x"}});
        let dump = Dump::default()
            .trusting("bare", &trust(other.clone(), json!({})))
            .trusting("if-exists", &trust(other.clone(), id("StringEqualsIfExists")))
            .trusting("told", &trust(other, id("StringEquals")))
            .trusting("own", &trust(json!({"AWS": "arn:aws:iam::111122223333:root"}), json!({})));
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["bare", "if-exists"]);
    }
}
