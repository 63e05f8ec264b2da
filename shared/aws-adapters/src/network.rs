use crate::allow_all;
use crate::error::map;
use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, Ipv6Range, NetworkInterface, ResourceType, SecurityGroup, Tag, TagSpecification,
};
use containment::ids::{InterfaceId, SecurityGroupId, VpcId};
use containment::observed::{ObservedAllowAllGroup, ObservedInterface, ObservedSecurityGroup, OpenRule};
use containment::{quarantine, untracking};
use futures::future::join_all;
use ports::{ErrorKind, Network, PortError, PortResult};
use signal::InstanceId;
use std::collections::BTreeSet;

const INTERFACES: &str = "ec2:DescribeNetworkInterfaces";
const GROUPS: &str = "ec2:DescribeSecurityGroups";
const REVOKE_EGRESS: &str = "ec2:RevokeSecurityGroupEgress";
const REVOKE_INGRESS: &str = "ec2:RevokeSecurityGroupIngress";
/// As many as a filter takes.
const FILTER_VALUES: usize = 200;

pub(crate) struct Ec2Network {
    client: Client,
}

impl Ec2Network {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    async fn groups_named<T>(&self, name: &str, read: impl Fn(&SecurityGroup) -> PortResult<T>) -> PortResult<Vec<T>> {
        let filter = Filter::builder().name("group-name").values(name).build();
        let mut pages = self.client.describe_security_groups().filters(filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for group in page.map_err(map(GROUPS))?.security_groups() {
                found.push(read(group)?);
            }
        }
        Ok(found)
    }

