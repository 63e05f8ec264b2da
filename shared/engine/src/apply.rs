//! Applies a plan's steps, wave by wave. It only executes: what to do is in the plan, and what was done is judged by what
//! AWS shows. A first run and a resumed one differ only in which steps are left.

use crate::Engine;
use crate::cut::{Cut, cut};
use crate::finish::{announce, tag};
use crate::journal_writer::{JournalWriter, RunEnd};
use crate::observe::Observation;
use crate::secure::{revoke, secure, stop};
use containment::assess::{Seen, is_out_of_group, status};
use containment::ids::TargetGroupArn;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::EventBody;
use containment::observed::{
    Lifecycle, Membership, ObservedInstance, ObservedInterface, ObservedSecurityGroup, ObservedSnapshot, Protection,
};
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
    let reports = cut_and_read_back(engine, writer, &mut facts, steps).await?;
    if !engine.has_time() {
        return settle_state(writer, reports).await;
    }
    let (secured, revoked) = tokio::join!(
        async {
            let (journaled, secured) = tokio::join!(writer.append(reports), secure(engine, writer, &facts, steps));
            journaled?;
            let stopped = if engine.has_time() { stop(&engine.ports, &facts, steps).await } else { None };
            Ok(secured.into_iter().chain(stopped).collect::<Vec<_>>())
        },
        revoke(engine, writer, &facts, steps),
    );
    let mut reports = secured?;
    reports.extend(revoked?);
    settle_state(writer, reports).await?;
    if !engine.has_time() {
        return Ok(());
    }
    let mut reports = Vec::new();
    reports.extend(tag(engine, &writer.incident().await, steps).await);
    if steps.contains(&Step::Notify) {
        reports.push(announce(engine, &writer.incident().await).await);
    }
    settle_state(writer, reports).await
}

/// Appends the reports and, where they add up to another state, that state.
pub(crate) async fn settle_state(writer: &JournalWriter, mut reports: Vec<EventBody>) -> Result<(), RunEnd> {
    let mut incident = writer.incident().await;
    // Only the state that results matters here; the writer stamps the events itself.
    let at = incident.opened_at;
    reports.iter().for_each(|report| incident.apply(report, at));
    let state = incident.state_by_steps();
    if state != incident.state {
        reports.push(EventBody::StateChanged { state });
    }
    if reports.is_empty() { Ok(()) } else { writer.append(reports).await }
}

/// The cut, journaled and read back at the same time, and again for what did not hold. Answers the reports to append.
async fn cut_and_read_back(
    engine: &Engine,
    writer: &JournalWriter,
    facts: &mut Facts,
    steps: &BTreeSet<Step>,
) -> Result<Vec<EventBody>, RunEnd> {
    let of_the_cut = [Step::QuarantineNetwork, Step::DetachFromGroup];
    let mut todo: BTreeSet<Step> = steps.clone();
    let mut reports = Vec::new();
    for _ in 0..CUT_ROUNDS {
        let cut = cut(&engine.ports, facts, &todo).await;
        let targets_found: Vec<EventBody> = match &cut.targets {
            Some(Ok(targets)) => vec![EventBody::TargetsFound { targets: targets.clone() }],
            _ => Vec::new(),
        };
        let (journaled, ()) = tokio::join!(writer.append(targets_found), read_back(engine, facts, &cut, &todo));
        journaled?;
        reports = cut_reports(&writer.incident().await, facts, &cut, steps, reports);
        todo = of_the_cut.into_iter().filter(|step| has_failed(*step, &reports)).collect();
        if todo.is_empty() || !engine.has_time() {
            break;
        }
    }
    Ok(reports)
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
fn cut_reports(
    incident: &Incident,
    facts: &Facts,
    cut: &Cut,
    steps: &BTreeSet<Step>,
    before: Vec<EventBody>,
) -> Vec<EventBody> {
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
        reports.push(EventBody::StepReported { step: Step::QuarantineNetwork, status, detail });
        if done && incident.isolated_at.is_none() {
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
        reports.push(EventBody::StepReported { step: Step::DetachFromGroup, status, detail: None });
    }
    if let Some(Err(error)) = &cut.targets {
        let status = StepStatus::failed(error);
        reports.push(EventBody::StepReported { step: Step::DeregisterTargets, status, detail: None });
    }
    // A later round looks nothing up again, so an earlier round's failure to do so stands.
    let lookup = before.into_iter().filter(|report| {
        matches!(report, EventBody::StepReported { step: Step::DeregisterTargets, .. }) && cut.targets.is_none()
    });
    reports.extend(lookup);
    reports
}

fn describe_groups(interfaces: &[ObservedInterface]) -> String {
    let of_one = |interface: &ObservedInterface| {
        let groups: Vec<&str> = interface.groups.iter().map(|group| group.as_str()).collect();
        format!("{} in {}", interface.id, groups.join(" "))
    };
    interfaces.iter().map(of_one).collect::<Vec<_>>().join(", ")
}
