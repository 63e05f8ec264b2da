//! Undoing one step, and reading back that it is undone.

use crate::Engine;
use crate::journal_writer::{JournalWriter, RunEnd};
use containment::assess::Seen;
use containment::incident::{Incident, StepStatus};
use containment::observed::{Lifecycle, Membership, ObservedInterface, PowerState, Target};
use containment::prior::PriorState;
use containment::quarantine;
use containment::release::former_groups;
use containment::step::{Step, Undo};
use futures::future::join_all;
use ports::{PortError, PortResult, Ports};
use signal::InstanceId;
use std::time::Duration;

pub(crate) struct Undone {
    pub(crate) status: StepStatus,
    pub(crate) detail: Option<String>,
}

impl Undone {
    fn done() -> Self {
        Self { status: StepStatus::Done, detail: None }
    }
    fn with(status: StepStatus, detail: impl Into<String>) -> Self {
        Self { status, detail: Some(detail.into()) }
    }
    fn failed(error: impl ToString) -> Self {
        Self { status: StepStatus::failed(error), detail: None }
    }
}

/// AWS shows an effect a moment after it accepted the call; a start takes up to a minute or two.
const READ_BACKS: u32 = 5;
const READ_BACK_PAUSE: Duration = Duration::from_millis(300);
/// An instance that no longer exists is as gone, and no reason to go on.
const TARGET_GROUP_GONE: &str = "TargetGroupNotFound";
const POWER_PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn undo(
    engine: &Engine,
    writer: &JournalWriter,
    step: Step,
    incident: &Incident,
    seen: &mut Seen,
) -> Result<Undone, RunEnd> {
    let (Some(id), Some(prior)) = (&incident.instance, &incident.prior) else {
        return Ok(Undone::failed("the journal holds no prior state"));
    };
    let ports = &engine.ports;
    Ok(match step.undo() {
        Undo::Keep => Undone::done(),
        Undo::RestoreCredentials => restore_credentials(ports, id, prior, incident, seen).await,
        Undo::RestoreSecurityGroups => restore_groups(ports, id, prior, seen).await,
        Undo::StartInstance => return start(engine, writer, id, seen).await,
        Undo::AttachToGroup => attach(ports, id, prior, seen).await,
        Undo::RegisterTargets => register(ports, id, prior).await,
        Undo::RestoreProtection => restore_protection(ports, id, prior, seen).await,
        Undo::RemoveTags => match ports.instances.untag(id).await {
            Ok(()) => Undone::done(),
            Err(error) => Undone::failed(error),
        },
    })
}

/// Both ways of taking credentials are undone: the deny, which is gone if there was none, and the profile.
async fn restore_credentials(
    ports: &Ports,
    id: &InstanceId,
    prior: &PriorState,
    incident: &Incident,
    seen: &Seen,
) -> Undone {
    if let Err(error) = ports.credentials.restore(&incident.id).await {
        return Undone::failed(error);
    }
    let has_profile = seen.instance.as_ref().is_some_and(|instance| instance.profile_arn.is_some());
    let Some(profile) = prior.profile_arn.as_ref().filter(|_| !has_profile) else { return Undone::done() };
    match ports.instances.associate_profile(id, profile).await {
        Ok(()) => Undone::with(StepStatus::Done, format!("associated {profile} again")),
        Err(error) => Undone::failed(format!(
            "{error}; associate {profile} by hand (aws ec2 associate-iam-instance-profile), then release again"
        )),
    }
}

