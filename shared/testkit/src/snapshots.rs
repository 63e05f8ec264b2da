use crate::process::Process;
use async_trait::async_trait;
use containment::ids::{IncidentId, SnapshotId};
use containment::observed::{ObservedSnapshot, SnapshotState};
use ports::{PortResult, Snapshots};
use signal::InstanceId;

#[async_trait]
impl Snapshots for Process {
    async fn of_incident(&self, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>> {
        self.read("ec2:DescribeSnapshots", |account| {
            let tagged = account.snapshots.iter().filter(|(of, _, _)| of == incident);
            Ok(tagged.map(|(_, _, snapshot)| snapshot.clone()).collect())
        })
        .await
    }

    async fn create(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>> {
        self.change("ec2:CreateSnapshots", |account| {
            let until = account.now + account.delays.snapshot;
            let volumes: Vec<_> = account.instance(instance).volumes.iter().map(|volume| volume.id.clone()).collect();
            let mut made = Vec::new();
            for volume in volumes {
                let id = SnapshotId::new(account.new_id("snap"));
                let snapshot = ObservedSnapshot { id, volume, state: SnapshotState::Pending };
                account.snapshots.push((incident.clone(), until, snapshot.clone()));
                made.push(snapshot);
            }
            Ok(made)
        })
        .await
    }
}
