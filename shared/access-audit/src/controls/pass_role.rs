//! Principals that may pass any role to any service.

use super::{Control, Look};
use crate::account::{Account, Step};
use crate::escalation::Graph;
use crate::finding::{Confidence, Finding, Severity};
use iam_policy::Action;
use std::collections::BTreeSet;

pub(super) const CONTROL: Control = Control {
    id: "iam-pass-role-breadth",
    title: "Principals that may pass any role to any service",
    severity: Severity::Medium,
    look: Look::Principals(look),
};

fn look(account: &Account<'_>, graph: &Graph) -> Vec<Finding> {
    let Ok(action) = Action::parse("iam:PassRole") else { return Vec::new() };
    let administrators: BTreeSet<usize> = graph.administrators().map(|(at, _)| at).collect();
    // What is allowed on a role of which nothing is known is allowed on each.
    let any = format!("arn:{}:iam::{}:role/*", account.partition, account.id);
    let finding = |who: usize| {
        let subject = account.subject(who)?;
        if subject.is_service_linked() || administrators.contains(&who) || !subject.mentions(action.lower()) {
            return None;
        }
        let context = account.context();
        let step = Step { who, action: action.clone(), resource: any.clone(), context, trust: None };
        let confidence = account.decide(&step)?;
        let witness = account.witness(&step)?;
        if confidence != Confidence::High && is_narrowed(&witness.depends_on) {
            return None;
        }
        let message = "may pass every role of the account, to every service that takes one".to_owned();
        let fix = "name the roles, and the service with the condition iam:PassedToService";
        let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, fix);
        Some(fail.of(&subject.principal.arn).with(confidence, vec![witness]))
    };
    (0..account.subjects.len()).filter_map(finding).collect()
}

/// Whether it depends on what is passed, or to whom: that is a choice somebody made.
fn is_narrowed(depends_on: &[iam_policy::Dependency]) -> bool {
    let narrows = |key: &str| {
        let key = key.to_ascii_lowercase();
        key == "iam:passedtoservice" || key == "iam:associatedresourcearn" || key.contains("resourcetag/")
    };
    depends_on.iter().filter_map(|one| one.key.as_deref()).any(narrows)
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, allow, failing, names};
    use crate::finding::Confidence;
    use serde_json::json;

    #[test]
    fn passing_any_role_to_any_service_is_found_and_a_named_role_or_service_is_not() {
        let with =
            |condition| json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": condition});
        let dump = Dump::default()
            .role("any", &[allow(json!("iam:PassRole"), "*")])
            .role("maybe", &[with(json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}))])
            .role("one-role", &[allow(json!("iam:PassRole"), "arn:aws:iam::111122223333:role/app")])
            .role("one-service", &[with(json!({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))])
            .role("admin", &[allow(json!("*"), "*")]);
        let found = failing(CONTROL.id, &dump);
        assert_eq!(names(&found), ["any", "maybe"]);
        assert_eq!(found[0].confidence, Confidence::High);
        assert_eq!(found[1].confidence, Confidence::Low);
        assert!(found.iter().all(|one| one.witness.len() == 1));
    }
}
