//! The ports onto the account's resources, with faults.

use super::Faulty;
use crate::operations as op;
use async_trait::async_trait;
use containment::ids::{GroupName, IncidentId, InterfaceId, SecurityGroupId, TargetGroupArn, VpcId};
use containment::observed::{
    Alarming, Contributor, HistoryItem, Membership, ObservedAlarm, ObservedGroup, ObservedInstance, ObservedInterface,
    ObservedSecurityGroup, ObservedSnapshot, Protection, Target,
};
use ports::{
    AlarmScope, Alarms, Groups, Instances, Network, ObservedRole, PortResult, ProfileAssociation, Roles, Snapshots,
    Targets,
};
use signal::InstanceId;
use time::OffsetDateTime;

#[async_trait]
impl Alarms for Faulty<dyn Alarms> {
    async fn describe(&self, names: &[String]) -> PortResult<Vec<ObservedAlarm>> {
        self.call(op::DESCRIBE_ALARMS, self.inner.describe(names)).await
    }

    async fn contributors(&self, name: &str) -> PortResult<Vec<Contributor>> {
        self.call(op::CONTRIBUTORS, self.inner.contributors(name)).await
    }

    async fn history(&self, name: &str, since: OffsetDateTime, until: OffsetDateTime) -> PortResult<Vec<HistoryItem>> {
        self.call(op::HISTORY, self.inner.history(name, since, until)).await
    }

    async fn in_alarm(&self, scope: &AlarmScope) -> PortResult<Alarming> {
        self.call(op::IN_ALARM, self.inner.in_alarm(scope)).await
    }
}

#[async_trait]
impl Instances for Faulty<dyn Instances> {
    async fn describe(&self, instance: &InstanceId) -> PortResult<Option<ObservedInstance>> {
        self.call(op::DESCRIBE_INSTANCE, self.inner.describe(instance)).await
    }

    async fn protection(&self, instance: &InstanceId) -> PortResult<Protection> {
        self.call(op::PROTECTION, self.inner.protection(instance)).await
    }

    async fn set_termination_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()> {
        self.call(op::SET_TERMINATION_PROTECTION, self.inner.set_termination_protection(instance, on)).await
    }

    async fn set_stop_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()> {
        self.call(op::SET_STOP_PROTECTION, self.inner.set_stop_protection(instance, on)).await
    }

    async fn keep_volumes(&self, instance: &InstanceId, devices: &[String]) -> PortResult<()> {
        self.call(op::KEEP_VOLUMES, self.inner.keep_volumes(instance, devices)).await
    }

    async fn stop(&self, instance: &InstanceId, hibernate: bool) -> PortResult<()> {
        self.call(op::STOP, self.inner.stop(instance, hibernate)).await
    }

    async fn tag(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<()> {
        self.call(op::TAG, self.inner.tag(instance, incident)).await
    }

    async fn profile_association(&self, instance: &InstanceId) -> PortResult<Option<ProfileAssociation>> {
        self.call(op::PROFILE_ASSOCIATION, self.inner.profile_association(instance)).await
    }

    async fn disassociate_profile(&self, association: &ProfileAssociation) -> PortResult<()> {
        self.call(op::DISASSOCIATE_PROFILE, self.inner.disassociate_profile(association)).await
    }
}

#[async_trait]
impl Network for Faulty<dyn Network> {
    async fn interfaces(&self, instance: &InstanceId) -> PortResult<Vec<ObservedInterface>> {
        self.call(op::INTERFACES, self.inner.interfaces(instance)).await
    }

    async fn quarantine_groups(&self) -> PortResult<Vec<ObservedSecurityGroup>> {
        self.call(op::QUARANTINE_GROUPS, self.inner.quarantine_groups()).await
    }

    async fn create_quarantine_group(&self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>> {
        self.call(op::CREATE_QUARANTINE_GROUP, self.inner.create_quarantine_group(vpc)).await
    }

    async fn empty_quarantine_group(&self, group: &SecurityGroupId) -> PortResult<()> {
        self.call(op::EMPTY_QUARANTINE_GROUP, self.inner.empty_quarantine_group(group)).await
    }

    async fn revoke_default_rules(&self, group: &SecurityGroupId) -> PortResult<()> {
        self.call(op::REVOKE_DEFAULT_RULES, self.inner.revoke_default_rules(group)).await
    }

    async fn set_only_group(&self, interface: &InterfaceId, group: &SecurityGroupId) -> PortResult<()> {
        self.call(op::SET_ONLY_GROUP, self.inner.set_only_group(interface, group)).await
    }
}

#[async_trait]
impl Groups for Faulty<dyn Groups> {
    async fn membership(&self, instance: &InstanceId) -> PortResult<Option<Membership>> {
        self.call(op::MEMBERSHIP, self.inner.membership(instance)).await
    }

    async fn describe(&self, group: &GroupName) -> PortResult<Option<ObservedGroup>> {
        self.call(op::DESCRIBE_GROUP, self.inner.describe(group)).await
    }

    async fn detach(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.call(op::DETACH, self.inner.detach(instance, group)).await
    }

    async fn enter_standby(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.call(op::ENTER_STANDBY, self.inner.enter_standby(instance, group)).await
    }
}

#[async_trait]
impl Targets for Faulty<dyn Targets> {
    async fn groups(&self) -> PortResult<Vec<TargetGroupArn>> {
        self.call(op::TARGET_GROUPS, self.inner.groups()).await
    }

    async fn registrations(&self, instance: &InstanceId, groups: &[TargetGroupArn]) -> PortResult<Vec<Target>> {
        self.call(op::REGISTRATIONS, self.inner.registrations(instance, groups)).await
    }

    async fn deregister(&self, target: &Target) -> PortResult<()> {
        self.call(op::DEREGISTER, self.inner.deregister(target)).await
    }
}

#[async_trait]
impl Snapshots for Faulty<dyn Snapshots> {
    async fn of_incident(&self, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>> {
        self.call(op::OF_INCIDENT, self.inner.of_incident(incident)).await
    }

    async fn create(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<Vec<ObservedSnapshot>> {
        self.call(op::CREATE_SNAPSHOTS, self.inner.create(instance, incident)).await
    }
}

#[async_trait]
impl Roles for Faulty<dyn Roles> {
    async fn of_profile(&self, profile_arn: &str) -> PortResult<Option<ObservedRole>> {
        self.call(op::OF_PROFILE, self.inner.of_profile(profile_arn)).await
    }

    async fn put_inline_policy(&self, role: &str, policy: &str, document: &str) -> PortResult<()> {
        self.call(op::PUT_INLINE_POLICY, self.inner.put_inline_policy(role, policy, document)).await
    }

    async fn inline_policy(&self, role: &str, policy: &str) -> PortResult<Option<String>> {
        self.call(op::INLINE_POLICY, self.inner.inline_policy(role, policy)).await
    }
}
