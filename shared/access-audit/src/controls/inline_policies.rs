//! Policies that live inside one principal or group, where no review of managed policies sees them.

use super::{Control, Look};
use crate::account::Account;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};

pub(super) const CONTROL: Control = Control {
    id: "iam-inline-policy",
    title: "Users, groups and roles with inline policies",
    severity: Severity::Low,
    look: Look::Principals(look),
};

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let principals = account.inventory.principals().map(|one| (&one.arn, &one.inline));
    let groups = account.inventory.groups().map(|(_, group)| (&group.arn, &group.inline));
    let finding = |(arn, inline): (&String, &Vec<String>)| {
        let message = match inline.as_slice() {
            [] => return None,
            [one] => format!("has the inline policy {one}"),
            several => format!("has {} inline policies: {}", several.len(), several.join(", ")),
        };
        let fix = "make it a managed policy, which is seen, versioned and shared; inline where it must never be";
        Some(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(arn))
    };
    principals.chain(groups).filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, allow, failing, names};
    use serde_json::json;

    #[test]
    fn inline_policies_of_users_groups_and_roles_are_found_and_managed_ones_are_not() {
        let one = [allow(json!("s3:GetObject"), "*")];
        let dump = Dump::default().user("ann", &one).group("readers", &one).role("app", &one).managed("shared", &one);
        let dump = dump.attach("bob", "shared");
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["readers", "app", "ann"]);
    }
}
