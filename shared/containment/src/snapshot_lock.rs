//! Locks on an incident's snapshots: what was to be locked, and what AWS showed of it. A locked snapshot can't be deleted,
//! whoever asks.

use crate::ids::SnapshotId;
use crate::incident::MAX_FAILURES;
use serde::{Deserialize, Serialize};
use std::fmt;
use time::{OffsetDateTime, UtcOffset};

/// EC2's longest lock, in days.
pub const LONGEST_DAYS: u32 = 36_500;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockMode {
    /// Whoever may unlock a snapshot can take the lock off.
    Governance,
    /// Nobody can, the account's root user included.
    Compliance,
}

/// How snapshots are to be locked. In the plan, so that a deployment with other parameters doesn't change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockTerms {
    pub mode: LockMode,
    /// Counted by EC2 from when the snapshot is complete.
    pub days: u32,
}

/// A lock that AWS showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedLock {
    pub mode: LockMode,
    pub days: u32,
    /// `None` while the snapshot is not complete: its days have not begun.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<OffsetDateTime>,
}

impl ObservedLock {
    /// Whether it holds at least as long and as firmly as was to be.
    pub fn meets(&self, terms: &LockTerms) -> bool {
        self.mode >= terms.mode && self.days >= terms.days
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "lock", rename_all = "kebab-case")]
pub enum LockStatus {
    Held(ObservedLock),
    /// It should be locked, and AWS did not show that it is.
    Missing {
        why: String,
    },
}

/// What became of locking one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotLock {
    pub snapshot: SnapshotId,
    #[serde(flatten)]
    pub status: LockStatus,
}

impl SnapshotLock {
    pub fn held(snapshot: SnapshotId, lock: ObservedLock) -> Self {
        Self { snapshot, status: LockStatus::Held(lock) }
    }

    pub fn missing(snapshot: SnapshotId, why: impl ToString) -> Self {
        Self { snapshot, status: LockStatus::Missing { why: why.to_string() } }
    }

    pub fn is_missing(&self) -> bool {
        matches!(self.status, LockStatus::Missing { .. })
    }

    /// Nothing about it will change by itself.
    fn is_settled(&self) -> bool {
        matches!(self.status, LockStatus::Held(ObservedLock { until: Some(_), .. }))
    }
}

impl fmt::Display for SnapshotLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.status {
            LockStatus::Missing { why } => write!(f, "{} is NOT LOCKED: {why}", self.snapshot),
            LockStatus::Held(ObservedLock { mode, days, until }) => {
                let mode = match mode {
                    LockMode::Governance => "governance",
                    LockMode::Compliance => "compliance",
                };
                write!(f, "{} is locked ({mode}) ", self.snapshot)?;
                match until {
                    Some(until) => {
                        let until = until.to_offset(UtcOffset::UTC);
                        write!(f, "until {} {:02}:{:02} UTC", until.date(), until.hour(), until.minute())
                    }
                    None => write!(f, "for {days} days from when it is complete"),
                }
            }
        }
    }
}

/// The locks of an incident's snapshots, as last reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotLocks {
    pub snapshots: Vec<SnapshotLock>,
    /// How many reports named a missing one.
    pub failures: u32,
}

impl SnapshotLocks {
    pub fn is_empty(&self) -> bool {
        self.snapshots.is_empty()
    }

    pub fn of(&self, snapshot: &SnapshotId) -> Option<&SnapshotLock> {
        self.snapshots.iter().find(|lock| lock.snapshot == *snapshot)
    }

    pub fn missing(&self) -> impl Iterator<Item = &SnapshotLock> {
        self.snapshots.iter().filter(|lock| lock.is_missing())
    }

    /// Locking failed so often that it is left to people.
    pub fn has_given_up(&self) -> bool {
        self.failures >= MAX_FAILURES && self.missing().next().is_some()
    }

    /// Every snapshot that is known is locked until a known time.
    pub(crate) fn are_settled(&self) -> bool {
        !self.is_empty() && self.snapshots.iter().all(SnapshotLock::is_settled)
    }

    pub(crate) fn report(&mut self, locks: &[SnapshotLock]) {
        if !locks.is_empty() {
            self.failures += u32::from(locks.iter().any(SnapshotLock::is_missing));
            self.snapshots = locks.to_vec();
        }
    }
}
