//! The plan: which steps an authorised instance gets, and why it doesn't get the others. Pure; a dry run is a plan
//! that nobody applies.

use crate::decide::AuthorizedInstance;
use crate::observed::{Lifecycle, PowerState};
use crate::snapshot_lock::LockTerms;
use crate::step::Step;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// Steps that have nothing to do here.
    pub not_needed: Vec<Omission>,
    /// Steps that should be taken and that AWS does not allow for this instance: the incident ends `Partial`.
    pub impossible: Vec<Omission>,
    /// What a person must know about the limits of this containment.
    pub warnings: Vec<String>,
    /// How SnapshotVolumes' snapshots are to be locked; `None` where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_lock: Option<LockTerms>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omission {
    pub step: Step,
    pub why: String,
}

enum Choice {
    Take,
    /// Left out without a word: nobody asked for it.
    Unasked,
    NotNeeded(&'static str),
    Impossible(&'static str),
}

/// The steps for `target`, in order. Its snapshots are locked on the terms of `snapshot_lock`.
pub fn plan(target: &AuthorizedInstance, snapshot_lock: Option<LockTerms>) -> Plan {
    let mut plan = Plan { warnings: warnings(target), ..Plan::default() };
    for step in Step::ALL {
        match choose(step, target) {
            Choice::Take => plan.steps.push(step),
            Choice::Unasked => {}
            Choice::NotNeeded(why) => plan.not_needed.push(Omission { step, why: why.to_owned() }),
            Choice::Impossible(why) => plan.impossible.push(Omission { step, why: why.to_owned() }),
        }
    }
    plan.snapshot_lock = snapshot_lock.filter(|_| plan.steps.contains(&Step::SnapshotVolumes));
    plan
}

fn choose(step: Step, target: &AuthorizedInstance) -> Choice {
    match step {
        Step::QuarantineNetwork
        | Step::DeregisterTargets
        | Step::CaptureMetadata
        | Step::TagInstance
        | Step::Notify => Choice::Take,
        Step::ProtectEvidence => Choice::Take,
        Step::UntrackConnections => untrack(target),
        Step::DetachFromGroup => detach(target),
        Step::SnapshotVolumes if target.instance().volumes.is_empty() => Choice::NotNeeded("it has no EBS volume"),
        Step::SnapshotVolumes => Choice::Take,
        Step::RevokeCredentials if target.instance().profile_arn.is_none() => {
            Choice::NotNeeded("it has no instance profile")
        }
        Step::RevokeCredentials => Choice::Take,
        Step::StopInstance => stop(target),
    }
}

fn untrack(target: &AuthorizedInstance) -> Choice {
    if !target.is_untracked() {
        return Choice::Unasked;
    }
    match target.instance().state {
        PowerState::Stopped => return Choice::NotNeeded("it is stopped: it has no connection"),
        PowerState::ShuttingDown | PowerState::Terminated => {
            return Choice::NotNeeded("it is being terminated already");
        }
        PowerState::Pending | PowerState::Running | PowerState::Stopping => {}
    }
    if target.interfaces().iter().any(|interface| interface.managed_by.is_some()) {
        return Choice::Impossible("a service manages an interface of it, which can't be quarantined first");
    }
    Choice::Take
}

fn detach(target: &AuthorizedInstance) -> Choice {
    match target.membership().map(|membership| membership.lifecycle) {
        None | Some(Lifecycle::Detached) => Choice::NotNeeded("it is in no Auto Scaling group"),
        Some(Lifecycle::Terminating) => Choice::NotNeeded("its group is already terminating it"),
        Some(Lifecycle::Warmed) => Choice::Impossible("an instance of a warm pool cannot be detached"),
        // A pending instance can be detached once it is in service; a detaching one only has to be waited for.
        Some(Lifecycle::Pending | Lifecycle::InService | Lifecycle::Standby | Lifecycle::Detaching) => Choice::Take,
    }
}

fn stop(target: &AuthorizedInstance) -> Choice {
    let instance = target.instance();
    let lifecycle = target.membership().map(|membership| membership.lifecycle);
    match instance.state {
        PowerState::Stopped => return Choice::NotNeeded("it is stopped already"),
        PowerState::ShuttingDown | PowerState::Terminated => {
            return Choice::NotNeeded("it is being terminated already");
        }
        PowerState::Pending | PowerState::Running | PowerState::Stopping => {}
    }
    if lifecycle == Some(Lifecycle::Terminating) {
        return Choice::NotNeeded("its group is already terminating it");
    }
    if lifecycle == Some(Lifecycle::Warmed) {
        return Choice::Impossible("its warm pool would replace it and destroy the evidence");
    }
    if target.is_held() {
        return Choice::NotNeeded("it is held running, isolated, as was asked for");
    }
    if instance.root_is_instance_store {
        return Choice::Impossible("its root device is an instance store, which a stop would erase");
    }
    if instance.spot {
        return Choice::Impossible(
            "a Spot instance cannot be stopped, unless its request is persistent, which is not read",
        );
    }
    Choice::Take
}

fn warnings(target: &AuthorizedInstance) -> Vec<String> {
    let mut warnings = Vec::new();
    for interface in target.interfaces() {
        if let Some(owner) = &interface.managed_by {
            warnings.push(format!(
                "interface {} is managed by {owner}; its security groups are not ours to change",
                interface.id
            ));
        }
    }
    if matches!(untrack(target), Choice::Take) {
        warnings.push(
            "for the moment of the group swap everything may reach it and it may reach everything, as far as routes, \
             network ACLs and its own firewall let it; if the swap is cut short, that lasts until the next run puts its \
             interfaces back, a minute or more"
                .to_owned(),
        );
        warnings.push(
            "cutting tracked connections is best effort: AWS's pages disagree on it, and connections that are idle in that \
             moment, or that AWS always tracks, may live on until they have been idle for days; DNS through the VPC's \
             resolver is not cut"
                .to_owned(),
        );
        return warnings;
    }
    if target.is_held() {
        warnings.push(
            "it is held running: connections that are open now may live on until they are idle for days; DNS through \
             the VPC's resolver is not cut"
                .to_owned(),
        );
        return warnings;
    }
    if target.instance().public_ipv4.is_some() {
        warnings.push("a stop gives up its public IPv4 address, unless that is an Elastic IP".to_owned());
    }
    if !target.instance().hibernation_configured {
        warnings.push("hibernation is not configured: the contents of its memory are lost by the stop".to_owned());
    }
    warnings
}
