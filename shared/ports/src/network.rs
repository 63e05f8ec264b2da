use crate::PortResult;
use async_trait::async_trait;
use containment::ids::{InterfaceId, SecurityGroupId, VpcId};
use containment::observed::{ObservedAllowAllGroup, ObservedInterface, ObservedSecurityGroup, OpenRule};
use signal::InstanceId;
use std::collections::BTreeSet;

#[async_trait]
pub trait Network: Send + Sync {
    /// Every interface attached to the instance, managed ones included (DescribeNetworkInterfaces by attachment).
    async fn interfaces(&self, instance: &InstanceId) -> PortResult<Vec<ObservedInterface>>;

    /// Security groups with the quarantine group's name, in every VPC, with the count of their rules.
    async fn quarantine_groups(&self) -> PortResult<Vec<ObservedSecurityGroup>>;

    /// Those of the groups that exist.
    async fn existing(&self, groups: &[SecurityGroupId]) -> PortResult<BTreeSet<SecurityGroupId>>;

    /// Makes the quarantine group of a VPC. Another process may have made it meanwhile: then the answer is
    /// `None`. The new group still has AWS's default rules.
    async fn create_quarantine_group(&self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>>;

    /// Revokes every rule of the group, both ways. The caller reads back whether it is empty.
    async fn empty_quarantine_group(&self, group: &SecurityGroupId) -> PortResult<()>;

    /// Revokes the rules that AWS gives a new group (all egress, IPv4 and IPv6), without reading first.
    async fn revoke_default_rules(&self, group: &SecurityGroupId) -> PortResult<()>;

    /// Security groups with the allow-all group's name, in every VPC, with what their rules admit.
    async fn allow_all_groups(&self) -> PortResult<Vec<ObservedAllowAllGroup>>;

    /// Makes the allow-all group of a VPC, with AWS's default rules alone. Another process may have made it meanwhile: then
    /// the answer is `None`.
    async fn create_allow_all_group(&self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>>;

    /// Adds these rules to an allow-all group. One that is there already is what was wanted.
    async fn open_allow_all_group(&self, group: &SecurityGroupId, rules: &[OpenRule]) -> PortResult<()>;

    /// Puts the interface into these groups (at least one) and no others.
    async fn set_groups(&self, interface: &InterfaceId, groups: &[SecurityGroupId]) -> PortResult<()>;
}
