use crate::process::Process;
use async_trait::async_trait;
use containment::ids::TargetGroupArn;
use containment::observed::Target;
use ports::{ErrorKind, PortError, PortResult, Targets};
use signal::InstanceId;

const REGISTER: &str = "elasticloadbalancing:RegisterTargets";

#[async_trait]
impl Targets for Process {
    async fn groups(&self) -> PortResult<Vec<TargetGroupArn>> {
        self.read("elasticloadbalancing:DescribeTargetGroups", |account| {
            Ok(account.target_groups.keys().cloned().collect())
        })
        .await
    }

    async fn registrations(&self, instance: &InstanceId, groups: &[TargetGroupArn]) -> PortResult<Vec<Target>> {
        self.read("elasticloadbalancing:DescribeTargetHealth", |account| {
            let registered = groups.iter().filter_map(|group| account.target_groups.get(group)).flatten();
            Ok(registered.filter(|target| target.id == instance.as_str()).cloned().collect())
        })
        .await
    }

    async fn deregister(&self, target: &Target) -> PortResult<()> {
        self.change("elasticloadbalancing:DeregisterTargets", |account| {
            let until = account.now + account.delays.drain;
            let registered = account.target_groups.get_mut(&target.group).into_iter().flatten();
            for known in registered.filter(|known| known.id == target.id && known.port == target.port) {
                known.draining = true;
            }
            account.draining.push((until, target.clone()));
            Ok(())
        })
        .await
    }

    async fn register(&self, target: &Target) -> PortResult<()> {
        self.change(REGISTER, |account| {
            account.draining.retain(|(_, known)| known.id != target.id || known.group != target.group);
            let gone =
                || PortError::new(REGISTER, ErrorKind::Gone, Some("TargetGroupNotFound"), "no such target group");
            let registered = account.target_groups.get_mut(&target.group).ok_or_else(gone)?;
            registered.retain(|known| known.id != target.id || known.port != target.port);
            registered.push(Target { draining: false, ..target.clone() });
            Ok(())
        })
        .await
    }
}
