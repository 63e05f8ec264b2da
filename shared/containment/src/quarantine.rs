//! The quarantine security group: one a VPC, found by its fixed name, empty both ways.

use crate::ids::{InterfaceId, SecurityGroupId, VpcId};
use crate::observed::{ObservedInterface, ObservedSecurityGroup};
use std::collections::{BTreeMap, BTreeSet};

/// Security group names are unique in a VPC without regard to case, so a second one cannot be made beside it.
pub const GROUP_NAME: &str = "cordon-quarantine";
pub const GROUP_DESCRIPTION: &str = "Cordon quarantine: no traffic in or out";
pub const GROUP_TAG: &str = "cordon:quarantine";
pub const GROUP_TAG_VALUE: &str = "true";

/// What the quarantine group of one VPC needs before an interface may be moved there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    Ready(SecurityGroupId),
    Missing,
    /// It has rules: they must go, and be seen gone, first.
    NotEmpty(ObservedSecurityGroup),
    /// Somebody else made a group of this name: without the tag it isn't ours, and our role may not use it.
    Squatted(SecurityGroupId),
}

pub fn readiness(vpc: &VpcId, groups: &[ObservedSecurityGroup]) -> Readiness {
    match groups.iter().find(|group| group.vpc == *vpc) {
        None => Readiness::Missing,
        Some(group) if !group.tagged => Readiness::Squatted(group.id.clone()),
        Some(group) if !group.is_empty() => Readiness::NotEmpty(group.clone()),
        Some(group) => Readiness::Ready(group.id.clone()),
    }
}

/// Interfaces whose groups are ours to change.
pub fn movable(interfaces: &[ObservedInterface]) -> impl Iterator<Item = &ObservedInterface> {
    interfaces.iter().filter(|interface| interface.managed_by.is_none())
}

pub fn vpcs(interfaces: &[ObservedInterface]) -> BTreeSet<VpcId> {
    movable(interfaces).map(|interface| interface.vpc.clone()).collect()
}

/// The ready group of each VPC.
pub fn ready(groups: &[ObservedSecurityGroup]) -> BTreeMap<VpcId, SecurityGroupId> {
    let usable = groups.iter().filter(|group| group.tagged && group.is_empty());
    usable.map(|group| (group.vpc.clone(), group.id.clone())).collect()
}

/// Interfaces that are not yet in their VPC's empty quarantine group and nothing else.
pub fn outside(interfaces: &[ObservedInterface], groups: &[ObservedSecurityGroup]) -> Vec<InterfaceId> {
    let ready = ready(groups);
    movable(interfaces)
        .filter(|interface| !is_inside(interface, &ready))
        .map(|interface| interface.id.clone())
        .collect()
}

fn is_inside(interface: &ObservedInterface, ready: &BTreeMap<VpcId, SecurityGroupId>) -> bool {
    match (interface.groups.as_slice(), ready.get(&interface.vpc)) {
        ([only], Some(quarantine)) => only == quarantine,
        _ => false,
    }
}
