//! The root user has no MFA (FSBP IAM.9, CIS 1.4).

use super::{Control, Look};
use crate::finding::{Finding, Severity, Status};
use crate::root::Root;

pub(super) const CONTROL: Control = Control {
    id: "iam-root-mfa",
    title: "A root user without MFA",
    severity: Severity::Critical,
    look: Look::Root(look),
};

fn look(root: &Root) -> Vec<Finding> {
    match root.has_mfa {
        Some(true) => Vec::new(),
        Some(false) => {
            let message = "the root user signs in with a password alone".to_owned();
            let fix = "register two MFA devices for it, hardware ones if you can";
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
    fn a_root_user_without_mfa_is_found_by_report_or_summary() {
        let dump = Dump::default();
        assert_eq!(looked(CONTROL.id, &dump, Status::NotEvaluated).len(), 1);
        assert_eq!(failing(CONTROL.id, &dump.clone().summary(&[("AccountMFAEnabled", 0)])).len(), 1);
        assert!(passes(CONTROL.id, &dump.clone().summary(&[("AccountMFAEnabled", 1)])));
        assert_eq!(looked(CONTROL.id, &dump.clone().summary(&[("Users", 1)]), Status::Error).len(), 1);
        assert!(passes(CONTROL.id, &dump.clone().credential("<root_account>", &[("mfa_active", "true")])));
        let either = dump.credential("<root_account>", &[]).summary(&[("AccountMFAEnabled", 1)]);
        assert_eq!(failing(CONTROL.id, &either).len(), 1, "the worse of two that contradict each other counts");
    }
}
