//! The two-step group swap for tracked connections. A flow that rules for everything admit, both ways, is not tracked: an
//! interface that passes through a group of such rules leaves its flows to the rules alone, and the empty group then cuts
//! them. Best effort, since AWS's pages disagree on the effect. While it is in that group everything may reach it, so
//! whatever is cut short is ended by the way back into quarantine, before anything else and without another attempt.

use crate::ids::{InterfaceId, SecurityGroupId, VpcId};
use crate::incident::{Incident, StepStatus};
use crate::observed::{ObservedAllowAllGroup, ObservedInterface, ObservedSecurityGroup, OpenRule};
use crate::quarantine;
use crate::step::Step;
use std::collections::BTreeSet;

/// Beside [`quarantine::GROUP_NAME`]: one a VPC, without members but in the moment of a swap.
pub const GROUP_NAME: &str = "cordon-allow-all";
pub const GROUP_DESCRIPTION: &str = "Cordon: open both ways, for the moment of a group swap. No members else";
pub const GROUP_TAG: &str = "cordon:allow-all";
pub const GROUP_TAG_VALUE: &str = "true";

/// Whether the allow-all group of one VPC may be passed through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    Ready(SecurityGroupId),
    Missing,
    Lacking(SecurityGroupId, Vec<OpenRule>),
    /// It has rules that Cordon never makes: somebody uses it, or it would not leave flows untracked.
    Altered(SecurityGroupId),
    /// Somebody else made a group of this name: without the tag it isn't ours, and our role may not use it.
    Squatted(SecurityGroupId),
}

pub fn readiness(vpc: &VpcId, groups: &[ObservedAllowAllGroup]) -> Readiness {
    let Some(group) = groups.iter().find(|group| group.vpc == *vpc) else { return Readiness::Missing };
    let lacking: Vec<OpenRule> = OpenRule::ALL.into_iter().filter(|rule| !group.open.contains(rule)).collect();
    let id = group.id.clone();
    match (group.tagged, group.has_others, lacking.is_empty()) {
        (false, _, _) => Readiness::Squatted(id),
        (true, true, _) => Readiness::Altered(id),
        (true, false, false) => Readiness::Lacking(id, lacking),
        (true, false, true) => Readiness::Ready(id),
    }
}

/// What whoever takes an incident up has to do about the step. Never to begin it, or to begin it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// It is not in the plan, or its end is on record.
    Nothing,
    /// No interface has left quarantine for it.
    NeverBegun,
    /// Interfaces may be open: the way back comes first, whatever AWS shows.
    PutBack,
}

pub fn resume(incident: &Incident) -> Resume {
    match incident.status(Step::UntrackConnections) {
        None | Some(StepStatus::Done | StepStatus::Failed { .. }) => Resume::Nothing,
        Some(StepStatus::Planned) => Resume::NeverBegun,
        Some(StepStatus::Waiting { .. }) => Resume::PutBack,
    }
}

impl Resume {
    /// The step's end, once every interface was put back and seen in quarantine, or is gone with its instance.
    pub fn end(self, is_gone: bool) -> Option<StepStatus> {
        match self {
            Self::Nothing => None,
            Self::NeverBegun => Some(StepStatus::failed("not begun: the run that was to take it ended before")),
            Self::PutBack if is_gone => Some(StepStatus::failed("interrupted, and the instance is gone")),
            Self::PutBack => Some(StepStatus::failed(
                "interrupted: every interface was put back and seen in its empty quarantine group; what was tracked may \
                 live on, and it is not taken again",
            )),
        }
    }
}

/// Of the interfaces that were moved, those that AWS does not show in their empty quarantine group and nowhere else.
pub fn not_back(
    moved: &BTreeSet<InterfaceId>,
    shown: &[ObservedInterface],
    groups: &[ObservedSecurityGroup],
) -> BTreeSet<InterfaceId> {
    let outside = quarantine::outside(shown, groups);
    let is_back = |id: &&InterfaceId| shown.iter().any(|one| one.id == **id) && !outside.contains(id);
    moved.iter().filter(|id| !is_back(id)).cloned().collect()
}
