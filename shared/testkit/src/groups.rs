use crate::account::Account;
use crate::process::Process;
use async_trait::async_trait;
use containment::authority::MODE_TAG;
use containment::ids::GroupName;
use containment::observed::{GroupMember, Lifecycle, Membership, ObservedGroup, PowerState};
use ports::{ErrorKind, Groups, PortError, PortResult, Refresh};
use signal::InstanceId;

const DETACH: &str = "autoscaling:DetachInstances";
const ATTACH: &str = "autoscaling:AttachInstances";
const REFRESHES: &str = "autoscaling:DescribeInstanceRefreshes";
const STANDBY: &str = "autoscaling:EnterStandby";

#[async_trait]
impl Groups for Process {
    async fn membership(&self, instance: &InstanceId) -> PortResult<Option<Membership>> {
        self.read("autoscaling:DescribeAutoScalingInstances", |account| Ok(account.membership(instance))).await
    }

    async fn describe(&self, group: &GroupName) -> PortResult<Option<ObservedGroup>> {
        self.read("autoscaling:DescribeAutoScalingGroups", |account| Ok(account.groups.get(group).cloned())).await
    }

    async fn latest_refresh(&self, group: &GroupName) -> PortResult<Option<Refresh>> {
        self.read(REFRESHES, |account| {
            let unknown = || PortError::new(REFRESHES, ErrorKind::Rejected, Some("ValidationError"), "no such group");
            account.groups.get(group).map(|_| account.refresh).ok_or_else(unknown)
        })
        .await
    }

    async fn tagged(&self) -> PortResult<Vec<ObservedGroup>> {
        self.read("autoscaling:DescribeAutoScalingGroups", |account| {
            Ok(account.groups.values().filter(|group| group.tags.contains_key(MODE_TAG)).cloned().collect())
        })
        .await
    }

    async fn detach(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.change(DETACH, |account| {
            leave(account, DETACH, instance, group, &[Lifecycle::InService, Lifecycle::Standby], Lifecycle::Detaching)?;
            let until = account.now + account.delays.detach;
            account.detaching.insert(instance.clone(), until);
            Ok(())
        })
        .await
    }

    async fn enter_standby(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.change(STANDBY, |account| {
            leave(account, STANDBY, instance, group, &[Lifecycle::InService], Lifecycle::Standby)
        })
        .await
    }

    async fn attach(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.change(ATTACH, |account| {
            let refused = |why: &str| PortError::new(ATTACH, ErrorKind::Rejected, Some("ValidationError"), why);
            if account.membership(instance).is_some() {
                return Err(refused("it is in a group"));
            }
            if account.instance(instance).state != PowerState::Running {
                return Err(refused("it is not running"));
            }
            let shown = account.groups.get_mut(group).ok_or_else(|| refused("no such group"))?;
            if shown.desired + 1 > shown.max {
                return Err(refused("the group is full"));
            }
            shown.desired += 1;
            shown.members.push(GroupMember {
                instance: instance.clone(),
                lifecycle: Lifecycle::Pending,
                healthy: true,
                protected_from_scale_in: false,
            });
            account.launching.push((account.now + account.delays.launch, group.clone(), instance.clone()));
            Ok(())
        })
        .await
    }

    async fn exit_standby(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.change("autoscaling:ExitStandby", |account| {
            let shown = account.groups.get_mut(group).unwrap();
            shown.desired += 1;
            account.set_lifecycle(instance, Lifecycle::InService);
            Ok(())
        })
        .await
    }
}

/// Changes the member's state if it is one of `from`; the group launches a replacement for one that was in service.
fn leave(
    account: &mut Account,
    operation: &'static str,
    instance: &InstanceId,
    group: &GroupName,
    from: &[Lifecycle],
    to: Lifecycle,
) -> PortResult<()> {
    let conflict =
        || PortError::new(operation, ErrorKind::Conflict, Some("ValidationError"), "not in a state for that");
    let shown = account.groups.get_mut(group).ok_or_else(conflict)?;
    let member = shown.members.iter_mut().find(|member| member.instance == *instance).ok_or_else(conflict)?;
    if !from.contains(&member.lifecycle) {
        return Err(conflict());
    }
    let was_in_service = member.lifecycle == Lifecycle::InService;
    member.lifecycle = to;
    if was_in_service {
        account.launch_into(group);
    }
    Ok(())
}

impl Account {
    fn launch_into(&mut self, group: &GroupName) {
        let id: InstanceId = self.new_id("i").parse().unwrap();
        self.add_instance(&id);
        let member = GroupMember {
            instance: id.clone(),
            lifecycle: Lifecycle::Pending,
            healthy: true,
            protected_from_scale_in: false,
        };
        self.groups.get_mut(group).unwrap().members.push(member);
        self.launching.push((self.now + self.delays.launch, group.clone(), id));
    }

    pub(crate) fn finish_launches(&mut self) {
        let now = self.now;
        let (due, rest) = std::mem::take(&mut self.launching).into_iter().partition(|(at, _, _)| *at <= now);
        self.launching = rest;
        let due: Vec<_> = due;
        for (_, _, id) in due {
            self.instance(&id).state = PowerState::Running;
            self.set_lifecycle(&id, Lifecycle::InService);
        }
    }
}
