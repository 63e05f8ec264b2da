use crate::PortResult;
use async_trait::async_trait;
use containment::authority::StandaloneEntry;
use containment::observed::{ObservedAlarm, ObservedGroup};
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};

/// What a look at the whole account needs. Everything is read to its last page.
#[async_trait]
pub trait Coverage: Send + Sync {
    async fn groups(&self) -> PortResult<Vec<ObservedGroup>>;

    async fn running(&self) -> PortResult<BTreeSet<InstanceId>>;

    /// Metric and composite alarms with an action that begins so.
    async fn alarms_leading_to(&self, action: &str) -> PortResult<Vec<ObservedAlarm>>;

    /// The list's entries of these instances; those that aren't listed are missing from the answer.
    async fn standalone(&self, instances: &[InstanceId]) -> PortResult<BTreeMap<InstanceId, StandaloneEntry>>;
}
