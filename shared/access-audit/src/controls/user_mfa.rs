//! Users who sign in with a password alone (FSBP IAM.5, CIS 1.9).

use super::{Control, Look};
use crate::credentials::{CredentialReport, Row};
use crate::finding::{Finding, Severity};
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "iam-user-mfa",
    title: "Users with a password and no MFA",
    severity: Severity::Medium,
    look: Look::Credentials(look),
};

fn look(report: &CredentialReport, _: OffsetDateTime) -> Vec<Finding> {
    let bare = |row: &&Row| !row.is_root() && row.is("password_enabled") && !row.is("mfa_active");
    let finding = |row: &Row| {
        let message = "signs in to the console with a password alone".to_owned();
        let fix = "register an MFA device, or take the password away and use IAM Identity Center";
        Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(row.arn())
    };
    report.rows.iter().filter(bare).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, names};

    #[test]
    fn a_password_without_mfa_is_found() {
        let dump = Dump::default()
            .credential("<root_account>", &[("password_enabled", "not_supported")])
            .credential("bare", &[("password_enabled", "true")])
            .credential("safe", &[("password_enabled", "true"), ("mfa_active", "true")])
            .credential("keys-only", &[("access_key_1_active", "true")]);
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["bare"]);
    }
}
