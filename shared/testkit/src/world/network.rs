//! VPCs and security groups.

use super::World;
use crate::operations::{CREATE_QUARANTINE_GROUP, Operation, SET_ONLY_GROUP};
use containment::ids::{InterfaceId, SecurityGroupId, VpcId};
use containment::observed::ObservedSecurityGroup;
use containment::quarantine::GROUP_NAME;
use ports::{ErrorKind, PortResult};
use signal::InstanceId;
use time::OffsetDateTime;

#[derive(Debug, Clone, Copy)]
pub struct Vpc {
    /// A new security group then allows all IPv6 egress as well.
    pub ipv6: bool,
}

#[derive(Debug, Clone)]
pub struct SecurityGroup {
    pub name: String,
    pub vpc: VpcId,
    /// Whether it carries the quarantine tag, the condition of Cordon's permissions.
    pub tagged: bool,
    pub ingress_rules: usize,
    /// Those that AWS gives every new group, one for each IP version.
    pub default_egress_rules: usize,
    pub other_egress_rules: usize,
    pub visible_at: OffsetDateTime,
}

impl World {
    /// A group that serves traffic: it has rules both ways.
    pub fn add_security_group(&mut self, vpc: &VpcId, name: &str, tagged: bool) -> SecurityGroupId {
        let id = SecurityGroupId::new(self.new_id("sg"));
        let group = SecurityGroup {
            name: name.to_owned(),
            vpc: vpc.clone(),
            tagged,
            ingress_rules: 1,
            default_egress_rules: 1,
            other_egress_rules: 0,
            visible_at: self.now,
        };
        self.security_groups.insert(id.clone(), group);
        id
    }

    pub fn quarantine_groups(&self) -> Vec<ObservedSecurityGroup> {
        let named = self.security_groups.iter().filter(|(_, group)| group.name == GROUP_NAME);
        let visible = named.filter(|(_, group)| group.visible_at <= self.now);
        let observed = visible.map(|(id, group)| ObservedSecurityGroup {
            id: id.clone(),
            vpc: group.vpc.clone(),
            tagged: group.tagged,
            ingress_rules: group.ingress_rules,
            egress_rules: group.default_egress_rules + group.other_egress_rules,
        });
        observed.collect()
    }

    pub(crate) fn create_quarantine_group(&mut self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>> {
        let Some(of) = self.vpcs.get(vpc).copied() else {
            let message = format!("{vpc} does not exist");
            return Err(CREATE_QUARANTINE_GROUP.error(ErrorKind::Gone, "InvalidVpcID.NotFound", &message));
        };
        let taken = |group: &SecurityGroup| group.vpc == *vpc && group.name.eq_ignore_ascii_case(GROUP_NAME);
        if self.security_groups.values().any(taken) {
            return Ok(None);
        }
        let id = SecurityGroupId::new(self.new_id("sg"));
        let group = SecurityGroup {
            name: GROUP_NAME.to_owned(),
            vpc: vpc.clone(),
            tagged: true,
            ingress_rules: 0,
            default_egress_rules: 1 + usize::from(of.ipv6),
            other_egress_rules: 0,
            visible_at: self.now + self.delays.visibility,
        };
        self.security_groups.insert(id.clone(), group);
        Ok(Some(id))
    }

    /// A group that the role may use: one with the tag.
    pub(crate) fn usable_group(
        &mut self,
        operation: Operation,
        id: &SecurityGroupId,
    ) -> PortResult<&mut SecurityGroup> {
        let group = self.security_groups.get_mut(id).ok_or_else(|| {
            operation.error(ErrorKind::Gone, "InvalidGroup.NotFound", &format!("{id} does not exist"))
        })?;
        if group.tagged {
            return Ok(group);
        }
        Err(operation.error(ErrorKind::Denied, "UnauthorizedOperation", &format!("{id} is not tagged")))
    }

    pub(crate) fn set_only_group(&mut self, id: &InterfaceId, group: &SecurityGroupId) -> PortResult<()> {
        let operation = SET_ONLY_GROUP;
        let interface = self.interfaces.get(id).ok_or_else(|| {
            operation.error(ErrorKind::Gone, "InvalidNetworkInterfaceID.NotFound", &format!("{id} does not exist"))
        })?;
        let (instance, vpc) = (interface.instance.clone(), interface.observed.vpc.clone());
        if let Some(owner) = &interface.observed.managed_by {
            return Err(operation.error(ErrorKind::Denied, "AuthFailure", &format!("{owner} manages {id}")));
        }
        if self.usable_group(operation, group)?.vpc != vpc {
            let message = format!("{id} and {group} belong to different networks");
            return Err(operation.error(ErrorKind::Rejected, "InvalidParameter", &message));
        }
        self.interfaces.entry(id.clone()).and_modify(|interface| interface.observed.groups = vec![group.clone()]);
        self.judge_health_later(&instance);
        Ok(())
    }

    /// Whether no load balancer can reach the instance any more.
    pub(super) fn is_cut_off(&self, instance: &InstanceId) -> bool {
        let mut groups = self.interfaces_of(instance).into_iter().flat_map(|interface| interface.groups);
        groups.all(|group| self.security_groups.get(&group).is_none_or(|group| group.ingress_rules == 0))
    }
}
