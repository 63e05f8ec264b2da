//! The plan's steps with what became of each.

use crate::{Report, times, words};
use containment::incident::Incident;
use containment::step::Step;
use serde::Serialize;
use time::OffsetDateTime;
use words::Tone;

#[derive(Debug, Serialize)]
pub(crate) struct StepRow {
    pub step: Step,
    pub task: &'static str,
    pub status: &'static str,
    pub tone: Tone,
    /// Why it is as it is: an error, what is waited for, why it was left out.
    pub why: Option<String>,
    /// What it did: ids made, values set.
    pub detail: Option<String>,
    pub failures: u32,
    /// Of the last report.
    #[serde(with = "time::serde::rfc3339::option")]
    pub at: Option<OffsetDateTime>,
}

/// Steps taken, in order; then those that were left out.
pub(crate) fn rows(report: &Report<'_>) -> Vec<StepRow> {
    let incident = report.incident;
    let taken = incident.steps.iter().map(|(step, record)| {
        let (status, why, tone) = words::status(&record.status);
        StepRow {
            why: why.map(ToOwned::to_owned),
            detail: detail(incident, *step, record.detail.as_ref()),
            failures: record.failures,
            at: Some(record.at),
            ..row(*step, status, tone)
        }
    });
    let planned = incident.plan.steps.iter().filter(|step| !incident.steps.contains_key(step));
    let planned = planned.map(|step| row(*step, "only planned", Tone::Plain));
    let impossible = incident
        .plan
        .impossible
        .iter()
        .map(|omission| StepRow { why: Some(omission.why.clone()), ..row(omission.step, "not possible", Tone::Bad) });
    let not_needed = incident
        .plan
        .not_needed
        .iter()
        .map(|omission| StepRow { why: Some(omission.why.clone()), ..row(omission.step, "not needed", Tone::Plain) });
    taken.chain(planned).chain(impossible).chain(not_needed).collect()
}

/// What it did, and of the snapshots whether each is locked.
fn detail(incident: &Incident, step: Step, recorded: Option<&String>) -> Option<String> {
    let locks = incident.locks.snapshots.iter().filter(|_| step == Step::SnapshotVolumes).map(ToString::to_string);
    let all: Vec<String> = recorded.cloned().into_iter().chain(locks).collect();
    (!all.is_empty()).then(|| all.join(" · "))
}

fn row(step: Step, status: &'static str, tone: Tone) -> StepRow {
    StepRow { step, task: words::task(step), status, tone, why: None, detail: None, failures: 0, at: None }
}

impl StepRow {
    /// Why, what and how often it failed, on one line.
    pub fn remark(&self) -> String {
        let failures = match self.failures {
            0 => None,
            1 => Some("failed once".to_owned()),
            count => Some(format!("failed {count} times")),
        };
        [self.why.clone(), self.detail.clone(), failures].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    pub fn since(&self, start: OffsetDateTime) -> Option<String> {
        self.at.map(|at| times::span(times::between(start, at)))
    }
}
