use crate::{Clock, Groups, PortResult, Traffic};
use async_trait::async_trait;
use containment::ids::GroupName;
use std::sync::Arc;
use time::OffsetDateTime;

/// One value of the fleet metric.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetDatapoint {
    pub group: GroupName,
    /// The beginning of the period that it is of.
    pub at: OffsetDateTime,
    pub log_ratio: f64,
}

/// As many as PutMetricData takes. A group's name is 255 bytes at most, so they stay far below its 1 MB.
pub const DATAPOINTS: usize = 1000;

#[async_trait]
pub trait FleetMetric: Send + Sync {
    /// One call for at most [`DATAPOINTS`]. A period's values may be published again: its maximum is what counts.
    async fn publish(&self, datapoints: &[FleetDatapoint]) -> PortResult<()>;
}

/// Everything that measuring needs.
#[derive(Clone)]
pub struct FleetPorts {
    pub groups: Arc<dyn Groups>,
    pub traffic: Arc<dyn Traffic>,
    pub metric: Arc<dyn FleetMetric>,
    pub clock: Arc<dyn Clock>,
}
