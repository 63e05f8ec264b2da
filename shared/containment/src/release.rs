//! Planning a release: what of a containment is undone, in which order, and when it must not be. Pure.

use crate::assess::{INCIDENT_TAG, Seen};
use crate::ids::{GroupName, SecurityGroupId};
use crate::incident::{Incident, IncidentState, StepStatus};
use crate::observed::{
    Lifecycle, ObservedGroup, ObservedInstance, ObservedInterface, ObservedSecurityGroup, PowerState,
};
use crate::prior::PriorState;
use crate::snapshot_lock::SnapshotLock;
use crate::step::{Step, Undo};
use crate::{plan::Omission, quarantine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// In the order in which steps are undone. Nothing is reachable before the network is, the network is while the instance
/// still stands stopped, and load balancers send it work last. Protection goes last of all: until then a mistake is cheap.
pub const ORDER: [Step; 7] = [
    Step::RevokeCredentials,
    Step::QuarantineNetwork,
    Step::StopInstance,
    Step::DetachFromGroup,
    Step::DeregisterTargets,
    Step::ProtectEvidence,
    Step::TagInstance,
];

/// One thing that isn't as Cordon left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{what}: left {left}, found {found}")]
pub struct Difference {
    pub what: String,
    pub left: String,
    pub found: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasePlan {
    /// Steps to undo, in order.
    pub steps: Vec<Step>,
    pub not_needed: Vec<Omission>,
    /// What a release cannot bring back.
    pub lost: Vec<String>,
    /// Locks on snapshots, which a release leaves as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<SnapshotLock>,
    /// Differences that the operator accepted.
    pub accepted: Vec<Difference>,
}

/// Why a release is not begun. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ReleaseRefusal {
    #[error("nothing was contained: the incident is {state}")]
    NothingContained { state: String },
    #[error("it is released already")]
    AlreadyReleased,
    #[error("its containment is not finished (state {state}); wait a minute and look again with cordon show")]
    StillContaining { state: String },
    #[error("the instance is still stopping; release it once it has stopped")]
    StillStopping,
    #[error("the instance no longer exists: there is nothing to release")]
    InstanceGone,
    #[error(
        "the instance is not as Cordon left it: {}; look who changed it, then repeat with --accept-drift",
        list(differences)
    )]
    Drifted { differences: Vec<Difference> },
    #[error(
        "its tag {INCIDENT_TAG} is {found} instead of {wanted}, and without that tag the role that releases may not touch it; look who changed it, set the tag again, then repeat"
    )]
    Untagged { wanted: String, found: String },
    #[error(
        "its Auto Scaling group {group} no longer exists; with --accept-drift it is released as a standalone instance"
    )]
    GroupGone { group: GroupName },
    #[error(
        "its Auto Scaling group {group} is full (desired {desired}, max {max}); raise its maximum or lower its desired capacity, or release it as a standalone instance with --accept-drift"
    )]
    GroupFull { group: GroupName, desired: u32, max: u32 },
    #[error("another run is at this incident; look again in a minute")]
    InProgress,
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl ReleaseRefusal {
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingContained { .. } => "nothing-contained",
            Self::AlreadyReleased => "already-released",
            Self::StillContaining { .. } => "still-containing",
            Self::StillStopping => "still-stopping",
            Self::InstanceGone => "instance-gone",
            Self::Drifted { .. } => "drifted",
            Self::Untagged { .. } => "untagged",
            Self::GroupGone { .. } => "group-gone",
            Self::GroupFull { .. } => "group-full",
            Self::InProgress => "in-progress",
        }
    }
}

/// Plans the release of `incident`, of which AWS shows `seen`; `group` is the group that it was detached from, as it is
/// now. A release that was begun before goes on where it stands.
pub fn plan_release(
    incident: &Incident,
    seen: &Seen,
    group: Option<&ObservedGroup>,
    accept_drift: bool,
) -> Result<ReleasePlan, ReleaseRefusal> {
    let prior = may_release(incident)?;
    let instance = seen.instance.as_ref().filter(|instance| exists(instance)).ok_or(ReleaseRefusal::InstanceGone)?;
    if instance.state == PowerState::Stopping {
        return Err(ReleaseRefusal::StillStopping);
    }
    is_tagged(incident, instance)?;
    let differences = differences(incident, prior, seen, instance);
    if !differences.is_empty() && !accept_drift {
        return Err(ReleaseRefusal::Drifted { differences });
    }
    let kept = incident.locks.snapshots.clone();
    let mut plan = ReleasePlan { lost: lost(incident, prior), kept, accepted: differences, ..ReleasePlan::default() };
    for step in ORDER {
        let why = match needed(step, incident, prior) {
            Ok(()) if step == Step::DetachFromGroup => without_group(prior, seen, group, accept_drift)?,
            Ok(()) => None,
            Err(why) => Some(why.to_owned()),
        };
        match why {
            None => plan.steps.push(step),
            Some(why) => plan.not_needed.push(Omission { step, why }),
        }
    }
    Ok(plan)
}

