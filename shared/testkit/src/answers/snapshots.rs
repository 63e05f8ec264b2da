use crate::cloud::Cloud;
use crate::operations::{CREATE_SNAPSHOTS, OF_INCIDENT};
use crate::world::Snapshot;
use crate::world::schedule::Change;
use async_trait::async_trait;
use containment::ids::{IncidentId, SnapshotId};
use containment::observed::{ObservedSnapshot, SnapshotState};
use ports::{ErrorKind, PortError, PortResult, Snapshots};
use signal::InstanceId;

#[async_trait]
impl Snapshots for Cloud {
    async fn of_incident(&self, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>> {
        self.call(OF_INCIDENT, incident.to_string(), |world| {
            let tagged = world.snapshots.iter().filter(|snapshot| snapshot.incident == *incident);
            Ok::<_, PortError>(tagged.map(|snapshot| snapshot.observed.clone()).collect())
        })
        .await
    }

    async fn create(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>> {
        self.call(CREATE_SNAPSHOTS, format!("{instance} {incident}"), |world| {
            let volumes = world.living_machine(CREATE_SNAPSHOTS, instance)?.observed.volumes.clone();
            if volumes.is_empty() {
                let message = "the instance has no EBS volume";
                return Err(CREATE_SNAPSHOTS.error(ErrorKind::Rejected, "InvalidParameterValue", message));
            }
            let mut made = Vec::new();
            for volume in volumes {
                let id = SnapshotId::new(world.new_id("snap"));
                let observed = ObservedSnapshot { id: id.clone(), volume: volume.id, state: SnapshotState::Pending };
                world.snapshots.push(Snapshot { incident: incident.clone(), observed: observed.clone() });
                world.after(world.delays.snapshot, Change::SnapshotCompleted(id));
                made.push(observed);
            }
            Ok(made)
        })
        .await
    }
}
