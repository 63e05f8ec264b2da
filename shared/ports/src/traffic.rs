use crate::PortResult;
use async_trait::async_trait;
use containment::ids::GroupName;
use detection::reason::DetectorState;
use detection::sample::Sample;
use detection::scale::Reporting;
use signal::InstanceId;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// From when to when; both are whole periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub since: OffsetDateTime,
    pub until: OffsetDateTime,
}

/// What EC2 itself counted (namespace `AWS/EC2`, into which nobody else can write), in periods of [`detection::watch::STEP_S`]
/// seconds, oldest first. A period without a datapoint is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    pub instance: Vec<Sample>,
    /// The mean an instance of its Auto Scaling group, itself among them; empty without a group.
    pub group: Vec<Sample>,
    /// How many instances of the group reported; empty without a group, and while the instance itself does not report.
    pub reporting: Vec<Reporting>,
}

#[async_trait]
pub trait Traffic: Send + Sync {
    /// One call: the instance's own history, that of its group, and how many reported in it.
    async fn history(&self, instance: &InstanceId, group: Option<&GroupName>, span: Span) -> PortResult<History>;

    /// The least trained of the detectors of the instance's metrics; `Unknown` where there is none.
    async fn detector(&self, instance: &InstanceId) -> PortResult<DetectorState>;

    /// The same of each instance. One that has none is left out.
    async fn of_instances(&self, instances: &[InstanceId], span: Span)
    -> PortResult<BTreeMap<InstanceId, Vec<Sample>>>;

    /// What each instance sent, without what came in; one that has no datapoint is left out. One call for each
    /// [`QUERIES`] instances.
    async fn sent(&self, instances: &[InstanceId], span: Span) -> PortResult<BTreeMap<InstanceId, Vec<Sample>>>;
}

/// As many queries as GetMetricData takes.
pub const QUERIES: usize = 500;
