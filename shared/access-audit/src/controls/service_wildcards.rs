//! Policies that allow every action of a service (FSBP IAM.21).

use super::{Control, Look};
use crate::account::Account;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};
use iam_policy::{Catalogue, Statement};
use std::collections::BTreeSet;

pub(super) const CONTROL: Control = Control {
    id: "iam-service-wildcard",
    title: "Policies that allow every action of a service",
    severity: Severity::Low,
    look: Look::Principals(look),
};

/// Services that a finding names before it counts.
const NAMED: usize = 5;

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    // No action has such a name: only what covers all names covers it.
    let named = |service: &iam_policy::KnownService| (service.prefix, format!("{}:-", service.prefix));
    let services: Vec<(&str, String)> = Catalogue::shipped().services().iter().map(named).collect();
    let finding = |(holder, policy): (&str, &iam_policy::Policy)| {
        // One that allows everything is reported with the administrators who hold it.
        let statements = policy.document.allows().iter().filter(|statement| !statement.covers_every_action());
        let found: BTreeSet<&str> = statements.flat_map(|statement| all_of(statement, &services)).collect();
        let named: Vec<&str> = found.iter().take(NAMED).copied().collect();
        let more = match found.len().saturating_sub(NAMED) {
            0 if named.is_empty() => return None,
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("{} allows every action of {}{more}", policy.name, named.join(", "));
        let fix = "name the actions that are used; new ones of the service are allowed by themselves otherwise";
        Some(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(holder))
    };
    account.inventory.written().filter_map(finding).collect()
}

fn all_of<'a>(statement: &Statement, services: &[(&'a str, String)]) -> Vec<&'a str> {
    services.iter().filter(|(_, any)| statement.covers_action(any)).map(|(service, _)| *service).collect()
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, allow, failing};
    use serde_json::json;

    #[test]
    fn a_policy_that_allows_all_of_a_service_is_found_once_and_one_of_prefixes_is_not() {
        let dump = Dump::default()
            .role("wide", &[allow(json!(["s3:*", "sqs:Send*"]), "*")])
            .role("narrow", &[allow(json!(["s3:Get*", "s3:Put?bject"]), "*")])
            .role("all-but", &[json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})])
            .role("admin", &[allow(json!("*"), "*")]);
        let found = failing(CONTROL.id, &dump);
        let messages: Vec<_> = found.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(found.len(), 2, "{messages:?}");
        assert!(messages[0].contains(" and ") && messages[0].contains(" more"), "{}", messages[0]);
        assert_eq!(messages[1], "inline allows every action of s3");
        assert!(found[1].resource.as_deref().is_some_and(|arn| arn.ends_with("role/wide")));
    }
}
