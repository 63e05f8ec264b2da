//! What happened, what was done and what is open, in plain words: the first thing that a person woken at night reads.

use crate::{Report, figures, times, words};
use containment::authority::Mode;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::step::Step;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub happened: Vec<String>,
    pub done: Vec<String>,
    /// Empty where nothing is left to anybody.
    pub open: Vec<String>,
}

pub(crate) fn summary(report: &Report<'_>) -> Summary {
    Summary { happened: happened(report), done: done(report.incident), open: open(report) }
}

/// When the alarm went off, or, without one, when the incident was opened: what every time is counted from.
pub(crate) fn start(incident: &Incident) -> time::OffsetDateTime {
    incident.transitioned_at.unwrap_or(incident.opened_at)
}

fn happened(report: &Report<'_>) -> Vec<String> {
    let incident = report.incident;
    let at = times::moment(start(incident));
    let instance = incident.instance.as_ref().map_or_else(|| "no instance".to_owned(), ToString::to_string);
    let group = incident.group.as_ref().map(|group| format!(" of group {group}")).unwrap_or_default();
    let mut told = vec![match &incident.alarm {
        Some(alarm) => format!("At {at}, alarm {} went off for {instance}{group}.", alarm.name()),
        None => format!("At {at}, this incident was opened for {instance}{group}."),
    }];
    if incident.drill {
        told.push("This is a drill: the alarm's state was set by hand.".to_owned());
    }
    if let IncidentState::Refused { reason } = &incident.state {
        told.push(format!("Cordon left it alone: {reason}."));
    }
    match report.traffic {
        Some(traffic) => {
            told.extend(figures::figures(traffic, start(incident)).map(|figures| figures.sentence(traffic)))
        }
        None if incident.figure.is_none() && incident.captured_figure().is_none() => {}
        None => told.extend(notice::reasons(incident).into_iter().map(|(label, reason)| format!("{label}: {reason}."))),
    }
    told
}

fn done(incident: &Incident) -> Vec<String> {
    match &incident.state {
        IncidentState::Observed => {
            let plan = incident.plan.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return vec![match incident.mode {
                Some(Mode::Observe) => format!("Nothing was touched: the mode is observe. The plan was {plan}."),
                _ => format!("Nothing was touched. The plan was {plan}."),
            }];
        }
        IncidentState::Refused { .. } => return vec!["Nothing was touched.".to_owned()],
        _ => {}
    }
    let since = |at| times::span(times::between(start(incident), at));
    let after = if incident.transitioned_at.is_some() { "after the alarm" } else { "after it was opened" };
    let mut told = Vec::new();
    told.extend(
        incident.isolated_at.map(|at| {
            format!("Isolated {} {after}: every interface was seen in its empty quarantine group.", since(at))
        }),
    );
    told.extend(incident.severed_at.map(|at| format!("Seen stopped {} {after}: no connection survived.", since(at))));
    let is_told = |step: &Step| match step {
        Step::QuarantineNetwork => incident.isolated_at.is_some(),
        Step::StopInstance => incident.severed_at.is_some(),
        _ => false,
    };
    let finished = incident.steps.iter().filter(|(_, record)| record.status == StepStatus::Done);
    told.extend(finished.filter(|(step, _)| !is_told(step)).map(|(step, _)| words::done(*step).to_owned()));
    let locked = incident.locks.snapshots.iter().filter(|lock| !lock.is_missing());
    told.extend(locked.map(|lock| format!("Snapshot {lock}.")));
    if matches!(incident.state, IncidentState::Released) {
        told.push("People have released it since: what is undone is in the timeline.".to_owned());
    }
    if told.is_empty() {
        told.push("Nothing was seen done yet.".to_owned());
    }
    told
}

fn open(report: &Report<'_>) -> Vec<String> {
    let incident = report.incident;
    let mut told = Vec::new();
    if matches!(&incident.state, IncidentState::Refused { reason } if reason.pages()) {
        told.push("The instance may still do what set the alarm off. Somebody must look at it now.".to_owned());
    }
    let in_work = !matches!(incident.state, IncidentState::Released);
    for (step, record) in incident.steps.iter().filter(|_| in_work) {
        let given_up = if incident.has_given_up(*step) { " It is not tried again by itself." } else { "" };
        match &record.status {
            StepStatus::Done => {}
            StepStatus::Planned => told.push(format!("{step} is not begun.")),
            StepStatus::Waiting { why } => told.push(format!("{step} is under way: {why}.")),
            StepStatus::Failed { error } => told.push(format!("{step} FAILED: {error}.{given_up}")),
        }
    }
    for omission in &incident.plan.impossible {
        told.push(format!("{} is not possible here: {}.", omission.step, omission.why));
    }
    let given_up = if incident.locks.has_given_up() { " It is not tried again by itself." } else { "" };
    told.extend(incident.locks.missing().map(|lock| format!("Snapshot {lock}.{given_up}")));
    for missing in report.missing {
        told.push(format!("Evidence is MISSING: {}: {}.", missing.what, missing.why));
    }
    if let IncidentState::ReleasePartial { steps } = &incident.state {
        told.extend(steps.iter().map(|step| format!("Undoing {step} is not finished; release it again.")));
    }
    told
}
