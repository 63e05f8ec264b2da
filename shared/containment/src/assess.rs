//! Compares what a plan intended with what AWS shows now. The reconciler, a resumed run and the end of a first run
//! all judge by this, so that a killed process and a finished one end in the same state.

use crate::ids::{SecurityGroupId, VolumeId};
use crate::incident::{Incident, StepStatus};
use crate::observed::{
    Lifecycle, Membership, ObservedInstance, ObservedInterface, ObservedSecurityGroup, ObservedSnapshot, PowerState,
    Protection, SnapshotState, Target,
};
use crate::quarantine;
use crate::step::{Need, Step};
use std::collections::BTreeSet;

/// What AWS shows of a contained instance.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// `None` where the instance is gone for good.
    pub instance: Option<ObservedInstance>,
    pub interfaces: Vec<ObservedInterface>,
    pub quarantine_groups: Vec<ObservedSecurityGroup>,
    pub membership: Option<Membership>,
    /// These three are `None` where they could not be read: the steps they tell of are then left as they are.
    pub protection: Option<Protection>,
    pub snapshots: Option<Vec<ObservedSnapshot>>,
    /// Registrations of the targets that the journal holds.
    pub targets: Option<Vec<Target>>,
    /// Former security groups that somebody deleted meanwhile; looked for by a release only.
    pub gone_groups: BTreeSet<SecurityGroupId>,
}

impl Seen {
    fn power(&self) -> PowerState {
        self.instance.as_ref().map_or(PowerState::Terminated, |instance| instance.state)
    }

    pub fn is_gone(&self) -> bool {
        self.power() == PowerState::Terminated
    }

    /// Stopped or gone: no connection survives.
    pub fn is_severed(&self) -> bool {
        matches!(self.power(), PowerState::Stopped | PowerState::Terminated)
    }
}

/// The status of `step` by what AWS shows; `None` where AWS shows nothing of it and the journal's record stands.
pub fn status(step: Step, incident: &Incident, seen: &Seen) -> Option<StepStatus> {
    match step {
        Step::QuarantineNetwork if seen.is_gone() => Some(StepStatus::Done),
        Step::QuarantineNetwork => Some(network(&seen.interfaces, &seen.quarantine_groups)),
        Step::DetachFromGroup => Some(group(seen.membership.as_ref())),
        Step::ProtectEvidence => seen.protection.map(|protection| guarded(seen, protection)),
        // No registration on record means none, or not looked up yet; only the record tells which.
        Step::DeregisterTargets if prior_targets(incident).is_empty() => None,
        Step::DeregisterTargets => seen.targets.as_deref().map(targets),
        Step::SnapshotVolumes => seen.snapshots.as_deref().map(|taken| snapshots(incident, taken)),
        Step::StopInstance => Some(power(seen)),
        Step::TagInstance => Some(tag(incident, seen)),
        Step::UntrackConnections | Step::CaptureMetadata | Step::RevokeCredentials | Step::Notify => None,
    }
}

fn prior_targets(incident: &Incident) -> &[Target] {
    incident.prior.as_ref().and_then(|prior| prior.targets.as_deref()).unwrap_or_default()
}

/// Whether everything that `step` needs has been seen.
pub fn needs_met(step: Step, seen: &Seen) -> Result<(), String> {
    for need in step.needs() {
        match need {
            Need::OutOfGroup if !is_out_of_group(seen.membership.as_ref()) => {
                return Err(
                    "it is still in its Auto Scaling group, which would terminate it and the evidence".to_owned()
                );
            }
            Need::OutOfGroup => {}
            Need::Quarantined => match network(&seen.interfaces, &seen.quarantine_groups) {
                StepStatus::Failed { error } => return Err(error),
                StepStatus::Planned | StepStatus::Waiting { .. } | StepStatus::Done => {}
            },
        }
    }
    Ok(())
}

/// Detaching counts: the group has let go and won't judge its health any more. So does Standby.
pub fn is_out_of_group(membership: Option<&Membership>) -> bool {
    membership.is_none_or(|membership| {
        matches!(membership.lifecycle, Lifecycle::Standby | Lifecycle::Detaching | Lifecycle::Detached)
    })
}