    /// A group that is tagged as it is made; `None` where the VPC has one of this name.
    async fn create_group(
        &self,
        vpc: &VpcId,
        name: &str,
        description: &str,
        tag: Tag,
    ) -> PortResult<Option<SecurityGroupId>> {
        let tags = TagSpecification::builder().resource_type(ResourceType::SecurityGroup).tags(tag).build();
        let call = self.client.create_security_group().group_name(name).description(description);
        match call.vpc_id(vpc.as_str()).tag_specifications(tags).send().await.map_err(map("ec2:CreateSecurityGroup")) {
            Ok(answer) => Ok(answer.group_id().map(SecurityGroupId::new)),
            Err(error) if error.code.as_deref() == Some("InvalidGroup.Duplicate") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A rule that isn't there any more is what was wanted.
    async fn revoke_egress(&self, group: &SecurityGroupId, rules: Vec<IpPermission>) -> PortResult<()> {
        let call = self.client.revoke_security_group_egress().group_id(group.as_str()).set_ip_permissions(Some(rules));
        call.send().await.map(|_| ()).map_err(map(REVOKE_EGRESS)).or_else(gone_is_done)
    }

    async fn revoke_ingress(&self, group: &SecurityGroupId, rules: Vec<IpPermission>) -> PortResult<()> {
        let call = self.client.revoke_security_group_ingress().group_id(group.as_str()).set_ip_permissions(Some(rules));
        call.send().await.map(|_| ()).map_err(map(REVOKE_INGRESS)).or_else(gone_is_done)
    }
}

fn gone_is_done(error: PortError) -> PortResult<()> {
    if error.code.as_deref() == Some("InvalidPermission.NotFound") { Ok(()) } else { Err(error) }
}

#[async_trait]
impl Network for Ec2Network {
    async fn interfaces(&self, instance: &InstanceId) -> PortResult<Vec<ObservedInterface>> {
        let filter = Filter::builder().name("attachment.instance-id").values(instance.as_str()).build();
        let mut pages = self.client.describe_network_interfaces().filters(filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for interface in page.map_err(map(INTERFACES))?.network_interfaces() {
                found.push(observed_interface(interface)?);
            }
        }
        Ok(found)
    }

    async fn quarantine_groups(&self) -> PortResult<Vec<ObservedSecurityGroup>> {
        self.groups_named(quarantine::GROUP_NAME, observed_group).await
    }

    async fn existing(&self, groups: &[SecurityGroupId]) -> PortResult<BTreeSet<SecurityGroupId>> {
        let mut found = BTreeSet::new();
        for some in groups.chunks(FILTER_VALUES) {
            // A filter leaves out what is gone; naming the groups themselves would fail on the first of them.
            let ids = some.iter().map(|group| group.as_str().to_owned()).collect();
            let filter = Filter::builder().name("group-id").set_values(Some(ids)).build();
            let mut pages = self.client.describe_security_groups().filters(filter).into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(map(GROUPS))?;
                found.extend(
                    page.security_groups().iter().filter_map(|group| group.group_id()).map(SecurityGroupId::new),
                );
            }
        }
        Ok(found)
    }

    async fn create_quarantine_group(&self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>> {
        let tag = Tag::builder().key(quarantine::GROUP_TAG).value(quarantine::GROUP_TAG_VALUE).build();
        self.create_group(vpc, quarantine::GROUP_NAME, quarantine::GROUP_DESCRIPTION, tag).await
    }

    async fn empty_quarantine_group(&self, group: &SecurityGroupId) -> PortResult<()> {
        let answer =
            self.client.describe_security_groups().group_ids(group.as_str()).send().await.map_err(map(GROUPS))?;
        let Some(shown) = answer.security_groups().first() else { return Ok(()) };
        let (ingress, egress) = (shown.ip_permissions().to_vec(), shown.ip_permissions_egress().to_vec());
        let (ingress, egress) = tokio::join!(
            async { if ingress.is_empty() { Ok(()) } else { self.revoke_ingress(group, ingress).await } },
            async { if egress.is_empty() { Ok(()) } else { self.revoke_egress(group, egress).await } },
        );
        ingress.and(egress)
    }

    async fn revoke_default_rules(&self, group: &SecurityGroupId) -> PortResult<()> {
        let all = || IpPermission::builder().ip_protocol("-1");
        let ipv4 = all().ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build()).build();
        let ipv6 = all().ipv6_ranges(Ipv6Range::builder().cidr_ipv6("::/0").build()).build();
        // Two calls: in a VPC without IPv6 the second rule doesn't exist, and one call would then revoke neither.
        let (ipv4, ipv6) = tokio::join!(self.revoke_egress(group, vec![ipv4]), self.revoke_egress(group, vec![ipv6]));
        match (ipv4, ipv6) {
            (Err(error), _) | (_, Err(error)) if error.kind != ErrorKind::Rejected => Err(error),
            _ => Ok(()),
        }
    }

    async fn allow_all_groups(&self) -> PortResult<Vec<ObservedAllowAllGroup>> {
        self.groups_named(untracking::GROUP_NAME, allow_all::observed).await
    }

    async fn create_allow_all_group(&self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>> {
        let tag = Tag::builder().key(untracking::GROUP_TAG).value(untracking::GROUP_TAG_VALUE).build();
        self.create_group(vpc, untracking::GROUP_NAME, untracking::GROUP_DESCRIPTION, tag).await
    }

    async fn open_allow_all_group(&self, group: &SecurityGroupId, rules: &[OpenRule]) -> PortResult<()> {
        let added = rules.iter().map(|rule| allow_all::authorize(&self.client, group, *rule));
        join_all(added).await.into_iter().collect()
    }

    async fn set_groups(&self, interface: &InterfaceId, groups: &[SecurityGroupId]) -> PortResult<()> {
        let groups = groups.iter().map(|group| group.as_str().to_owned()).collect();
        let call = self.client.modify_network_interface_attribute().network_interface_id(interface.as_str());
        let call = call.set_groups(Some(groups));
        call.send().await.map(|_| ()).map_err(map("ec2:ModifyNetworkInterfaceAttribute"))
    }
}

fn observed_interface(interface: &NetworkInterface) -> PortResult<ObservedInterface> {
    let missing = |what| PortError::unreadable(INTERFACES, format!("an interface without {what}"));
    let operator = interface.operator().filter(|operator| operator.managed().unwrap_or_default());
    let managed_by = match operator {
        Some(operator) => Some(operator.principal().unwrap_or("a service").to_owned()),
        None if interface.requester_managed().unwrap_or_default() => {
            Some(interface.requester_id().unwrap_or("a service").to_owned())
        }
        None => None,
    };
    let groups = interface.groups().iter().filter_map(|group| group.group_id()).map(SecurityGroupId::new);
    Ok(ObservedInterface {
        id: InterfaceId::new(interface.network_interface_id().ok_or_else(|| missing("an id"))?),
        vpc: VpcId::new(interface.vpc_id().ok_or_else(|| missing("a VPC"))?),
        subnet: interface.subnet_id().unwrap_or_default().to_owned(),
        device_index: interface.attachment().and_then(|attachment| attachment.device_index()).unwrap_or_default(),
        groups: groups.collect(),
        managed_by,
    })
}

fn observed_group(group: &SecurityGroup) -> PortResult<ObservedSecurityGroup> {
    let (Some(id), Some(vpc)) = (group.group_id(), group.vpc_id()) else {
        return Err(PortError::unreadable(GROUPS, "a security group without an id or a VPC"));
    };
    let is_ours =
        |tag: &Tag| tag.key() == Some(quarantine::GROUP_TAG) && tag.value() == Some(quarantine::GROUP_TAG_VALUE);
    let tagged = group.tags().iter().any(is_ours);
    Ok(ObservedSecurityGroup {
        id: SecurityGroupId::new(id),
        vpc: VpcId::new(vpc),
        tagged,
        ingress_rules: group.ip_permissions().len(),
        egress_rules: group.ip_permissions_egress().len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::OperatorResponse;
    use aws_sdk_ec2::types::builders::NetworkInterfaceBuilder;

    fn interface() -> NetworkInterfaceBuilder {
        NetworkInterface::builder().network_interface_id("eni-1").vpc_id("vpc-1")
    }

    #[test]
    fn an_interface_that_a_service_manages_names_its_service() {
        let managed_by =
            |interface: NetworkInterfaceBuilder| observed_interface(&interface.build()).unwrap().managed_by;
        assert_eq!(managed_by(interface()), None);
        let requester = interface().requester_managed(true).requester_id("amazon-elb");
        assert_eq!(managed_by(requester).as_deref(), Some("amazon-elb"));
        let operator = OperatorResponse::builder().managed(true).principal("eks.amazonaws.com").build();
        assert_eq!(managed_by(interface().operator(operator)).as_deref(), Some("eks.amazonaws.com"));
        let own = OperatorResponse::builder().managed(false).build();
        assert_eq!(managed_by(interface().operator(own)), None);
    }

    #[test]
    fn an_interface_without_an_id_or_a_vpc_is_unreadable() {
        assert!(observed_interface(&NetworkInterface::builder().vpc_id("vpc-1").build()).is_err());
        assert!(observed_interface(&NetworkInterface::builder().network_interface_id("eni-1").build()).is_err());
    }

    #[test]
    fn a_quarantine_group_is_told_by_its_tag_and_counted_both_ways() {
        let group = |value: &str| {
            let rule = IpPermission::builder().ip_protocol("-1").build();
            let tag = Tag::builder().key(quarantine::GROUP_TAG).value(value).build();
            let group = SecurityGroup::builder().group_id("sg-1").vpc_id("vpc-1").tags(tag);
            observed_group(&group.ip_permissions_egress(rule).build()).unwrap()
        };
        let read = group("true");
        assert!(read.tagged && (read.ingress_rules, read.egress_rules) == (0, 1));
        assert!(!group("no").tagged);
        assert!(observed_group(&SecurityGroup::builder().group_id("sg-1").build()).is_err());
    }
}