fn exists(instance: &ObservedInstance) -> bool {
    !matches!(instance.state, PowerState::Terminated | PowerState::ShuttingDown)
}

/// Whether a release may be asked for, by what is on record. What AWS shows then may still stand in its way.
pub fn can_be_released(incident: &Incident) -> bool {
    may_release(incident).is_ok()
}

fn may_release(incident: &Incident) -> Result<&PriorState, ReleaseRefusal> {
    let state = || incident.state.name().to_owned();
    match incident.state {
        IncidentState::Released => Err(ReleaseRefusal::AlreadyReleased),
        IncidentState::Observed | IncidentState::Refused { .. } => {
            Err(ReleaseRefusal::NothingContained { state: state() })
        }
        IncidentState::Committed | IncidentState::Isolated => Err(ReleaseRefusal::StillContaining { state: state() }),
        IncidentState::Settling
        | IncidentState::Contained
        | IncidentState::Partial { .. }
        | IncidentState::ReleasePartial { .. } => {
            incident.prior.as_ref().ok_or_else(|| ReleaseRefusal::NothingContained { state: state() })
        }
    }
}

/// The role that releases may only touch instances that carry an incident's tag. The tag goes last.
fn is_tagged(incident: &Incident, instance: &ObservedInstance) -> Result<(), ReleaseRefusal> {
    let found = instance.tags.get(INCIDENT_TAG).map_or("none", String::as_str);
    let is_last =
        incident.release.as_ref().is_some_and(|release| release.left().iter().all(|step| *step == Step::TagInstance));
    if found == incident.id.as_str() || is_last {
        return Ok(());
    }
    Err(ReleaseRefusal::Untagged { wanted: incident.id.to_string(), found: found.to_owned() })
}

/// The steps that a release begun now goes through, in order. Each is undone again or seen undone, also one that an earlier
/// attempt undid: somebody may have changed it since. Only once the tag is gone is nothing else within reach.
pub fn steps_to_undo(incident: &Incident, plan: &ReleasePlan, seen: &Seen) -> Vec<Step> {
    let tags = seen.instance.as_ref().map(|instance| &instance.tags);
    let tagged = tags.is_some_and(|tags| tags.get(INCIDENT_TAG).is_some_and(|tag| tag == incident.id.as_str()));
    let only_tag = |step: &&Step| tagged || **step == Step::TagInstance;
    plan.steps.iter().filter(only_tag).copied().collect()
}

/// Whether there is anything to undo of a step.
fn needed(step: Step, incident: &Incident, prior: &PriorState) -> Result<(), &'static str> {
    if !incident.steps.contains_key(&step) {
        return Err("the containment did not include it");
    }
    let ran = matches!(prior.power, PowerState::Running | PowerState::Pending);
    match step.undo() {
        Undo::Keep => Err("it stays: it is the record"),
        Undo::RestoreCredentials if prior.profile_arn.is_none() => Err("it had no instance profile"),
        Undo::StartInstance if !ran => Err("it was not running before"),
        Undo::AttachToGroup if prior.membership.is_none() => Err("it was in no Auto Scaling group"),
        Undo::AttachToGroup if !ran => Err("a group takes running instances only, and it was not running before"),
        Undo::RegisterTargets if prior.targets.as_ref().is_none_or(Vec::is_empty) => {
            Err("it was registered in no target group but its own group's")
        }
        _ => Ok(()),
    }
}

/// Why it goes back without its group, where the operator accepts that.
fn without_group(
    prior: &PriorState,
    seen: &Seen,
    group: Option<&ObservedGroup>,
    accept_drift: bool,
) -> Result<Option<String>, ReleaseRefusal> {
    let Some(name) = prior.membership.as_ref().map(|membership| &membership.group) else { return Ok(None) };
    let refusal = match group {
        None => ReleaseRefusal::GroupGone { group: name.clone() },
        // It never left, or is back already: no place is needed for it.
        Some(_) if seen.membership.as_ref().is_some_and(|now| now.group == *name) => return Ok(None),
        Some(group) if group.desired.saturating_add(1) > group.max => {
            ReleaseRefusal::GroupFull { group: name.clone(), desired: group.desired, max: group.max }
        }
        Some(_) => return Ok(None),
    };
    if accept_drift { Ok(Some(format!("its group {name} is gone or full, which was accepted"))) } else { Err(refusal) }
}

