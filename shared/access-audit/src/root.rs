//! What is known of the account's root user, from the credential report and the account summary.

use crate::credentials::{AccountSummary, CredentialReport};

/// Where both tell and contradict each other, the worse counts: one of them is older.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) arn: String,
    pub(crate) has_access_key: Option<bool>,
    pub(crate) has_mfa: Option<bool>,
}

impl Root {
    /// `account`: its id, or empty where it is unknown. `None` without either file.
    pub(crate) fn of(
        account: &str,
        report: Option<&CredentialReport>,
        summary: Option<&AccountSummary>,
    ) -> Option<Self> {
        if report.is_none() && summary.is_none() {
            return None;
        }
        let row = report.and_then(|report| report.rows.iter().find(|row| row.is_root()));
        let keys = row.map(|row| row.is("access_key_1_active") || row.is("access_key_2_active"));
        let counted = |name: &str| Some(summary?.number(name)? > 0);
        let arn = match row.map(crate::credentials::Row::arn).filter(|arn| !arn.is_empty()) {
            Some(arn) => arn.to_owned(),
            None => format!("arn:aws:iam::{account}:root"),
        };
        let worse = |one: Option<bool>, other: Option<bool>, bad: bool| match (one, other) {
            (Some(one), Some(other)) if one != other => Some(bad),
            (one, other) => one.or(other),
        };
        Some(Self {
            arn,
            has_access_key: worse(keys, counted("AccountAccessKeysPresent"), true),
            has_mfa: worse(row.map(|row| row.is("mfa_active")), counted("AccountMFAEnabled"), false),
        })
    }

    pub(crate) fn untold(&self, title: &str) -> String {
        format!("{title}: the files that were given don't tell")
    }
}
