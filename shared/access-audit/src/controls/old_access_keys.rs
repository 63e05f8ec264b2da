//! Access keys that were not rotated for 90 days (FSBP IAM.3, CIS 1.13).

use super::credential_rows::active_keys;
use super::{Control, Look};
use crate::age::DAYS;
use crate::credentials::CredentialReport;
use crate::finding::{Finding, Severity, Status};
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "iam-old-access-key",
    title: "Access keys older than 90 days",
    severity: Severity::Medium,
    look: Look::Credentials(look),
};

fn look(report: &CredentialReport, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    for row in report.rows.iter().filter(|row| !row.is_root()) {
        for key in active_keys(row) {
            let number = key.number;
            findings.extend(match key.age(now) {
                Some(days) if days <= DAYS => None,
                Some(days) => {
                    let message = format!("its access key {number} is {days} days old");
                    let fix = "use a role; else make a new key, move to it, and delete this one";
                    Some(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(row.arn()))
                }
                None => {
                    let message = format!("when its access key {number} was made is not in the report");
                    Some(Finding::new(CONTROL.id, Status::Error, CONTROL.severity, message).of(row.arn()))
                }
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, looked, names};
    use crate::finding::Status;

    #[test]
    fn an_active_key_of_long_ago_is_found_and_one_without_a_date_is_an_error() {
        let key = |at| [("access_key_2_active", "true"), ("access_key_2_last_rotated", at)];
        let dump = Dump::default()
            .credential("<root_account>", &[])
            .credential("old", &key("2025-01-01T00:00:00+00:00"))
            .credential("new", &key("2025-12-01T00:00:00+00:00"))
            .credential("inactive", &[("access_key_1_last_rotated", "2020-01-01T00:00:00+00:00")])
            .credential("odd", &key("N/A"));
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["old"]);
        assert_eq!(names(&looked(CONTROL.id, &dump, Status::Error)), ["odd"]);
    }
}
