use crate::error::map;
use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, InstanceSpecification, ResourceType, SnapshotState as State, Tag, TagSpecification};
use containment::assess::INCIDENT_TAG;
use containment::ids::{IncidentId, SnapshotId, VolumeId};
use containment::observed::{ObservedSnapshot, SnapshotState};
use ports::{PortError, PortResult, Snapshots};
use signal::InstanceId;

const DESCRIBE: &str = "ec2:DescribeSnapshots";
const CREATE: &str = "ec2:CreateSnapshots";

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
