use crate::cloud::Cloud;
use crate::operations::{DEREGISTER, REGISTRATIONS, TARGET_GROUPS};
use async_trait::async_trait;
use containment::ids::TargetGroupArn;
use containment::observed::Target;
use ports::{ErrorKind, PortError, PortResult, Targets};
use signal::InstanceId;

#[async_trait]
impl Targets for Cloud {
    async fn groups(&self) -> PortResult<Vec<TargetGroupArn>> {
        self.call(TARGET_GROUPS, String::new(), |world| {
            Ok::<_, PortError>(world.target_groups.keys().cloned().collect())
        })
        .await
    }

    async fn registrations(&self, instance: &InstanceId, groups: &[TargetGroupArn]) -> PortResult<Vec<Target>> {
        self.call(REGISTRATIONS, format!("{instance} in {} groups", groups.len()), |world| {
            let registered = groups.iter().filter_map(|group| world.target_groups.get(group)).flatten();
            Ok::<_, PortError>(registered.filter(|target| target.id == instance.as_str()).cloned().collect())
        })
        .await
    }

    async fn deregister(&self, target: &Target) -> PortResult<()> {
        self.call(DEREGISTER, format!("{} {}", target.group, target.id), |world| {
            if !world.target_groups.contains_key(&target.group) {
                return Err(DEREGISTER.error(ErrorKind::Gone, "TargetGroupNotFound", "no such target group"));
            }
            // ELB: "If the specified target does not exist, the action returns successfully."
            world.drain(&target.group, &target.id, target.port);
            Ok(())
        })
        .await
    }
}
