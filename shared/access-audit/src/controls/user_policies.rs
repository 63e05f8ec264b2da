//! Users with policies of their own instead of a group's or a role's (FSBP IAM.2, CIS 1.15).

use super::{Control, Look};
use crate::account::Account;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};

pub(super) const CONTROL: Control = Control {
    id: "iam-user-policy",
    title: "Users with policies of their own",
    severity: Severity::Low,
    look: Look::Principals(look),
};

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let users = account.inventory.principals().filter(|one| one.trust.is_none() && !one.own.is_empty());
    let finding = |one: &crate::Principal| {
        let message = format!("has {} policies of its own, {} of them inline", one.own.len(), one.inline.len());
        let fix = "give them to a group; better, let people assume roles";
        Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(&one.arn)
    };
    users.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, allow, failing, names};
    use serde_json::json;

    #[test]
    fn a_users_own_policies_are_found_and_its_groups_are_not() {
        let one = [allow(json!("s3:GetObject"), "*")];
        let dump = Dump::default().managed("shared", &one).attach("bob", "shared").user("ann", &one).user("carl", &[]);
        let dump = dump.group("readers", &one).member("carl", "readers");
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["ann", "bob"]);
    }
}
