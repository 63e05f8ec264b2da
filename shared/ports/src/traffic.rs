use crate::PortResult;
use async_trait::async_trait;
use detection::sample::Sample;
use signal::InstanceId;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// From when to when; both are whole periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub since: OffsetDateTime,
    pub until: OffsetDateTime,
}

#[async_trait]
pub trait Traffic: Send + Sync {
    /// What EC2 itself counted of each instance (namespace `AWS/EC2`, into which nobody else can write), in periods of
    /// [`detection::watch::STEP_S`] seconds, oldest first. A period without a datapoint is left out, and so is an
    /// instance without any.
    async fn of_instances(&self, instances: &[InstanceId], span: Span)
    -> PortResult<BTreeMap<InstanceId, Vec<Sample>>>;
}
