use crate::PortResult;
use async_trait::async_trait;
use containment::ids::IncidentId;
use containment::observed::ObservedSnapshot;
use signal::InstanceId;

#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Snapshots that carry the incident's tag.
    async fn of_incident(&self, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>>;

    /// One crash-consistent CreateSnapshots over all volumes, tagged with the incident. It has no client token: look
    /// with [`Self::of_incident`] before repeating it.
    async fn create(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>>;
}
