use crate::error::map;
use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{
    Filter, InstanceSpecification, LockMode as Mode, LockState, ResourceType, SnapshotState as State, Tag,
    TagSpecification,
};
use containment::assess::INCIDENT_TAG;
use containment::ids::{IncidentId, SnapshotId, VolumeId};
use containment::observed::{ObservedSnapshot, SnapshotState};
use containment::snapshot_lock::{LockMode, LockTerms, ObservedLock};
use ports::{PortError, PortResult, Snapshots};
use signal::InstanceId;
use time::OffsetDateTime;

const DESCRIBE: &str = "ec2:DescribeSnapshots";
const CREATE: &str = "ec2:CreateSnapshots";
const LOCK: &str = "ec2:LockSnapshot";
const LOCKS: &str = "ec2:DescribeLockedSnapshots";

pub(crate) struct Ec2Snapshots {
    client: Client,
}

impl Ec2Snapshots {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Snapshots for Ec2Snapshots {
    async fn of_incident(&self, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>> {
        let filter = Filter::builder().name(format!("tag:{INCIDENT_TAG}")).values(incident.as_str()).build();
        let mut pages = self.client.describe_snapshots().owner_ids("self").filters(filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for snapshot in page.map_err(map(DESCRIBE))?.snapshots() {
                found.push(observed(DESCRIBE, snapshot.snapshot_id(), snapshot.volume_id(), snapshot.state())?);
            }
        }
        Ok(found)
    }

    async fn create(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>> {
        let volumes =
            InstanceSpecification::builder().instance_id(instance.as_str()).exclude_boot_volume(false).build();
        let tag = Tag::builder().key(INCIDENT_TAG).value(incident.as_str()).build();
        let tags = TagSpecification::builder().resource_type(ResourceType::Snapshot).tags(tag).build();
        let call = self
            .client
            .create_snapshots()
            .instance_specification(volumes)
            .tag_specifications(tags)
            .description(format!("Cordon {incident} {instance}"));
        let answer = call.send().await.map_err(map(CREATE))?;
        let made = answer.snapshots().iter();
        made.map(|snapshot| observed(CREATE, snapshot.snapshot_id(), snapshot.volume_id(), snapshot.state())).collect()
    }

    async fn lock(&self, snapshot: &SnapshotId, terms: &LockTerms) -> PortResult<ObservedLock> {
        let mode = match terms.mode {
            LockMode::Governance => Mode::Governance,
            LockMode::Compliance => Mode::Compliance,
        };
        let days = i32::try_from(terms.days).unwrap_or(i32::MAX);
        let call = self.client.lock_snapshot().snapshot_id(snapshot.as_str()).lock_mode(mode).lock_duration(days);
        let answer = call.send().await.map_err(map(LOCK))?;
        let held = lock(LOCK, answer.lock_state(), answer.lock_duration(), answer.lock_expires_on())?;
        held.ok_or_else(|| PortError::unreadable(LOCK, "a lock that has expired"))
    }

    async fn locks(&self, snapshots: &[SnapshotId]) -> PortResult<Vec<(SnapshotId, ObservedLock)>> {
        let ids = snapshots.iter().map(|snapshot| snapshot.as_str().to_owned()).collect();
        let call = self.client.describe_locked_snapshots().set_snapshot_ids(Some(ids));
        let answer = call.send().await.map_err(map(LOCKS))?;
        let mut found = Vec::new();
        for shown in answer.snapshots() {
            let id = shown.snapshot_id().ok_or_else(|| PortError::unreadable(LOCKS, "a lock without its snapshot"))?;
            let held = lock(LOCKS, shown.lock_state(), shown.lock_duration(), shown.lock_expires_on())?;
            found.extend(held.map(|held| (SnapshotId::new(id), held)));
        }
        Ok(found)
    }
}

/// `None` for one that does not hold any more.
fn lock(
    operation: &'static str,
    state: Option<&LockState>,
    days: Option<i32>,
    until: Option<&DateTime>,
) -> PortResult<Option<ObservedLock>> {
    let unreadable = |what: &str| PortError::unreadable(operation, what);
    let mode = match state {
        Some(LockState::Governance) => LockMode::Governance,
        // Without a cooling-off period, which Cordon never asks for, nobody can take it off.
        Some(LockState::Compliance) => LockMode::Compliance,
        // Until that period is over it can be taken off.
        Some(LockState::ComplianceCooloff) => LockMode::Governance,
        Some(LockState::Expired) => return Ok(None),
        other => return Err(unreadable(&format!("a lock in state {other:?}"))),
    };
    let days = days.and_then(|days| u32::try_from(days).ok()).ok_or_else(|| unreadable("a lock without its days"))?;
    let until = until.map(|until| OffsetDateTime::from_unix_timestamp(until.secs()));
    let until = until.transpose().map_err(|_| unreadable("a lock that ends at no time"))?;
    Ok(Some(ObservedLock { mode, days, until }))
}

fn observed(
    operation: &'static str,
    id: Option<&str>,
    volume: Option<&str>,
    state: Option<&State>,
) -> PortResult<ObservedSnapshot> {
    let (Some(id), Some(volume)) = (id, volume) else {
        return Err(PortError::unreadable(operation, "a snapshot without an id or a volume"));
    };
    let state = match state {
        Some(State::Completed) => SnapshotState::Completed,
        Some(State::Error) => SnapshotState::Error,
        _ => SnapshotState::Pending,
    };
    Ok(ObservedSnapshot { id: SnapshotId::new(id), volume: VolumeId::new(volume), state })
}
