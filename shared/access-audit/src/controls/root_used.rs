//! Somebody worked as the root user (CIS 1.6).

use super::credential_rows::active_keys;
use super::{Control, Look};
use crate::age::{DAYS, days_since};
use crate::credentials::CredentialReport;
use crate::finding::{Finding, Severity};
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "iam-root-used",
    title: "A root user that is worked with",
    severity: Severity::Medium,
    look: Look::Credentials(look),
};

fn look(report: &CredentialReport, now: OffsetDateTime) -> Vec<Finding> {
    let finding = |root: &crate::credentials::Row| {
        let password = days_since(root.cell("password_last_used"), now);
        let keys = active_keys(root).into_iter().filter_map(|key| key.used_days(now));
        let days = password.into_iter().chain(keys).min().filter(|days| *days <= DAYS)?;
        let message = format!("the root user was used {days} days ago");
        let fix = "use roles; the root user is for what nobody else can do";
        Some(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(root.arn()))
    };
    report.rows.iter().filter(|row| row.is_root()).filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, passes};

    #[test]
    fn a_root_user_of_last_month_is_found_and_one_of_last_year_is_not() {
        let root =
            |cell, at| Dump::default().credential("<root_account>", &[("access_key_1_active", "true"), (cell, at)]);
        for cell in ["password_last_used", "access_key_1_last_used_date"] {
            assert_eq!(failing(CONTROL.id, &root(cell, "2025-12-01T00:00:00+00:00")).len(), 1, "{cell}");
            assert!(passes(CONTROL.id, &root(cell, "2024-12-01T00:00:00+00:00")), "{cell}");
        }
        assert!(passes(CONTROL.id, &root("password_last_used", "no_information")));
    }
}