async fn restore_groups(ports: &Ports, id: &InstanceId, prior: &PriorState, seen: &mut Seen) -> Undone {
    let gone = seen.gone_groups.clone();
    let before = |interface: &ObservedInterface| {
        let known = prior.interfaces.iter().find(|known| known.id == interface.id);
        known.filter(|known| known.managed_by.is_none()).map(|known| former_groups(known, &gone))
    };
    // Where it goes is then a person's choice, and stays it.
    let homeless = |interface: &ObservedInterface| before(interface).is_some_and(|groups| groups.is_empty());
    let quarantine = quarantine::ready(&seen.quarantine_groups);
    if let Some(stuck) = seen.interfaces.iter().find(|interface| {
        homeless(interface) && quarantine.get(&interface.vpc).is_some_and(|group| interface.groups.contains(group))
    }) {
        return Undone::failed(format!(
            "every security group that {0} was in is deleted; move it by hand (aws ec2 modify-network-interface-attribute \
             --network-interface-id {0} --groups GROUP), then release again with --accept-drift",
            stuck.id
        ));
    }
    let before = |interface: &ObservedInterface| before(interface).filter(|groups| !groups.is_empty());
    let moves = seen.interfaces.iter().filter_map(|interface| Some((interface, before(interface)?)));
    let moves = moves.filter(|(interface, groups)| interface.groups != *groups).map(async |(interface, groups)| {
        let moved = ports.network.set_groups(&interface.id, &groups).await;
        moved.err().map(|error| format!("{}: {error}", interface.id))
    });
    let errors: Vec<String> = join_all(moves).await.into_iter().flatten().collect();
    if !errors.is_empty() {
        return Undone::failed(errors.join("; "));
    }
    for _ in 0..READ_BACKS {
        match ports.network.interfaces(id).await {
            Err(error) => return Undone::failed(error),
            Ok(interfaces) => seen.interfaces = interfaces,
        }
        let outside =
            |interface: &&ObservedInterface| before(interface).is_some_and(|groups| groups != interface.groups);
        if !seen.interfaces.iter().any(|interface| outside(&interface)) {
            return Undone::done();
        }
        ports.clock.sleep(READ_BACK_PAUSE).await;
    }
    Undone::failed("the interfaces were not seen in their former groups")
}

/// Starts it and waits until it runs. AWS accepts a start before it knows whether it can be done, so why it fell back is
/// part of the answer.
async fn start(engine: &Engine, writer: &JournalWriter, id: &InstanceId, seen: &mut Seen) -> Result<Undone, RunEnd> {
    let ports = &engine.ports;
    let stopped = seen.instance.as_ref().is_some_and(|instance| instance.state == PowerState::Stopped);
    if stopped && let Err(error) = ports.instances.start(id).await {
        return Ok(Undone::failed(error));
    }
    let mut was_pending = false;
    loop {
        let shown = match ports.instances.describe(id).await {
            Err(error) => return Ok(Undone::failed(error)),
            Ok(shown) => shown,
        };
        let state = shown.as_ref().map(|instance| instance.state);
        seen.instance = shown;
        match state {
            Some(PowerState::Running) => return Ok(Undone::done()),
            Some(PowerState::Pending) => was_pending = true,
            // Right after the call it may still be shown stopped.
            Some(PowerState::Stopped) if !was_pending && engine.has_time() => {}
            Some(PowerState::Stopped) => return Ok(fell_back(ports, id).await),
            _ => return Ok(Undone::failed("it can no longer be started: it is stopping or gone")),
        }
        if !engine.has_time() {
            return Ok(Undone::with(StepStatus::waiting("it is starting"), "release again to go on"));
        }
        if !was_pending && let Some(why) = refused_start(ports, id).await {
            return Ok(Undone::failed(why));
        }
        ports.clock.sleep(POWER_PAUSE).await;
        writer.renew().await?;
    }
}

/// A start that failed before it was ever seen pending.
async fn refused_start(ports: &Ports, id: &InstanceId) -> Option<String> {
    let reason = ports.instances.state_reason(id).await.ok()??;
    (reason.starts_with("Client.") && !reason.starts_with("Client.UserInitiated")).then(|| explain(&reason))
}

async fn fell_back(ports: &Ports, id: &InstanceId) -> Undone {
    let reason = match ports.instances.state_reason(id).await {
        Ok(reason) => reason.unwrap_or_else(|| "AWS gives no reason".to_owned()),
        Err(error) => error.to_string(),
    };
    Undone::failed(explain(&reason))
}

fn explain(reason: &str) -> String {
    let advice = if reason.contains("InternalError") {
        "; most often a volume is encrypted with a key that release-instance's role may not make a grant on: allow it \
         kms:CreateGrant on that key (parameter VolumeKeyArns), then release again"
    } else {
        ""
    };
    format!("it fell back to stopped: {reason}{advice}")
}

