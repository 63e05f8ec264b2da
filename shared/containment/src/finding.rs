//! How far an incident's finding in Security Hub is.

use crate::incident::MAX_FAILURES;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum FindingStatus {
    /// Security Hub took it.
    Imported,
    /// The same call may succeed later.
    Failed { error: String },
    /// No repetition helps until somebody changes something: Security Hub is not enabled, or a permission is missing.
    Declined { error: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    #[serde(flatten)]
    pub status: FindingStatus,
    /// In a row.
    pub failures: u32,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl FindingRecord {
    pub fn after(before: Option<&Self>, status: FindingStatus, at: OffsetDateTime) -> Self {
        let failures = match status {
            FindingStatus::Imported => 0,
            _ => before.map_or(0, |before| before.failures) + 1,
        };
        Self { status, failures, at }
    }

    /// Whether it is to be tried again, with nothing new to tell.
    pub fn is_due(&self) -> bool {
        matches!(self.status, FindingStatus::Failed { .. }) && self.failures < MAX_FAILURES
    }
}
