//! Applies a plan's steps, wave by wave. It only executes: what to do is in the plan, and what was done is judged by what
//! AWS shows. A first run and a resumed one differ only in which steps are left.

use crate::Engine;
use crate::capture::{capture, sign_head};
use crate::cut::{Cut, cut};
use crate::finish::tag;
use crate::journal_writer::{JournalWriter, RunEnd};
use crate::locks;
use crate::news::tell;
use crate::observe::Observation;
use crate::secure::{deregister, revoke, secure, stop};
use crate::untrack::untrack;
use containment::assess::{Seen, is_out_of_group, status};
use containment::ids::TargetGroupArn;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::EventBody;
use containment::observed::{
    Lifecycle, Membership, ObservedInstance, ObservedInterface, ObservedSecurityGroup, ObservedSnapshot, Protection,
};
use containment::quarantine;
use containment::step::Step;
use ports::PortResult;
use signal::InstanceId;
use std::collections::BTreeSet;
use std::time::Duration;

/// What AWS showed before the steps at hand.
pub(crate) struct Facts {
    pub(crate) id: InstanceId,
    pub(crate) instance: Option<ObservedInstance>,
    pub(crate) interfaces: Vec<ObservedInterface>,
    pub(crate) quarantine_groups: Vec<ObservedSecurityGroup>,
    pub(crate) membership: Option<Membership>,
    pub(crate) protection: Protection,
    pub(crate) snapshots: Vec<ObservedSnapshot>,
    /// Target groups that the Auto Scaling group registers and deregisters itself.
    pub(crate) own_target_groups: Vec<TargetGroupArn>,
    /// All target groups; `None` where the instance's registrations are in the journal already.
    pub(crate) target_groups: Option<PortResult<Vec<TargetGroupArn>>>,
}

impl Facts {
    /// Of an observation that was decided upon: its instance exists.
    pub(crate) fn of(observation: Observation, id: InstanceId) -> Self {
        let subject = observation.subject;
        Self {
            id,
            instance: subject.instance,
            interfaces: subject.interfaces,
            quarantine_groups: observation.quarantine_groups,
            membership: subject.membership,
            protection: subject.protection,
            snapshots: Vec::new(),
            own_target_groups: subject.group.map(|group| group.target_groups).unwrap_or_default(),
            target_groups: Some(observation.target_groups),
        }
    }
}

/// How often the cut is tried in one run before it is left to the reconciler.
const CUT_ROUNDS: u32 = 3;
/// AWS shows an effect a moment after it accepted the call.
const READ_BACKS: u32 = 4;
const READ_BACK_PAUSE: Duration = Duration::from_millis(250);

pub(crate) async fn apply(
    engine: &Engine,
    writer: &JournalWriter,
    mut facts: Facts,
    steps: &BTreeSet<Step>,
) -> Result<(), RunEnd> {
    if !engine.has_time() {
        return Ok(());
    }
    let mut reports = cut_and_read_back(engine, writer, &mut facts, steps).await?;
    if steps.contains(&Step::UntrackConnections) {
        reports = untrack(engine, writer, &mut facts, reports).await?;
    }
    if !engine.has_time() {
        return settle_state(writer, reports).await;
    }
    // Read before the wave: the writer is busy while it appends.
    let incident = writer.incident().await;
    let (secured, revoked, deregistered) = tokio::join!(
        async {
            let (journaled, secured) =
                tokio::join!(settle_state(writer, reports), secure(engine, &incident, &facts, steps));
            journaled?;
            let mut done = secured.reports;
            if !engine.has_time() {
                return Ok(done);
            }
            // Locking, storing and signing take several calls, which nothing waits for but the end of the run.
            let (stopped, captured, (), locked) = tokio::join!(
                stop(&engine.ports, &facts, steps),
                capture(engine, writer, &facts, secured.console, steps),
                sign_head(engine, writer),
                locks::lock(&engine.ports, &incident, &secured.snapshots),
            );
            locks::report(&incident, &mut done, locked);
            done.extend(stopped.into_iter().chain(captured));
            Ok(done)
        },
        revoke(engine, writer, &incident, &facts, steps),
        deregister(engine, writer, &incident, &facts, steps),
    );
    let mut reports = secured?;
    reports.extend(revoked?);
    reports.extend(deregistered?);
    settle_state(writer, reports).await?;
    if engine.has_time() {
        let tagged = tag(engine, &writer.incident().await, steps).await;
        settle_state(writer, tagged.into_iter().collect()).await?;
        tell(engine, writer).await?;
        sign_head(engine, writer).await;
    }
    Ok(())
}