async fn attach(ports: &Ports, id: &InstanceId, prior: &PriorState, seen: &mut Seen) -> Undone {
    let Some(before) = &prior.membership else { return Undone::done() };
    let is_back = |now: &Membership| {
        now.group == before.group && matches!(now.lifecycle, Lifecycle::InService | Lifecycle::Pending)
    };
    let asked = match &seen.membership {
        Some(now) if is_back(now) => Ok(()),
        Some(now) if now.lifecycle == Lifecycle::Standby => ports.groups.exit_standby(id, &before.group).await,
        Some(now) if now.lifecycle == Lifecycle::Detaching => {
            return Undone::with(
                StepStatus::waiting("it is still detaching: its target groups drain connections"),
                "release again in a few minutes",
            );
        }
        _ => ports.groups.attach(id, &before.group).await,
    };
    if let Err(error) = asked {
        return Undone::failed(error);
    }
    for _ in 0..READ_BACKS {
        match ports.groups.membership(id).await {
            Err(error) => return Undone::failed(error),
            Ok(membership) => seen.membership = membership,
        }
        if seen.membership.as_ref().is_some_and(is_back) {
            return Undone::with(
                StepStatus::Done,
                format!("attached to {}; its desired capacity grew by one", before.group),
            );
        }
        ports.clock.sleep(READ_BACK_PAUSE).await;
    }
    Undone::failed("it was not seen in its group again")
}

/// A target group that was deleted meanwhile sends nobody work any more: the rest is registered, and it is named.
async fn register(ports: &Ports, id: &InstanceId, prior: &PriorState) -> Undone {
    let targets = prior.targets.as_deref().unwrap_or_default();
    let answers = join_all(targets.iter().map(|target| ports.targets.register(target))).await;
    let (mut registered, mut gone) = (Vec::new(), Vec::new());
    for (target, answer) in targets.iter().zip(answers) {
        match answer {
            Ok(()) => registered.push(target),
            Err(error) if error.code.as_deref() == Some(TARGET_GROUP_GONE) => gone.push(target.group.as_str()),
            Err(error) => return Undone::failed(error),
        }
    }
    let groups: Vec<_> = registered.iter().map(|target| target.group.clone()).collect();
    let missing = if gone.is_empty() { String::new() } else { format!("; deleted meanwhile: {}", gone.join(", ")) };
    match ports.targets.registrations(id, &groups).await {
        Ok(now) if registered.iter().all(|target| now.iter().any(|one| is_same(one, target) && !one.draining)) => {
            Undone::with(StepStatus::Done, format!("{} registrations{missing}", registered.len()))
        }
        Ok(_) => Undone::failed("it was not seen registered again"),
        Err(error) => Undone::failed(error),
    }
}

fn is_same(one: &Target, other: &Target) -> bool {
    one.group == other.group && (other.port.is_none() || one.port == other.port)
}

async fn restore_protection(ports: &Ports, id: &InstanceId, prior: &PriorState, seen: &Seen) -> Undone {
    let spot = seen.instance.as_ref().is_some_and(|instance| instance.spot);
    let doomed: Vec<String> = prior
        .volumes
        .iter()
        .filter(|volume| volume.delete_on_termination)
        .map(|volume| volume.device.clone())
        .collect();
    let (termination, stop, volumes) = tokio::join!(
        async {
            if spot {
                Ok(())
            } else {
                ports.instances.set_termination_protection(id, prior.protection.termination).await
            }
        },
        async { if prior.protection.stop { ports.instances.set_stop_protection(id, true).await } else { Ok(()) } },
        async {
            if doomed.is_empty() { Ok(()) } else { ports.instances.set_delete_on_termination(id, &doomed, true).await }
        },
    );
    if let Some(error) = [termination, stop, volumes].into_iter().find_map(|answer: PortResult<()>| answer.err()) {
        return Undone::failed(error);
    }
    let shown: Result<_, PortError> = ports.instances.protection(id).await;
    match shown {
        Ok(shown) if spot || shown == prior.protection => Undone::done(),
        Ok(_) => Undone::failed("termination and stop protection were not seen as before"),
        Err(error) => Undone::failed(error),
    }
}
