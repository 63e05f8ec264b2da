use crate::PortResult;
use async_trait::async_trait;
use containment::ids::IncidentId;
use containment::observed::{ObservedInstance, Protection};
use signal::InstanceId;

/// The association of an instance with its profile (`iip-assoc-…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileAssociation {
    pub id: String,
    pub profile_arn: String,
}

#[async_trait]
pub trait Instances: Send + Sync {
    async fn describe(&self, instance: &InstanceId) -> PortResult<Option<ObservedInstance>>;

    /// Termination and stop protection (two DescribeInstanceAttribute calls, made at once).
    async fn protection(&self, instance: &InstanceId) -> PortResult<Protection>;

    async fn set_termination_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()>;

    async fn set_stop_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()>;

    /// Whether the volumes attached at these device names go when the instance is terminated.
    async fn set_delete_on_termination(&self, instance: &InstanceId, devices: &[String], on: bool) -> PortResult<()>;

    /// Asks for a stop; AWS takes its time. `hibernate` only where it was configured at launch.
    async fn stop(&self, instance: &InstanceId, hibernate: bool) -> PortResult<()>;

    /// Asks for a start. AWS answers before it knows whether the start succeeds.
    async fn start(&self, instance: &InstanceId) -> PortResult<()>;

    /// Why the instance is in its present power state (`StateReason`), where AWS says.
    async fn state_reason(&self, instance: &InstanceId) -> PortResult<Option<String>>;

    /// Sets the tag `cordon:incident`.
    async fn tag(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<()>;

    /// Removes the tag `cordon:incident`, whatever its value.
    async fn untag(&self, instance: &InstanceId) -> PortResult<()>;

    async fn profile_association(&self, instance: &InstanceId) -> PortResult<Option<ProfileAssociation>>;

    async fn disassociate_profile(&self, association: &ProfileAssociation) -> PortResult<()>;

    async fn associate_profile(&self, instance: &InstanceId, profile_arn: &str) -> PortResult<()>;
}