/// Appends the reports that say something new and, where they add up to another state, that state. A state that ends the
/// containment, and a step that is given up, make a notice due in the same append, so that no crash loses it.
pub(crate) async fn settle_state(writer: &JournalWriter, mut reports: Vec<EventBody>) -> Result<(), RunEnd> {
    let mut incident = writer.incident().await;
    reports.retain(|report| is_news(report, &incident));
    // Only the state that results matters here; the writer stamps the events itself.
    let at = incident.opened_at;
    let given_up = |incident: &Incident| {
        let steps = Step::ALL.iter().filter(|step| incident.has_given_up(**step)).count();
        steps + usize::from(incident.locks.has_given_up())
    };
    let given_up_before = given_up(&incident);
    reports.iter().for_each(|report| incident.apply(report, at));
    let state = incident.state_by_steps();
    let ends = state != incident.state && matches!(state, IncidentState::Contained | IncidentState::Partial { .. });
    if state != incident.state {
        reports.push(EventBody::StateChanged { state });
    }
    if ends || given_up(&incident) > given_up_before {
        let status = StepStatus::waiting("a notice is due");
        reports.push(EventBody::reported(Step::Notify, status, None));
    }
    if reports.is_empty() { Ok(()) } else { writer.append(reports).await }
}

/// Waiting for the same thing a minute longer is no event; a failure is one each time, since failures are counted.
fn is_news(report: &EventBody, incident: &Incident) -> bool {
    match report {
        EventBody::StepReported { step, status: status @ StepStatus::Waiting { .. }, detail: None, locks } => {
            incident.status(*step) != Some(status) || !locks.is_empty()
        }
        _ => true,
    }
}

/// The cut, journaled and read back at the same time, and again for what did not hold. Answers the reports to append.
async fn cut_and_read_back(
    engine: &Engine,
    writer: &JournalWriter,
    facts: &mut Facts,
    steps: &BTreeSet<Step>,
) -> Result<Vec<EventBody>, RunEnd> {
    let mut todo: BTreeSet<Step> =
        steps.iter().copied().filter(|step| matches!(step, Step::QuarantineNetwork | Step::DetachFromGroup)).collect();
    let mut reports = Vec::new();
    for round in 1..=CUT_ROUNDS {
        let cut = cut(&engine.ports, facts, &todo).await;
        let (journaled, ()) = tokio::join!(writer.renew(), read_back(engine, facts, &cut, &todo));
        journaled?;
        let incident = writer.incident().await;
        reports = cut_reports(&incident, facts, &cut, steps);
        todo.retain(|step| has_failed(*step, &reports));
        // Another attempt can't help where AWS does not let anyone move what is left.
        if quarantine::outside(&facts.interfaces, &facts.quarantine_groups).is_empty() {
            todo.remove(&Step::QuarantineNetwork);
        }
        if todo.is_empty() || round == CUT_ROUNDS || !engine.has_time() {
            break;
        }
        journal_what_was_attached(writer, &incident, facts).await?;
    }
    Ok(reports)
}

/// An interface that was attached since the intent must be on record before it is moved.
async fn journal_what_was_attached(writer: &JournalWriter, incident: &Incident, facts: &Facts) -> Result<(), RunEnd> {
    let new = incident.prior.clone().is_some_and(|mut prior| prior.extend(&facts.interfaces, &[]));
    if !new {
        return Ok(());
    }
    let extended = EventBody::PriorExtended { interfaces: facts.interfaces.clone(), volumes: Vec::new() };
    writer.append(vec![extended]).await
}

