use crate::account::Account;
use crate::process::Process;
use async_trait::async_trait;
use containment::ids::{IncidentId, SnapshotId};
use containment::observed::{ObservedSnapshot, SnapshotState};
use containment::snapshot_lock::{LockTerms, ObservedLock};
use ports::{PortResult, Snapshots};
use signal::InstanceId;
use time::Duration;

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

    async fn lock(&self, snapshot: &SnapshotId, terms: &LockTerms) -> PortResult<ObservedLock> {
        self.change("ec2:LockSnapshot", |account| {
            let now = account.now;
            account.locks.insert(snapshot.clone(), (*terms, now));
            Ok(shown(account, snapshot).expect("it was locked just now"))
        })
        .await
    }

    async fn locks(&self, snapshots: &[SnapshotId]) -> PortResult<Vec<(SnapshotId, ObservedLock)>> {
        self.read("ec2:DescribeLockedSnapshots", |account| {
            let shown = |id: &SnapshotId| shown(account, id).map(|lock| (id.clone(), lock));
            Ok(snapshots.iter().filter_map(shown).collect())
        })
        .await
    }
}

/// A lock's days begin when the snapshot is complete.
fn shown(account: &Account, id: &SnapshotId) -> Option<ObservedLock> {
    let (terms, locked_at) = account.locks.get(id)?;
    let (_, complete_at, snapshot) = account.snapshots.iter().find(|(_, _, snapshot)| snapshot.id == *id)?;
    let begins = (snapshot.state == SnapshotState::Completed).then_some(*locked_at.max(complete_at));
    let until = begins.map(|begins| begins + Duration::days(i64::from(terms.days)));
    Some(ObservedLock { mode: terms.mode, days: terms.days, until })
}
