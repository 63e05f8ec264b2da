use crate::PortResult;
use async_trait::async_trait;
use containment::ids::{IncidentId, SnapshotId};
use containment::observed::ObservedSnapshot;
use containment::snapshot_lock::{LockTerms, ObservedLock};
use signal::InstanceId;

#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Snapshots that carry the incident's tag.
    async fn of_incident(&self, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>>;

    /// One crash-consistent CreateSnapshots over all volumes, tagged with the incident. It has no client token: look
    /// with [`Self::of_incident`] before repeating it.
    async fn create(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>>;

    /// Locks a snapshot that is complete or being made. One that is locked already is locked on these terms, where its
    /// lock allows that.
    async fn lock(&self, snapshot: &SnapshotId, terms: &LockTerms) -> PortResult<ObservedLock>;

    /// The locks that hold now on these snapshots; those that are not locked are left out.
    async fn locks(&self, snapshots: &[SnapshotId]) -> PortResult<Vec<(SnapshotId, ObservedLock)>>;
}
