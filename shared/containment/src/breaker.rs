//! The breaker: how many containments a group and the account have had lately. One item each in the table, changed only
//! in the transaction that commits an intent, on condition that its version is still the one that was read.

use crate::ids::IncidentId;
use serde::{Deserialize, Serialize};
use signal::InstanceId;
use time::{Duration, OffsetDateTime};

/// Slots older than this no longer matter to any window that a deployment may configure (at most one day).
const KEPT: Duration = Duration::days(2);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// 0 where no item exists yet.
    pub version: u64,
    pub slots: Vec<Slot>,
}

/// One containment that was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub incident: IncidentId,
    pub instance: InstanceId,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl Breaker {
    /// Containments since `now - window`. A slot from the future (a skewed clock) counts: doubt closes the breaker.
    pub fn within(&self, now: OffsetDateTime, window: Duration) -> usize {
        self.slots.iter().filter(|slot| slot.at > now - window).count()
    }

    /// Containments older than the window, which still count while the group has not replaced what it lost.
    pub fn before(&self, now: OffsetDateTime, window: Duration) -> usize {
        self.slots.iter().filter(|slot| slot.at > now - KEPT && slot.at <= now - window).count()
    }

    /// Whether a containment of the instance was committed that the group may not show yet.
    pub fn holds(&self, instance: &InstanceId, now: OffsetDateTime) -> bool {
        self.slots.iter().any(|slot| slot.instance == *instance && slot.at > now - KEPT)
    }

    /// The breaker after one more containment; its version is the one to write, on condition of the present one.
    #[must_use]
    pub fn with(&self, slot: Slot, now: OffsetDateTime) -> Self {
        let mut slots: Vec<Slot> = self.slots.iter().filter(|old| old.at > now - KEPT).cloned().collect();
        slots.push(slot);
        Self { version: self.version + 1, slots }
    }
}
