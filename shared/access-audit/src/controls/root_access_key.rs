//! The root user has access keys (FSBP IAM.4, CIS 1.3).

use super::{Control, Look};
use crate::finding::{Finding, Severity, Status};
use crate::root::Root;

pub(super) const CONTROL: Control = Control {
    id: "iam-root-access-key",
    title: "Access keys of the root user",
    severity: Severity::Critical,
    look: Look::Root(look),
};

fn look(root: &Root) -> Vec<Finding> {
    match root.has_access_key {
        Some(false) => Vec::new(),
        Some(true) => {
            let message = "the root user has an access key, which nothing limits".to_owned();
            let fix = "delete it, and use a role for what it did";
            vec![Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(&root.arn)]
        }
        None => vec![Finding::new(CONTROL.id, Status::Error, CONTROL.severity, root.untold(CONTROL.title))],
    }
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, looked, passes};
    use crate::finding::Status;

    #[test]
    fn a_key_of_the_root_user_is_found_by_report_or_summary_and_without_either_nothing_is_said() {
        let without = Dump::default();
        assert_eq!(looked(CONTROL.id, &without, Status::NotEvaluated).len(), 1);
        assert_eq!(failing(CONTROL.id, &without.clone().summary(&[("AccountAccessKeysPresent", 1)])).len(), 1);
        assert!(passes(CONTROL.id, &without.clone().summary(&[("AccountAccessKeysPresent", 0)])));
        assert_eq!(looked(CONTROL.id, &without.clone().summary(&[("Users", 1)]), Status::Error).len(), 1);
        let root = without.credential("<root_account>", &[("access_key_2_active", "true")]);
        assert_eq!(failing(CONTROL.id, &root).len(), 1);
        let either = root.summary(&[("AccountAccessKeysPresent", 0)]);
        assert_eq!(failing(CONTROL.id, &either).len(), 1, "the worse of two that contradict each other counts");
    }
}
