//! What the instance was before Cordon touched it: journaled with the intent, the only source of a later release.

use crate::ids::{GroupName, TargetGroupArn};
use crate::observed::{
    Membership, ObservedGroup, ObservedInstance, ObservedInterface, ObservedVolume, PowerState, Protection, Target,
};
use serde::{Deserialize, Serialize};
use signal::InstanceId;

/// Enough for a median, and few enough for one item and one read of metrics.
const MOST_PEERS: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorState {
    pub power: PowerState,
    /// Every interface with its groups, managed ones included.
    pub interfaces: Vec<ObservedInterface>,
    pub membership: Option<Membership>,
    pub group: Option<PriorGroup>,
    pub profile_arn: Option<String>,
    pub protection: Protection,
    pub volumes: Vec<ObservedVolume>,
    /// Registrations in target groups that the Auto Scaling group doesn't own. Filled by an event of its own, since
    /// looking them up would hold back the cut; `None` until then.
    pub targets: Option<Vec<Target>>,
    /// A stopped instance loses it for good, unless it is an Elastic IP.
    pub public_ipv4: Option<String>,
    pub hibernation_configured: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorGroup {
    pub name: GroupName,
    pub desired: u32,
    pub min: u32,
    pub max: u32,
    pub target_groups: Vec<TargetGroupArn>,
    /// Other instances in service, for comparison; not all of a large group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<InstanceId>,
}

impl PriorState {
    pub fn of(
        instance: &ObservedInstance,
        interfaces: &[ObservedInterface],
        protection: Protection,
        membership: Option<&Membership>,
        group: Option<&ObservedGroup>,
    ) -> Self {
        Self {
            power: instance.state,
            interfaces: interfaces.to_vec(),
            membership: membership.cloned(),
            group: group.map(|group| PriorGroup {
                name: group.name.clone(),
                desired: group.desired,
                min: group.min,
                max: group.max,
                target_groups: group.target_groups.clone(),
                peers: peers(group, &instance.id),
            }),
            profile_arn: instance.profile_arn.clone(),
            protection,
            volumes: instance.volumes.clone(),
            targets: None,
            public_ipv4: instance.public_ipv4.clone(),
            hibernation_configured: instance.hibernation_configured,
        }
    }

    /// Adds interfaces and volumes that appeared after the first observation (attached by somebody meanwhile): they must be
    /// known before they are touched. Returns whether anything was new.
    pub fn extend(&mut self, interfaces: &[ObservedInterface], volumes: &[ObservedVolume]) -> bool {
        let before = (self.interfaces.len(), self.volumes.len());
        for interface in interfaces {
            if !self.interfaces.iter().any(|known| known.id == interface.id) {
                self.interfaces.push(interface.clone());
            }
        }
        for volume in volumes {
            if !self.volumes.iter().any(|known| known.id == volume.id) {
                self.volumes.push(volume.clone());
            }
        }
        before != (self.interfaces.len(), self.volumes.len())
    }
}

fn peers(group: &ObservedGroup, of: &InstanceId) -> Vec<InstanceId> {
    let others = group.in_service().map(|member| &member.instance).filter(|member| *member != of);
    others.take(MOST_PEERS).cloned().collect()
}
