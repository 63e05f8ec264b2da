//! Securing what is there before the power state changes, taking the credentials away, and the stop.

use crate::Engine;
use crate::apply::Facts;
use crate::journal_writer::{JournalWriter, RunEnd};
use containment::assess::needs_met;
use containment::incident::{Incident, StepStatus};
use containment::journal::EventBody;
use containment::observed::{Lifecycle, PowerState, SnapshotState};
use containment::step::Step;
use futures::future::join_all;
use ports::{PortError, Ports, Revocation};
use serde_json::json;
use std::collections::BTreeSet;

/// Accepted by AWS; the reconciler reads back whether it holds.
const ACCEPTED: &str = "accepted, not read back yet";

/// Protection, targets, snapshots and metadata, at once; one report a step.
pub(crate) async fn secure(
    engine: &Engine,
    writer: &JournalWriter,
    facts: &Facts,
    steps: &BTreeSet<Step>,
) -> Vec<EventBody> {
    let incident = writer.incident().await;
    let ports = &engine.ports;
    let (protected, deregistered, snapshots, metadata) = tokio::join!(
        when(steps, Step::ProtectEvidence, protect(ports, facts, steps)),
        when(steps, Step::DeregisterTargets, deregister(ports, &incident)),
        when(steps, Step::SnapshotVolumes, snapshot(ports, facts, &incident)),
        when(steps, Step::CaptureMetadata, capture(ports, facts, &incident)),
    );
    [protected, deregistered, snapshots, metadata].into_iter().flatten().collect()
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
    Some(EventBody::StepReported { step, status, detail })
}

async fn protect(ports: &Ports, facts: &Facts, steps: &BTreeSet<Step>) -> (StepStatus, Option<String>) {
    let Some(instance) = &facts.instance else { return (StepStatus::Done, None) };
    let doomed: Vec<String> = instance
        .volumes
        .iter()
        .filter(|volume| volume.delete_on_termination)
        .map(|volume| volume.device.clone())
        .collect();
    let clears_stop_protection = facts.protection.stop && steps.contains(&Step::StopInstance);
    let (termination, volumes, stop) = tokio::join!(
        async {
            if facts.protection.termination {
                Ok(())
            } else {
                ports.instances.set_termination_protection(&facts.id, true).await
            }
        },
        async { if doomed.is_empty() { Ok(()) } else { ports.instances.keep_volumes(&facts.id, &doomed).await } },
        async {
            if clears_stop_protection { ports.instances.set_stop_protection(&facts.id, false).await } else { Ok(()) }
        },
    );
    let detail =
        clears_stop_protection.then(|| "its stop protection was cleared, to be set again by a release".to_owned());
    (all_accepted([termination, volumes, stop]), detail)
}

async fn deregister(ports: &Ports, incident: &Incident) -> (StepStatus, Option<String>) {
    let targets = incident.prior.as_ref().map(|prior| prior.targets.as_slice()).unwrap_or_default();
    let registered: Vec<_> = targets.iter().filter(|target| !target.draining).collect();
    if registered.is_empty() {
        return (StepStatus::Done, Some("registered in no target group but its own group's".to_owned()));
    }
    let answers = join_all(registered.iter().map(|target| ports.targets.deregister(target))).await;
    (all_accepted(answers), Some(format!("{} registrations", registered.len())))
}

async fn snapshot(ports: &Ports, facts: &Facts, incident: &Incident) -> (StepStatus, Option<String>) {
    let volumes = incident.prior.iter().flat_map(|prior| &prior.volumes);
    let usable = |state| state != SnapshotState::Error;
    let missing = volumes
        .into_iter()
        .any(|volume| !facts.snapshots.iter().any(|snapshot| snapshot.volume == volume.id && usable(snapshot.state)));
    if !missing {
        return (StepStatus::waiting("found by the incident's tag"), None);
    }
    match ports.snapshots.create(&facts.id, &incident.id).await {
        Ok(made) => {
            let ids: Vec<&str> = made.iter().map(|snapshot| snapshot.id.as_str()).collect();
            (StepStatus::waiting("being made"), Some(ids.join(" ")))
        }
        Err(error) => (StepStatus::failed(error), None),
    }
}

