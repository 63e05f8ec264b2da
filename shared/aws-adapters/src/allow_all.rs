//! The allow-all group's rules, as EC2 writes them.

use crate::error::map;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, SecurityGroup};
use containment::ids::{SecurityGroupId, VpcId};
use containment::observed::{ObservedAllowAllGroup, OpenRule};
use containment::untracking::{GROUP_TAG, GROUP_TAG_VALUE};
use ports::{PortError, PortResult};
use std::collections::BTreeSet;

const AUTHORIZE_EGRESS: &str = "ec2:AuthorizeSecurityGroupEgress";
const AUTHORIZE_INGRESS: &str = "ec2:AuthorizeSecurityGroupIngress";
const IPV4: &str = "0.0.0.0/0";
const IPV6: &str = "::/0";
const EVERY_PROTOCOL: &str = "-1";

pub(crate) fn observed(group: &SecurityGroup) -> PortResult<ObservedAllowAllGroup> {
    let (Some(id), Some(vpc)) = (group.group_id(), group.vpc_id()) else {
        let missing = "a security group without an id or a VPC";
        return Err(PortError::unreadable("ec2:DescribeSecurityGroups", missing));
    };
    let tagged = group.tags().iter().any(|tag| tag.key() == Some(GROUP_TAG) && tag.value() == Some(GROUP_TAG_VALUE));
    let (ingress, egress) = (group.ip_permissions(), group.ip_permissions_egress());
    let mut open = BTreeSet::new();
    for (permissions, ipv4, ipv6) in
        [(ingress, OpenRule::IngressIpv4, OpenRule::IngressIpv6), (egress, OpenRule::EgressIpv4, OpenRule::EgressIpv6)]
    {
        for permission in permissions.iter().filter(|permission| is_plain(permission)) {
            open.extend((!permission.ip_ranges().is_empty()).then_some(ipv4));
            open.extend((!permission.ipv6_ranges().is_empty()).then_some(ipv6));
        }
    }
    let has_others = !ingress.iter().chain(egress).all(is_plain);
    Ok(ObservedAllowAllGroup { id: SecurityGroupId::new(id), vpc: VpcId::new(vpc), tagged, open, has_others })
}

/// Everything, from or to everywhere, and nothing beside it.
fn is_plain(permission: &IpPermission) -> bool {
    permission.ip_protocol() == Some(EVERY_PROTOCOL)
        && permission.ip_ranges().iter().all(|range| range.cidr_ip() == Some(IPV4))
        && permission.ipv6_ranges().iter().all(|range| range.cidr_ipv6() == Some(IPV6))
        && permission.prefix_list_ids().is_empty()
        && permission.user_id_group_pairs().is_empty()
}

/// One call for one rule: a call whose first rule is there already would add none.
pub(crate) async fn authorize(client: &Client, group: &SecurityGroupId, rule: OpenRule) -> PortResult<()> {
    let ipv4 = IpPermission::builder().ip_protocol(EVERY_PROTOCOL).ip_ranges(IpRange::builder().cidr_ip(IPV4).build());
    let ipv6 =
        IpPermission::builder().ip_protocol(EVERY_PROTOCOL).ipv6_ranges(Ipv6Range::builder().cidr_ipv6(IPV6).build());
    let done = match rule {
        OpenRule::IngressIpv4 | OpenRule::IngressIpv6 => {
            let rule = if rule == OpenRule::IngressIpv4 { ipv4 } else { ipv6 };
            let call = client.authorize_security_group_ingress().group_id(group.as_str()).ip_permissions(rule.build());
            call.send().await.map(|_| ()).map_err(map(AUTHORIZE_INGRESS))
        }
        OpenRule::EgressIpv4 | OpenRule::EgressIpv6 => {
            let rule = if rule == OpenRule::EgressIpv4 { ipv4 } else { ipv6 };
            let call = client.authorize_security_group_egress().group_id(group.as_str()).ip_permissions(rule.build());
            call.send().await.map(|_| ()).map_err(map(AUTHORIZE_EGRESS))
        }
    };
    done.or_else(|error| match error.code.as_deref() {
        Some("InvalidPermission.Duplicate") => Ok(()),
        _ => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::builders::IpPermissionBuilder;
    use aws_sdk_ec2::types::{Tag, UserIdGroupPair};

    fn permission(protocol: &str, ipv4: &[&str], ipv6: &[&str]) -> IpPermissionBuilder {
        let ipv4 = ipv4.iter().map(|range| IpRange::builder().cidr_ip(*range).build()).collect();
        let ipv6 = ipv6.iter().map(|range| Ipv6Range::builder().cidr_ipv6(*range).build()).collect();
        IpPermission::builder().ip_protocol(protocol).set_ip_ranges(Some(ipv4)).set_ipv6_ranges(Some(ipv6))
    }

    fn read(ingress: &[IpPermission], egress: &[IpPermission]) -> ObservedAllowAllGroup {
        let tag = Tag::builder().key(GROUP_TAG).value(GROUP_TAG_VALUE).build();
        let group = SecurityGroup::builder().group_id("sg-1").vpc_id("vpc-1").tags(tag);
        let group = group.set_ip_permissions(Some(ingress.to_vec())).set_ip_permissions_egress(Some(egress.to_vec()));
        observed(&group.build()).unwrap()
    }

    #[test]
    fn each_open_rule_is_told_from_the_others_also_where_ec2_merged_them() {
        let merged = permission("-1", &[IPV4], &[IPV6]).build();
        let both = read(std::slice::from_ref(&merged), std::slice::from_ref(&merged));
        assert!(both.tagged && !both.has_others);
        assert_eq!(both.open, OpenRule::ALL.into());
        let default = read(&[], &[permission("-1", &[IPV4], &[]).build()]);
        assert_eq!((default.open, default.has_others), ([OpenRule::EgressIpv4].into(), false));
    }

    #[test]
    fn any_other_rule_is_said_to_be_there() {
        let pair = UserIdGroupPair::builder().group_id("sg-2").build();
        for other in [
            permission("tcp", &[IPV4], &[]),
            permission("-1", &["10.0.0.0/8"], &[]),
            permission("-1", &[], &["fd00::/8"]),
            permission("-1", &[IPV4], &[]).user_id_group_pairs(pair),
        ] {
            let seen = read(&[other.build()], &[]);
            assert!(seen.has_others && seen.open.is_empty(), "{seen:?}");
        }
    }

    #[test]
    fn a_group_without_the_tag_or_an_id_is_not_taken_for_ours() {
        let group = || SecurityGroup::builder().group_id("sg-1");
        assert!(!observed(&group().vpc_id("vpc-1").build()).unwrap().tagged);
        assert!(observed(&group().build()).is_err());
    }
}
