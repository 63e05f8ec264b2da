//! Roles that nobody has assumed for 90 days.

use super::{Control, Look};
use crate::account::Account;
use crate::age::{DAYS, days_since};
use crate::escalation::Graph;
use crate::finding::{Finding, Severity, Status};

pub(super) const CONTROL: Control = Control {
    id: "iam-unused-role",
    title: "Roles that nobody has assumed for 90 days",
    severity: Severity::Low,
    look: Look::Principals(look),
};

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let not_looked = |why: String| Finding::new(CONTROL.id, Status::NotEvaluated, CONTROL.severity, why);
    let Some(now) = account.now else {
        return vec![not_looked(format!("{}: not looked at, for want of the time", CONTROL.title))];
    };
    let mut findings = Vec::new();
    let mut untold = 0_usize;
    let roles = account.subjects.iter().filter(|one| one.is_role() && !one.is_service_linked());
    for role in roles {
        let days = role.principal.last_used.as_ref().map(|last| {
            let used = last.used.as_deref().map(|used| days_since(used, now));
            (used.is_some(), used.unwrap_or_else(|| days_since(&last.created, now)))
        });
        let Some((was_used, Some(days))) = days else {
            untold += 1;
            continue;
        };
        if days <= DAYS {
            continue;
        }
        let message = if was_used {
            format!("was last assumed {days} days ago")
        } else {
            format!("was never assumed, as far as IAM looks back, and is {days} days old")
        };
        let fix = "delete it, or write down why it must stay";
        findings.push(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(&role.principal.arn));
    }
    if untold > 0 {
        let message = format!("{}: of {untold} roles the dump does not tell (RoleLastUsed, CreateDate)", CONTROL.title);
        findings.push(not_looked(message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, looked, names};
    use crate::finding::Status;
    use serde_json::json;

    #[test]
    fn a_role_of_long_ago_is_unused_a_young_one_is_not_and_one_untold_is_not_evaluated() {
        let used = |created: &str, last| json!({"CreateDate": created, "RoleLastUsed": last});
        let dump = Dump::default()
            .role_with("long-ago", &used("2020-01-01T00:00:00+00:00", json!({"LastUsedDate": "2025-01-01T00:00:00Z"})))
            .role_with("never", &used("2025-01-01T00:00:00+00:00", json!({})))
            .role_with("busy", &used("2020-01-01T00:00:00+00:00", json!({"LastUsedDate": "2025-12-30T00:00:00Z"})))
            .role_with("young", &used("2025-12-01T00:00:00+00:00", json!({})))
            .role_with("untold", &json!({}));
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["long-ago", "never"]);
        let unlooked = looked(CONTROL.id, &dump, Status::NotEvaluated);
        assert!(unlooked.len() == 1 && unlooked[0].message.contains("of 1 roles"));
    }
}