async fn capture(ports: &Ports, facts: &Facts, incident: &Incident) -> (StepStatus, Option<String>) {
    let metadata = json!({
        "schema": containment::incident::SCHEMA,
        "incident": incident.id,
        "instance": facts.instance,
        "interfaces": facts.interfaces,
        "membership": facts.membership,
        "prior": incident.prior,
    });
    match ports.evidence.put(&incident.id, "metadata.json", metadata.to_string().into_bytes()).await {
        Ok(object) => (StepStatus::Done, Some(format!("{} sha256 {}", object.key, object.sha256))),
        Err(error) => (StepStatus::failed(error), None),
    }
}

/// The deny on the role where it is listed; else the profile goes, which leaves issued credentials alive.
pub(crate) async fn revoke(
    engine: &Engine,
    writer: &JournalWriter,
    facts: &Facts,
    steps: &BTreeSet<Step>,
) -> Result<Option<EventBody>, RunEnd> {
    if !steps.contains(&Step::RevokeCredentials) {
        return Ok(None);
    }
    let (status, detail) = match engine.ports.credentials.revoke(&writer.incident().await.id).await {
        Ok(Revocation::Revoked { role, policy }) => {
            let detail = format!(
                "inline policy {policy} on role {role}; sessions chained from it, container task roles and SSM \
                 default-host credentials stay valid"
            );
            (StepStatus::Done, Some(detail))
        }
        Ok(Revocation::NotRevocable { why }) => {
            writer.renew().await?;
            disassociate(&engine.ports, facts, &why).await
        }
        Err(error) => (StepStatus::failed(error), None),
    };
    Ok(Some(EventBody::StepReported { step: Step::RevokeCredentials, status, detail }))
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

/// The stop, once the instance was seen out of its group.
pub(crate) async fn stop(ports: &Ports, facts: &Facts, steps: &BTreeSet<Step>) -> Option<EventBody> {
    if !steps.contains(&Step::StopInstance) {
        return None;
    }
    let pending = facts.membership.as_ref().is_some_and(|membership| membership.lifecycle == Lifecycle::Pending);
    let status = match needs_met(Step::StopInstance, facts.membership.as_ref()) {
        Err(why) if pending => StepStatus::waiting(why),
        Err(why) => StepStatus::failed(format!("not tried: {why}")),
        Ok(()) => stop_now(ports, facts).await,
    };
    Some(EventBody::StepReported { step: Step::StopInstance, status, detail: None })
}

async fn stop_now(ports: &Ports, facts: &Facts) -> StepStatus {
    let Some(instance) = &facts.instance else { return StepStatus::Done };
    if !matches!(instance.state, PowerState::Pending | PowerState::Running) {
        return StepStatus::waiting("it is stopping");
    }
    match ports.instances.stop(&facts.id, instance.hibernation_configured).await {
        Ok(()) => StepStatus::waiting("it is stopping"),
        // Hibernation is best effort (its agent may be gone); a plain stop keeps the disks.
        Err(error) if instance.hibernation_configured => match ports.instances.stop(&facts.id, false).await {
            Ok(()) => StepStatus::waiting(format!("it is stopping without hibernation: {error}")),
            Err(error) => StepStatus::failed(error),
        },
        Err(error) => StepStatus::failed(error),
    }
}

fn all_accepted(answers: impl IntoIterator<Item = Result<(), PortError>>) -> StepStatus {
    let errors: Vec<String> = answers.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    if errors.is_empty() { StepStatus::waiting(ACCEPTED) } else { StepStatus::failed(errors.join("; ")) }
}
