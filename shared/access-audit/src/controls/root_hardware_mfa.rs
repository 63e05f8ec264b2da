//! The root user's MFA is a virtual device (FSBP IAM.6, CIS 1.5).

use super::{Control, Look};
use crate::finding::{Finding, Severity, Status};
use crate::root::Root;

pub(super) const CONTROL: Control = Control {
    id: "iam-root-hardware-mfa",
    title: "A root user without hardware MFA",
    severity: Severity::Critical,
    look: Look::Root(look),
};

/// Only ListVirtualMFADevices tells virtual devices from others: with MFA, what kind it is stays unknown.
fn look(root: &Root) -> Vec<Finding> {
    if root.has_mfa == Some(false) {
        let message = "the root user has no MFA at all".to_owned();
        return vec![Finding::fail(CONTROL.id, CONTROL.severity, message, "register a hardware device").on(&root.arn)];
    }
    let message = format!("{}: no file tells of what kind its MFA is; see ListVirtualMFADevices", CONTROL.title);
    vec![Finding::new(CONTROL.id, Status::NotEvaluated, CONTROL.severity, message)]
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, looked};
    use crate::finding::Status;

    #[test]
    fn none_is_no_hardware_and_of_what_kind_it_is_is_never_guessed() {
        let dump = Dump::default();
        assert_eq!(failing(CONTROL.id, &dump.clone().summary(&[("AccountMFAEnabled", 0)])).len(), 1);
        let with = looked(CONTROL.id, &dump.summary(&[("AccountMFAEnabled", 1)]), Status::NotEvaluated);
        assert!(with.len() == 1 && with[0].message.contains("ListVirtualMFADevices"));
    }
}
