//! Users with two active access keys (CIS 1.12).

use super::credential_rows::active_keys;
use super::{Control, Look};
use crate::credentials::{CredentialReport, Row};
use crate::finding::{Finding, Severity};
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "iam-two-access-keys",
    title: "Users with two active access keys",
    severity: Severity::Low,
    look: Look::Credentials(look),
};

fn look(report: &CredentialReport, _: OffsetDateTime) -> Vec<Finding> {
    let has_two = |row: &&Row| active_keys(row).len() == 2;
    let finding = |row: &Row| {
        let message = "has two active access keys".to_owned();
        let fix = "two are for the day of a rotation: deactivate the one that is not used";
        Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(row.arn())
    };
    report.rows.iter().filter(has_two).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, names};

    #[test]
    fn two_active_keys_are_found_and_one_is_not() {
        let dump = Dump::default()
            .credential("<root_account>", &[])
            .credential("two", &[("access_key_1_active", "true"), ("access_key_2_active", "true")])
            .credential("one", &[("access_key_2_active", "true")]);
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["two"]);
    }
}
