//! Auto Scaling groups: members, their health and their replacements.

use super::World;
use super::compute::Template;
use super::schedule::Change;
use crate::operations::{DETACH, ENTER_STANDBY, Operation};
use containment::ids::GroupName;
use containment::observed::{GroupMember, Lifecycle, Membership, ObservedGroup, PowerState, Target};
use ports::{ErrorKind, PortResult};
use signal::InstanceId;

#[derive(Debug, Clone)]
pub struct Group {
    pub observed: ObservedGroup,
    pub template: Template,
    /// Health check type `ELB`: a member that its load balancer can't reach is unhealthy.
    pub checks_load_balancer: bool,
}

impl World {
    pub fn group_of(&self, instance: &InstanceId) -> Option<GroupName> {
        let holder = self.groups.values().find(|group| group.observed.member(instance).is_some())?;
        Some(holder.observed.name.clone())
    }

    pub fn membership(&self, instance: &InstanceId) -> Option<Membership> {
        self.groups.values().find_map(|group| group.observed.membership(instance))
    }

    pub fn member_mut(&mut self, instance: &InstanceId) -> Option<&mut GroupMember> {
        let members = self.groups.values_mut().flat_map(|group| &mut group.observed.members);
        members.into_iter().find(|member| member.instance == *instance)
    }

    /// A member that is in service at once.
    pub fn add_member(&mut self, group: &GroupName) -> InstanceId {
        let instance = self.launch_member(group);
        self.in_service(&instance);
        instance
    }

    fn launch_member(&mut self, group: &GroupName) -> InstanceId {
        let template = self.groups[group].template.clone();
        let instance = self.launch(&template);
        let member = GroupMember {
            instance: instance.clone(),
            lifecycle: Lifecycle::Pending,
            healthy: true,
            protected_from_scale_in: false,
        };
        self.groups.entry(group.clone()).and_modify(|group| group.observed.members.push(member));
        instance
    }

    pub(super) fn in_service(&mut self, instance: &InstanceId) {
        let Some(name) = self.group_of(instance) else { return };
        match self.member_mut(instance) {
            Some(member) if member.lifecycle == Lifecycle::Pending => member.lifecycle = Lifecycle::InService,
            _ => return,
        }
        for group in self.groups[&name].observed.target_groups.clone() {
            self.register(&Target { group, id: instance.to_string(), port: Some(80), draining: false });
        }
        self.judge_health_later(instance);
    }

    pub(crate) fn detach(&mut self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        let from = [Lifecycle::InService, Lifecycle::Standby];
        self.take_out(DETACH, instance, group, &from, Lifecycle::Detaching)?;
        self.after(self.delays.detach, Change::Detached(instance.clone()));
        Ok(())
    }

    pub(crate) fn enter_standby(&mut self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.take_out(ENTER_STANDBY, instance, group, &[Lifecycle::InService], Lifecycle::Standby)
    }

    /// Out of service without decrementing desired capacity: its registrations drain and a replacement is launched.
    fn take_out(
        &mut self,
        operation: Operation,
        instance: &InstanceId,
        group: &GroupName,
        from: &[Lifecycle],
        to: Lifecycle,
    ) -> PortResult<()> {
        let Some(found) = self.groups.get_mut(group) else {
            let message = format!("AutoScalingGroup name not found: {group}");
            return Err(operation.error(ErrorKind::Rejected, "ValidationError", &message));
        };
        let member = found.observed.members.iter_mut().find(|member| member.instance == *instance);
        let Some(member) = member.filter(|member| from.contains(&member.lifecycle)) else {
            let message = format!("{instance} is not in a state of {group} that allows it");
            return Err(operation.error(ErrorKind::Conflict, "ValidationError", &message));
        };
        member.lifecycle = to;
        for owned in found.observed.target_groups.clone() {
            self.drain(&owned, instance.as_str(), None);
        }
        self.replenish(group);
        Ok(())
    }

    pub(super) fn detached(&mut self, instance: &InstanceId) {
        let lifecycle = self.membership(instance).map(|membership| membership.lifecycle);
        if lifecycle == Some(Lifecycle::Detaching) {
            self.leave_group(instance);
        }
    }

    pub(super) fn leave_group(&mut self, instance: &InstanceId) {
        for group in self.groups.values_mut() {
            group.observed.members.retain(|member| member.instance != *instance);
        }
    }

    /// Launches as many members as desired capacity lacks.
    fn replenish(&mut self, name: &GroupName) {
        let group = &self.groups[name].observed;
        let counts = |member: &&GroupMember| matches!(member.lifecycle, Lifecycle::Pending | Lifecycle::InService);
        let missing =
            usize::try_from(group.desired).unwrap().saturating_sub(group.members.iter().filter(counts).count());
        for _ in 0..missing {
            let instance = self.launch_member(name);
            self.after(self.delays.launch, Change::InService(instance));
        }
    }

    pub fn set_health(&mut self, instance: &InstanceId, healthy: bool) {
        self.member_mut(instance).expect("only a member of a group has a health status").healthy = healthy;
        self.judge_health_later(instance);
    }

    pub(super) fn judge_health_later(&mut self, instance: &InstanceId) {
        self.after(self.delays.health_check, Change::HealthJudged(instance.clone()));
    }

    /// A group terminates a member in service that is unhealthy. One that is detaching or in Standby is not judged.
    pub(super) fn judge_health(&mut self, instance: &InstanceId) {
        let Some(name) = self.group_of(instance) else { return };
        let group = &self.groups[&name];
        let is_reachable = !group.checks_load_balancer || !self.is_cut_off(instance);
        let is_running =
            self.instances.get(instance).is_some_and(|machine| machine.observed.state == PowerState::Running);
        let Some(member) = self.member_mut(instance).filter(|member| member.lifecycle == Lifecycle::InService) else {
            return;
        };
        if member.healthy && is_running && is_reachable {
            return;
        }
        member.healthy = false;
        self.terminate(instance);
        self.replenish(&name);
    }

    pub fn register(&mut self, target: &Target) {
        self.target_groups.entry(target.group.clone()).or_default().push(target.clone());
    }

    /// Deregisters an instance; `None` means all its ports.
    pub(crate) fn drain(&mut self, group: &containment::ids::TargetGroupArn, id: &str, port: Option<i32>) {
        let registered = self.target_groups.get_mut(group).into_iter().flatten();
        let matching = registered.filter(|target| target.id == id && port.is_none_or(|port| target.port == Some(port)));
        let mut draining = Vec::new();
        for target in matching.filter(|target| !target.draining) {
            target.draining = true;
            draining.push(target.clone());
        }
        for target in draining {
            self.after(self.delays.deregister, Change::Drained(target));
        }
    }

    pub(super) fn drained(&mut self, target: &Target) {
        self.target_groups.entry(target.group.clone()).or_default().retain(|registered| registered != target);
    }
}
