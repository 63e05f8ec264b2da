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

    /// Keeps the volumes attached at these device names when the instance is terminated.
    async fn keep_volumes(&self, instance: &InstanceId, devices: &[String]) -> PortResult<()>;

    /// Asks for a stop; AWS takes its time. `hibernate` only where it was configured at launch.
    async fn stop(&self, instance: &InstanceId, hibernate: bool) -> PortResult<()>;

    /// Sets the tag `cordon:incident`.
    async fn tag(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<()>;

    async fn profile_association(&self, instance: &InstanceId) -> PortResult<Option<ProfileAssociation>>;

    async fn disassociate_profile(&self, association: &ProfileAssociation) -> PortResult<()>;
}
