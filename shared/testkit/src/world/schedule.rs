//! What AWS has begun and not finished.

use containment::ids::SnapshotId;
use containment::observed::Target;
use signal::InstanceId;
use std::collections::BTreeMap;
use time::OffsetDateTime;

#[derive(Debug, Clone)]
pub(crate) enum Change {
    Stopped(InstanceId),
    Terminated(InstanceId),
    /// EC2 describes a terminated instance for about an hour.
    Forgotten(InstanceId),
    InService(InstanceId),
    HealthJudged(InstanceId),
    Detached(InstanceId),
    Drained(Target),
    SnapshotCompleted(SnapshotId),
    Evaluated(String),
}

/// In the order of time; at the same time, in the order in which it was begun.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    begun: u64,
    due: BTreeMap<(OffsetDateTime, u64), Change>,
}

impl Schedule {
    pub(crate) fn add(&mut self, at: OffsetDateTime, change: Change) {
        self.begun += 1;
        self.due.insert((at, self.begun), change);
    }

    pub(crate) fn next_until(&mut self, until: OffsetDateTime) -> Option<(OffsetDateTime, Change)> {
        let first = self.due.first_entry().filter(|entry| entry.key().0 <= until)?;
        let ((at, _), change) = first.remove_entry();
        Some((at, change))
    }
}
