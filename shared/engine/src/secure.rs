//! Securing what is there before the power state changes, taking the credentials away, and the stop.

use crate::Engine;
use crate::apply::Facts;
use crate::journal_writer::{JournalWriter, RunEnd};
use containment::assess::{Seen, needs_met};
use containment::incident::{Incident, StepStatus};
use containment::journal::EventBody;
use containment::observed::{ObservedSnapshot, ObservedVolume, PowerState, SnapshotState, Target};
use containment::step::Step;
use futures::future::join_all;
use ports::{Exhibit, PortError, PortResult, Ports, Revocation};
use std::collections::BTreeSet;

/// Accepted by AWS; the reconciler reads back whether it holds.
const ACCEPTED: &str = "accepted, not read back yet";

/// What was secured: one report a step, the console's answers, and all snapshots that are known.
pub(crate) struct Secured {
    pub(crate) reports: Vec<EventBody>,
    pub(crate) console: Vec<Exhibit>,
    pub(crate) snapshots: Vec<ObservedSnapshot>,
}

/// Protection and snapshots, at once. Beside them the console is read, which a stop would silence.
pub(crate) async fn secure(engine: &Engine, incident: &Incident, facts: &Facts, steps: &BTreeSet<Step>) -> Secured {
    let ports = &engine.ports;
    let mut snapshots = facts.snapshots.clone();
    let (protected, taken, console) = tokio::join!(
        when(steps, Step::ProtectEvidence, protect(ports, facts)),
        when(steps, Step::SnapshotVolumes, snapshot(ports, facts, incident, &mut snapshots)),
        async {
            if steps.contains(&Step::CaptureMetadata) { ports.exhibits.console(&facts.id).await } else { Vec::new() }
        },
    );
    Secured { reports: [protected, taken].into_iter().flatten().collect(), console, snapshots }
}

async fn when(
    steps: &BTreeSet<Step>,
    step: Step,
    run: impl Future<Output = (StepStatus, Option<String>)>,
) -> Option<EventBody> {
    if !steps.contains(&step) {
        return None;
    }
    let (status, detail) = run.await;
    Some(EventBody::reported(step, status, detail))
}

async fn protect(ports: &Ports, facts: &Facts) -> (StepStatus, Option<String>) {
    let Some(instance) = &facts.instance else { return (StepStatus::Done, None) };
    let doomed: Vec<String> = instance
        .volumes
        .iter()
        .filter(|volume| volume.delete_on_termination)
        .map(|volume| volume.device.clone())
        .collect();
    // EC2 has no termination protection for Spot instances.
    let is_protected = facts.protection.termination || instance.spot;
    let (termination, volumes) = tokio::join!(
        async { if is_protected { Ok(()) } else { ports.instances.set_termination_protection(&facts.id, true).await } },
        async {
            if doomed.is_empty() {
                Ok(())
            } else {
                ports.instances.set_delete_on_termination(&facts.id, &doomed, false).await
            }
        },
    );
    (all_accepted([termination, volumes]), None)
}

/// Looks up where the instance is registered besides its group's own target groups, journals it, and takes it out. Beside
/// the stop, not before it: an account may have many target groups, and a cut-off instance answers nobody.
pub(crate) async fn deregister(
    engine: &Engine,
    writer: &JournalWriter,
    incident: &Incident,
    facts: &Facts,
    steps: &BTreeSet<Step>,
) -> Result<Option<EventBody>, RunEnd> {
    if !steps.contains(&Step::DeregisterTargets) {
        return Ok(None);
    }
    let report = |status, detail| Ok(Some(EventBody::reported(Step::DeregisterTargets, status, detail)));
    let known = incident.prior.as_ref().and_then(|prior| prior.targets.clone());
    let targets = match (known, look_up_targets(&engine.ports, facts).await) {
        (Some(known), _) => known,
        (None, Err(error)) => return report(StepStatus::failed(error), None),
        (None, Ok(targets)) => {
            writer.append(vec![EventBody::TargetsFound { targets: targets.clone() }]).await?;
            targets
        }
    };
    let registered: Vec<_> = targets.iter().filter(|target| !target.draining).collect();
    if registered.is_empty() {
        return report(StepStatus::Done, Some("registered in no target group but its own group's".to_owned()));
    }
    let answers = join_all(registered.iter().map(|target| engine.ports.targets.deregister(target))).await;
    report(all_accepted(answers), Some(format!("{} registrations", registered.len())))
}

async fn look_up_targets(ports: &Ports, facts: &Facts) -> PortResult<Vec<Target>> {
    let Some(groups) = &facts.target_groups else { return Ok(Vec::new()) };
    let foreign: Vec<_> =
        groups.clone()?.into_iter().filter(|group| !facts.own_target_groups.contains(group)).collect();
    if foreign.is_empty() {
        return Ok(Vec::new());
    }
    ports.targets.registrations(&facts.id, &foreign).await
}

