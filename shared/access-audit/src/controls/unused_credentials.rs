//! Passwords and access keys that nobody used for 90 days (FSBP IAM.8, CIS 1.11).

use super::credential_rows::{active_keys, password_idle};
use super::{Control, Look};
use crate::age::DAYS;
use crate::credentials::CredentialReport;
use crate::finding::{Finding, Severity};
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "iam-unused-credentials",
    title: "Passwords and access keys unused for 90 days",
    severity: Severity::Medium,
    look: Look::Credentials(look),
};

fn look(report: &CredentialReport, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    for row in report.rows.iter().filter(|row| !row.is_root()) {
        let password = row.is("password_enabled").then(|| ("password".to_owned(), password_idle(row, now)));
        let keys = active_keys(row).into_iter().map(|key| (format!("access key {}", key.number), key.idle(now)));
        for (what, days) in password.into_iter().chain(keys) {
            // Of one without any date nobody knows that it was used.
            let since = match days {
                Some(days) if days <= DAYS => continue,
                Some(days) => format!("for {days} days"),
                None => "as far as the report tells".to_owned(),
            };
            let message = format!("its {what} was not used {since}");
            let fix = "deactivate it; delete it when nobody has asked for it";
            findings.push(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(row.arn()));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, names};

    const OLD: &str = "2025-01-01T00:00:00+00:00";
    const NEW: &str = "2025-12-01T00:00:00+00:00";

    #[test]
    fn what_was_not_used_for_long_is_found_and_what_was_made_lately_is_not() {
        let dump = Dump::default()
            .credential("<root_account>", &[])
            .credential("idle", &[("password_enabled", "true"), ("password_last_used", OLD)])
            .credential("never", &[("password_enabled", "true"), ("password_last_changed", OLD)])
            .credential("fresh", &[("password_enabled", "true"), ("password_last_changed", NEW)])
            .credential("key", &[("access_key_1_active", "true"), ("access_key_1_last_rotated", OLD)])
            .credential(
                "busy",
                &[
                    ("access_key_1_active", "true"),
                    ("access_key_1_last_rotated", OLD),
                    ("access_key_1_last_used_date", NEW),
                ],
            );
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["idle", "key", "never"]);
    }
}