fn has_failed(step: Step, reports: &[EventBody]) -> bool {
    reports.iter().any(|report| {
        matches!(report, EventBody::StepReported { step: of, status: StepStatus::Failed { .. }, .. } if *of == step)
    })
}

/// Reads interfaces and membership until they show what the calls were answered, or for a second. What cannot be read
/// stays as it was known before the cut: not done.
async fn read_back(engine: &Engine, facts: &mut Facts, cut: &Cut, todo: &BTreeSet<Step>) {
    let ports = &engine.ports;
    for attempt in 1..=READ_BACKS {
        let (interfaces, groups, membership) = tokio::join!(
            ports.network.interfaces(&facts.id),
            ports.network.quarantine_groups(),
            ports.groups.membership(&facts.id),
        );
        let read = interfaces.is_ok() && groups.is_ok() && membership.is_ok();
        if let (Ok(interfaces), Ok(groups)) = (interfaces, groups) {
            facts.interfaces = interfaces;
            facts.quarantine_groups = groups;
        }
        if let Ok(membership) = membership {
            facts.membership = membership;
        }
        let moved = !cut.network_errors.is_empty()
            || !todo.contains(&Step::QuarantineNetwork)
            || network_status(facts) == StepStatus::Done;
        let left = !matches!(&cut.group, Some(StepStatus::Waiting { .. })) || has_left(facts.membership.as_ref());
        if (read && moved && left) || attempt == READ_BACKS || !engine.has_time() {
            return;
        }
        ports.clock.sleep(READ_BACK_PAUSE).await;
    }
}

/// A pending instance was not asked to leave yet, so there is nothing to wait for.
fn has_left(membership: Option<&Membership>) -> bool {
    is_out_of_group(membership)
        || membership.is_some_and(|membership| {
            matches!(membership.lifecycle, Lifecycle::Pending | Lifecycle::Terminating | Lifecycle::Warmed)
        })
}

fn network_status(facts: &Facts) -> StepStatus {
    containment::assess::network(&facts.interfaces, &facts.quarantine_groups)
}

/// Reports of the cut's steps by what was read back, with the calls' own errors as reasons.
fn cut_reports(incident: &Incident, facts: &Facts, cut: &Cut, steps: &BTreeSet<Step>) -> Vec<EventBody> {
    let mut reports = Vec::new();
    if steps.contains(&Step::QuarantineNetwork) {
        let status = match network_status(facts) {
            StepStatus::Failed { error } if !cut.network_errors.is_empty() => {
                StepStatus::failed(format!("{error}; {}", cut.network_errors.join("; ")))
            }
            status => status,
        };
        let done = status == StepStatus::Done;
        let detail = done.then(|| describe_groups(&facts.interfaces));
        reports.push(EventBody::reported(Step::QuarantineNetwork, status, detail));
        if done && incident.awaits_isolation() {
            reports.push(EventBody::StateChanged { state: IncidentState::Isolated });
        }
    }
    if steps.contains(&Step::DetachFromGroup) {
        let seen = Seen { membership: facts.membership.clone(), ..Seen::default() };
        let status = match (status(Step::DetachFromGroup, incident, &seen), &cut.group) {
            (Some(StepStatus::Failed { .. }), Some(StepStatus::Failed { error })) => StepStatus::failed(error),
            (Some(StepStatus::Failed { .. }), Some(StepStatus::Waiting { why })) => {
                StepStatus::failed(format!("{why}, but still seen in its group"))
            }
            (seen, _) => seen.unwrap_or(StepStatus::Planned),
        };
        reports.push(EventBody::reported(Step::DetachFromGroup, status, None));
    }
    reports
}

fn describe_groups(interfaces: &[ObservedInterface]) -> String {
    let of_one = |interface: &ObservedInterface| {
        let groups: Vec<&str> = interface.groups.iter().map(|group| group.as_str()).collect();
        format!("{} in {}", interface.id, groups.join(" "))
    };
    interfaces.iter().map(of_one).collect::<Vec<_>>().join(", ")
}