/// Adds what it makes to `known`.
async fn snapshot(
    ports: &Ports,
    facts: &Facts,
    incident: &Incident,
    known: &mut Vec<ObservedSnapshot>,
) -> (StepStatus, Option<String>) {
    let volumes = incident.prior.iter().flat_map(|prior| &prior.volumes);
    let has_usable = |volume: &ObservedVolume| {
        let mut of_volume = facts.snapshots.iter().filter(|snapshot| snapshot.volume == volume.id);
        of_volume.any(|snapshot| snapshot.state != SnapshotState::Error)
    };
    let missing: Vec<&ObservedVolume> = volumes.filter(|volume| !has_usable(volume)).collect();
    let attached = facts.instance.as_ref().map(|instance| instance.volumes.as_slice()).unwrap_or_default();
    match missing.first() {
        None => return (StepStatus::waiting("found by the incident's tag"), None),
        // One call takes all attached volumes; it can't take one that was detached meanwhile.
        Some(gone) if !missing.iter().any(|volume| attached.iter().any(|known| known.id == volume.id)) => {
            return (StepStatus::failed(format!("{} was detached before its snapshot", gone.id)), None);
        }
        Some(_) => {}
    }
    match ports.snapshots.create(&facts.id, &incident.id).await {
        Ok(made) => {
            let ids = made.iter().map(|snapshot| snapshot.id.as_str()).collect::<Vec<_>>().join(" ");
            known.extend(made);
            (StepStatus::waiting("being made"), Some(ids))
        }
        Err(error) => (StepStatus::failed(error), None),
    }
}

/// The deny on the role where it is listed; else the profile goes, which leaves issued credentials alive.
pub(crate) async fn revoke(
    engine: &Engine,
    writer: &JournalWriter,
    incident: &Incident,
    facts: &Facts,
    steps: &BTreeSet<Step>,
) -> Result<Option<EventBody>, RunEnd> {
    if !steps.contains(&Step::RevokeCredentials) {
        return Ok(None);
    }
    let (status, detail) = match engine.ports.credentials.revoke(&incident.id).await {
        Ok(Revocation::Revoked { role, policy }) => {
            let detail = containment::revocation::written(&policy, &role);
            (StepStatus::Done, Some(detail))
        }
        Ok(Revocation::NotRevocable { why }) => {
            writer.renew().await?;
            disassociate(&engine.ports, facts, &why).await
        }
        Err(error) => (StepStatus::failed(error), None),
    };
    Ok(Some(EventBody::reported(Step::RevokeCredentials, status, detail)))
}

async fn disassociate(ports: &Ports, facts: &Facts, why: &str) -> (StepStatus, Option<String>) {
    let detail = format!(
        "{why}; its instance profile was disassociated instead: credentials already issued stay valid until they expire \
         or the instance stops"
    );
    let association = match ports.instances.profile_association(&facts.id).await {
        Ok(Some(association)) => association,
        Ok(None) => return (StepStatus::Done, Some(detail)),
        Err(error) => return (StepStatus::failed(error), Some(detail)),
    };
    match ports.instances.disassociate_profile(&association).await {
        Ok(()) => (StepStatus::Done, Some(detail)),
        Err(error) => (StepStatus::failed(error), Some(detail)),
    }
}

/// The stop, once the instance was seen out of its group. Not being allowed yet is no failure.
pub(crate) async fn stop(ports: &Ports, facts: &Facts, steps: &BTreeSet<Step>) -> Option<EventBody> {
    if !steps.contains(&Step::StopInstance) {
        return None;
    }
    let seen = Seen { membership: facts.membership.clone(), ..Seen::default() };
    let (status, detail) = match needs_met(Step::StopInstance, &seen) {
        Err(why) => (StepStatus::waiting(why), None),
        Ok(()) => stop_now(ports, facts).await,
    };
    Some(EventBody::reported(Step::StopInstance, status, detail))
}

async fn stop_now(ports: &Ports, facts: &Facts) -> (StepStatus, Option<String>) {
    let running = facts.instance.as_ref().filter(|one| matches!(one.state, PowerState::Pending | PowerState::Running));
    let Some(instance) = running else { return (StepStatus::waiting("it is stopping"), None) };
    let mut detail = None;
    if facts.protection.stop {
        detail = Some("its stop protection was cleared, to be set again by a release".to_owned());
        if let Err(error) = ports.instances.set_stop_protection(&facts.id, false).await {
            return (StepStatus::failed(error), None);
        }
    }
    let status = match ports.instances.stop(&facts.id, instance.hibernation_configured).await {
        Ok(()) => StepStatus::waiting("it is stopping"),
        // Hibernation is best effort (its agent may be gone); a plain stop keeps the disks.
        Err(error) if instance.hibernation_configured => match ports.instances.stop(&facts.id, false).await {
            Ok(()) => StepStatus::waiting(format!("it is stopping without hibernation: {error}")),
            Err(error) => StepStatus::failed(error),
        },
        Err(error) => StepStatus::failed(error),
    };
    (status, detail)
}

fn all_accepted(answers: impl IntoIterator<Item = Result<(), PortError>>) -> StepStatus {
    let errors: Vec<String> = answers.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    if errors.is_empty() { StepStatus::waiting(ACCEPTED) } else { StepStatus::failed(errors.join("; ")) }
}
