use crate::PortResult;
use async_trait::async_trait;
use containment::ids::GroupName;
use containment::observed::{Membership, ObservedGroup};
use signal::InstanceId;
use time::OffsetDateTime;

/// A deployment by Auto Scaling, which replaces the instances of a group (AWS: "Instance refresh").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// `None` while it is under way.
    pub ended_at: Option<OffsetDateTime>,
}

#[async_trait]
pub trait Groups: Send + Sync {
    /// The Auto Scaling group that has the instance now, if any.
    async fn membership(&self, instance: &InstanceId) -> PortResult<Option<Membership>>;

    async fn describe(&self, group: &GroupName) -> PortResult<Option<ObservedGroup>>;

    /// The instance refresh that began last, if there was one in the last six weeks. A group that doesn't exist is an error.
    async fn latest_refresh(&self, group: &GroupName) -> PortResult<Option<Refresh>>;

    /// Groups with the tag `cordon:mode`, to the last page.
    async fn tagged(&self) -> PortResult<Vec<ObservedGroup>>;

    /// Detaches without decrementing desired capacity, so that the group launches a replacement.
    async fn detach(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()>;

    /// Puts it into Standby without decrementing desired capacity.
    async fn enter_standby(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()>;

    /// Attaches a running instance; the group's desired capacity grows by one.
    async fn attach(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()>;

    /// Takes it out of Standby, into service.
    async fn exit_standby(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()>;
}
