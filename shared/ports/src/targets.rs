use crate::PortResult;
use async_trait::async_trait;
use containment::ids::TargetGroupArn;
use containment::observed::Target;
use signal::InstanceId;

#[async_trait]
pub trait Targets: Send + Sync {
    /// Every target group of the account and Region. ELB knows no reverse look-up from an instance.
    async fn groups(&self) -> PortResult<Vec<TargetGroupArn>>;

    /// The instance's registrations in these groups, read at once. Registrations of its addresses are not found:
    /// target groups of type `ip` belong to no instance.
    async fn registrations(&self, instance: &InstanceId, groups: &[TargetGroupArn]) -> PortResult<Vec<Target>>;

    async fn deregister(&self, target: &Target) -> PortResult<()>;

    async fn register(&self, target: &Target) -> PortResult<()>;
}