/// Whether every interface is in its VPC's empty quarantine group and in no other. An instance that exists has at
/// least one: seeing none is not having seen it isolated.
pub fn network(interfaces: &[ObservedInterface], groups: &[ObservedSecurityGroup]) -> StepStatus {
    if interfaces.is_empty() {
        return StepStatus::failed("no interface was seen");
    }
    let outside = quarantine::outside(interfaces, groups);
    if !outside.is_empty() {
        let names: Vec<&str> = outside.iter().map(|interface| interface.as_str()).collect();
        return StepStatus::failed(format!("not in an empty quarantine group: {}", names.join(", ")));
    }
    match interfaces.iter().find_map(|interface| Some((&interface.id, interface.managed_by.as_ref()?))) {
        Some((id, owner)) => StepStatus::failed(format!("interface {id} is managed by {owner} and keeps its groups")),
        None => StepStatus::Done,
    }
}

fn group(membership: Option<&Membership>) -> StepStatus {
    match membership.map(|membership| membership.lifecycle) {
        None | Some(Lifecycle::Detached) => StepStatus::Done,
        Some(Lifecycle::Detaching) => StepStatus::waiting("detaching: its target groups drain connections"),
        Some(Lifecycle::Terminating) => StepStatus::waiting("its group is terminating it"),
        Some(Lifecycle::Pending) => StepStatus::waiting("it is pending: a group lets go of in-service instances only"),
        Some(Lifecycle::Standby) => StepStatus::failed("in Standby: out of service, but still its group's"),
        Some(Lifecycle::InService | Lifecycle::Warmed) => StepStatus::failed("still in its Auto Scaling group"),
    }
}

fn guarded(seen: &Seen, protection: Protection) -> StepStatus {
    let Some(instance) = seen.instance.as_ref().filter(|_| !seen.is_gone()) else { return StepStatus::Done };
    let mut open: Vec<String> = Vec::new();
    // EC2 has no termination protection for Spot instances.
    if !protection.termination && !instance.spot {
        open.push("termination protection is off".to_owned());
    }
    let doomed = instance.volumes.iter().filter(|volume| volume.delete_on_termination);
    open.extend(doomed.map(|volume| format!("{} would be deleted on termination", volume.id)));
    if open.is_empty() { StepStatus::Done } else { StepStatus::failed(open.join("; ")) }
}

fn targets(registered: &[Target]) -> StepStatus {
    match (registered.iter().find(|target| !target.draining), registered.first()) {
        (Some(registered), _) => StepStatus::failed(format!("still registered in {}", registered.group)),
        (None, Some(draining)) => StepStatus::waiting(format!("draining in {}", draining.group)),
        (None, None) => StepStatus::Done,
    }
}

fn snapshots(incident: &Incident, taken: &[ObservedSnapshot]) -> StepStatus {
    let volumes = incident.prior.iter().flat_map(|prior| &prior.volumes);
    let mut pending: Option<&VolumeId> = None;
    for volume in volumes {
        let in_state = |state| taken.iter().any(|snapshot| snapshot.volume == volume.id && snapshot.state == state);
        if in_state(SnapshotState::Completed) {
            continue;
        }
        if !in_state(SnapshotState::Pending) {
            return StepStatus::failed(format!("no snapshot of {}", volume.id));
        }
        pending = Some(&volume.id);
    }
    match pending {
        Some(volume) => StepStatus::waiting(format!("the snapshot of {volume} is being made")),
        None => StepStatus::Done,
    }
}

fn power(seen: &Seen) -> StepStatus {
    match seen.power() {
        PowerState::Stopped | PowerState::Terminated => StepStatus::Done,
        PowerState::Stopping | PowerState::ShuttingDown => StepStatus::waiting("it is stopping"),
        // Not being allowed to stop it yet is no failure of the stop.
        PowerState::Pending | PowerState::Running => match needs_met(Step::StopInstance, seen) {
            Ok(()) => StepStatus::failed("it is still running"),
            Err(why) => StepStatus::waiting(why),
        },
    }
}

fn tag(incident: &Incident, seen: &Seen) -> StepStatus {
    let instance = seen.instance.as_ref().filter(|_| !seen.is_gone());
    let tagged = instance
        .is_none_or(|instance| instance.tags.get(INCIDENT_TAG).map(String::as_str) == Some(incident.id.as_str()));
    if tagged { StepStatus::Done } else { StepStatus::failed("its incident tag is missing") }
}

/// On the instance and its snapshots: which incident they belong to.
pub const INCIDENT_TAG: &str = "cordon:incident";
