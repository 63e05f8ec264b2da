//! The notice of an incident: what, where, why, what was done, what failed, and what to type next.

use crate::lines::Lines;
use crate::links::links;
use crate::why::reasons;
use crate::{Notice, Place, SCHEMA, commands, headline, severity, subject};
use containment::guards::Guard;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::refusal::Refusal;
use containment::step::Step;
use serde_json::{Map, Value, json};

pub fn news(incident: &Incident, place: &Place<'_>) -> Notice {
    Notice {
        incident: incident.id.clone(),
        severity: severity(incident),
        subject: subject(incident, place),
        text: text(incident, place),
        details: details(incident, place).to_string(),
    }
}

fn details(incident: &Incident, place: &Place<'_>) -> Value {
    let links: Map<String, Value> =
        links(incident, place).into_iter().map(|(name, link)| (name.to_owned(), json!(link))).collect();
    json!({
        "schema": SCHEMA,
        "incident": incident.id,
        "account": place.account,
        "region": place.region,
        "partition": place.partition,
        "instance": incident.instance,
        "group": incident.group,
        "alarm": incident.alarm,
        "drill": incident.drill,
        "state": incident.state,
        "figure": incident.figure,
        "judged": incident.judged,
        "captured_figure": incident.captured_figure(),
        "requested": incident.requested,
        "release": incident.release,
        "steps": incident.steps,
        "locks": incident.locks,
        "impossible": incident.plan.impossible,
        "warnings": incident.plan.warnings,
        "links": links,
        "commands": {
            "show": commands::show(incident),
            "release": commands::release(incident),
            "contain": commands::contain(incident),
        },
    })
}

fn text(incident: &Incident, place: &Place<'_>) -> String {
    let mut lines = Lines::default();
    what(&mut lines, incident, place);
    who(&mut lines, incident);
    lines.gap();
    steps(&mut lines, incident);
    next(&mut lines, incident);
    let links = links(incident, place);
    if !links.is_empty() {
        lines.gap();
        lines.value("Console", "");
        links.iter().for_each(|(name, link)| lines.verbatim(&format!("  {name}"), link));
    }
    lines.into_text()
}

fn what(lines: &mut Lines, incident: &Incident, place: &Place<'_>) {
    let instance = incident.instance.as_ref().map_or_else(|| "no instance".to_owned(), ToString::to_string);
    let drill = if incident.drill { "DRILL: " } else { "" };
    lines.value("What", format!("{drill}{instance} {}", headline(incident)));
    lines.value("Incident", &incident.id);
    lines.value("Where", format!("account {}, {}", place.account, place.region));
    if let Some(group) = &incident.group {
        lines.quoted("Group", group.as_str());
    }
    if let Some(alarm) = &incident.alarm {
        lines.quoted("Alarm", alarm.name());
    }
    lines.value("State", incident.state.name());
    if let IncidentState::Refused { reason } = &incident.state {
        lines.value("Refused", reason);
    }
    reasons(incident).iter().for_each(|(label, reason)| lines.value(label, reason));
    // A refusal by the verdict has said it already.
    let verdict = incident.judged.as_ref().filter(|judged| judged.allows().is_ok());
    verdict.iter().flat_map(|judged| &judged.reasons).for_each(|reason| lines.value("Traffic", reason));
}

fn who(lines: &mut Lines, incident: &Incident) {
    if let Some(requested) = &incident.requested {
        lines.value("Asked by", &requested.by.arn);
        lines.quoted("Reason", &requested.reason);
        if let Some(second) = &requested.approved_by {
            lines.value("Approved", &second.arn);
        }
        requested.overrides.iter().for_each(|guard| lines.value("Overrides", guard));
    }
    if let Some(release) = &incident.release {
        lines.value("Released", &release.by.arn);
        lines.quoted("Reason", &release.reason);
    }
}

/// What was done first, what failed loudest.
fn steps(lines: &mut Lines, incident: &Incident) {
    if matches!(incident.state, IncidentState::Observed) {
        lines.value("Plan", names(&incident.plan.steps));
    }
    let done: Vec<Step> =
        incident.steps.iter().filter(|(_, record)| record.status == StepStatus::Done).map(|(step, _)| *step).collect();
    if !done.is_empty() {
        lines.value("Done", names(&done));
    }
    // Telling people is under way as this is written.
    for (step, record) in incident.steps.iter().filter(|(step, _)| **step != Step::Notify) {
        match &record.status {
            StepStatus::Done => {}
            StepStatus::Planned => lines.value("Not begun", step),
            StepStatus::Waiting { why } => lines.value("Under way", format!("{step}: {why}")),
            StepStatus::Failed { error } => lines.value("FAILED", format!("{step}: {error}")),
        }
    }
    incident.locks.missing().for_each(|lock| lines.value("FAILED", lock));
    for omission in &incident.plan.impossible {
        lines.value("IMPOSSIBLE", format!("{}: {}", omission.step, omission.why));
    }
    for omission in &incident.plan.not_needed {
        lines.value("Not needed", format!("{}: {}", omission.step, omission.why));
    }
    incident.plan.warnings.iter().for_each(|warning| lines.value("Note", warning));
    if let Some(release) = &incident.release {
        for (step, record) in &release.undone {
            match &record.status {
                StepStatus::Done => lines.value("Undone", step),
                StepStatus::Planned => lines.value("Not undone", step),
                StepStatus::Waiting { why } => lines.value("Undoing", format!("{step}: {why}")),
                StepStatus::Failed { error } => lines.value("NOT UNDONE", format!("{step}: {error}")),
            }
        }
    }
}

fn next(lines: &mut Lines, incident: &Incident) {
    lines.gap();
    if let Some(show) = commands::show(incident) {
        lines.verbatim("See", &show);
    }
    if let Some(release) = commands::release(incident) {
        let label = if matches!(incident.state, IncidentState::ReleasePartial { .. }) { "Go on" } else { "Release" };
        lines.verbatim(label, &release);
    }
    if let Some(contain) = commands::contain(incident) {
        lines.verbatim("Contain", &contain);
    }
    if matches!(&incident.state, IncidentState::Refused { reason: Refusal::Guarded { guard: Guard::Protected, .. } }) {
        lines.value("", "(it is protected: a second person must then approve)");
    }
}

fn names(steps: &[Step]) -> String {
    steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