fn lost(incident: &Incident, prior: &PriorState) -> Vec<String> {
    let mut lost = Vec::new();
    if incident.steps.contains_key(&Step::StopInstance) {
        if let Some(address) = &prior.public_ipv4 {
            lost.push(format!("its public IPv4 address {address}, unless that is an Elastic IP"));
        }
        if !prior.hibernation_configured {
            lost.push("the contents of its memory".to_owned());
        }
        lost.push("the contents of any instance store volumes".to_owned());
    }
    if prior.membership.as_ref().is_some_and(|membership| membership.protected_from_scale_in) {
        lost.push("its scale-in protection, which ends when an instance leaves its group".to_owned());
    }
    lost
}

/// Everything that isn't as the containment, or an earlier part of this release, left it.
fn differences(incident: &Incident, prior: &PriorState, seen: &Seen, instance: &ObservedInstance) -> Vec<Difference> {
    let begun = incident.release.is_some();
    let mut all = Vec::new();
    let mut differ = |what: String, left: &str, found: &str| {
        all.push(Difference { what, left: left.to_owned(), found: found.to_owned() });
    };
    let ready = quarantine::ready(&seen.quarantine_groups);
    // Another VPC's group, which anybody there may just be making, says nothing of this instance.
    let holds = |group: &&ObservedSecurityGroup| seen.interfaces.iter().any(|interface| interface.vpc == group.vpc);
    for group in seen.quarantine_groups.iter().filter(|group| !group.is_empty()).filter(holds) {
        differ(format!("quarantine group {}", group.id), "without rules", "with rules");
    }
    for group in &seen.gone_groups {
        differ(format!("former security group {group}"), "there", "deleted");
    }
    for interface in &seen.interfaces {
        let Some(before) = prior.interfaces.iter().find(|known| known.id == interface.id) else {
            differ(format!("interface {}", interface.id), "not attached", "attached");
            continue;
        };
        let restored =
            interface.groups == before.groups || former_groups(before, &seen.gone_groups) == interface.groups;
        let quarantined = ready.get(&interface.vpc).is_some_and(|group| interface.groups == [group.clone()]);
        let as_left = match incident.status(Step::QuarantineNetwork) {
            _ if interface.managed_by.is_some() => restored,
            Some(StepStatus::Done) if !begun => quarantined,
            _ => quarantined || restored,
        };
        if !as_left {
            let left = if begun { "in quarantine or as before" } else { "in its quarantine group only" };
            differ(format!("interface {}", interface.id), left, &format!("in {}", names(interface)));
        }
    }
    for interface in prior.interfaces.iter().filter(|known| !seen.interfaces.iter().any(|now| now.id == known.id)) {
        differ(format!("interface {}", interface.id), "attached", "not attached");
    }
    let was_stopped = incident.status(Step::StopInstance) == Some(&StepStatus::Done);
    if was_stopped && !begun && instance.state != PowerState::Stopped {
        differ("power".to_owned(), "stopped", "running");
    }
    if let (Some(before), Some(now)) = (&prior.profile_arn, &instance.profile_arn)
        && before != now
    {
        differ("instance profile".to_owned(), before, now);
    } else if let (None, Some(now)) = (&prior.profile_arn, &instance.profile_arn) {
        differ("instance profile".to_owned(), "none", now);
    }
    for volume in &instance.volumes {
        if !prior.volumes.iter().any(|known| known.id == volume.id) {
            differ(format!("volume {}", volume.id), "not attached", "attached");
        }
    }
    for volume in prior.volumes.iter().filter(|known| !instance.volumes.iter().any(|now| now.id == known.id)) {
        differ(format!("volume {}", volume.id), "attached", "not attached");
    }
    if let Some(now) = &seen.membership {
        let back = begun && prior.membership.as_ref().is_some_and(|before| before.group == now.group);
        let leaving = matches!(now.lifecycle, Lifecycle::Detaching | Lifecycle::Detached | Lifecycle::Standby);
        let left =
            matches!(incident.status(Step::DetachFromGroup), Some(StepStatus::Done | StepStatus::Waiting { .. }));
        if left && !back && !leaving {
            differ("Auto Scaling group".to_owned(), "none", now.group.as_str());
        }
    }
    all
}

/// The groups that an interface was in, without those that were deleted: each only ever let traffic in or out, so without
/// one the interface reaches less.
pub fn former_groups(before: &ObservedInterface, gone: &BTreeSet<SecurityGroupId>) -> Vec<SecurityGroupId> {
    before.groups.iter().filter(|group| !gone.contains(group)).cloned().collect()
}

fn names(interface: &ObservedInterface) -> String {
    interface.groups.iter().map(|group| group.as_str()).collect::<Vec<_>>().join(" ")
}
