//! `cordon show`: an incident as its journal proves it.

use crate::deployment::Deployment;
use crate::exit::{Exit, Failed, explained};
use crate::plan_text;
use containment::ids::IncidentId;
use containment::incident::{Incident, StepStatus};
use containment::journal::{Event, EventBody, Head, JournalFault, SealedEvent, open, replay, up_to};
use ports::{Journal, PortError};
use serde_json::json;
use signal::Quoted;
use std::fmt::Write;
use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum ShowError {
    #[error("no incident {} is in this journal; check the id, the account, the Region and --table", Quoted(.0))]
    Unknown(String),
    #[error("failed to read the journal: {0}")]
    Port(#[from] PortError),
    #[error(
        "the incident's journal was altered or is incomplete: {0}; keep the table as it is and compare its backups"
    )]
    Broken(#[from] JournalFault),
}

pub(crate) async fn run(deployment: &Deployment, id: &str, as_json: bool) -> Result<(String, Exit), Failed> {
    let journal = deployment.journal().await?;
    match show(&*journal, id, as_json).await {
        Ok(text) => Ok((text, Exit::Done)),
        Err(ShowError::Port(error)) => Err(Failed::Unchecked(explained(&error))),
        Err(error) => Err(Failed::Other(error.to_string())),
    }
}

async fn show(journal: &dyn Journal, id: &str, as_json: bool) -> Result<String, ShowError> {
    let incident = IncidentId::new(id);
    let stored = journal.load(&incident).await?.ok_or_else(|| ShowError::Unknown(id.to_owned()))?;
    let sealed = up_to(journal.events(&incident).await?, &stored.head);
    let incident = replay(&sealed, &stored.head)?;
    let events = opened(&sealed)?;
    if as_json {
        return Ok(json!({"schema": 1, "incident": incident, "events": events, "head": stored.head.hash}).to_string());
    }
    Ok(text(&incident, &events))
}

fn opened(sealed: &[SealedEvent]) -> Result<Vec<Event>, JournalFault> {
    let mut head = Head::start();
    let mut events = Vec::with_capacity(sealed.len());
    for one in sealed {
        events.push(open(one, &head)?);
        head = Head { sequence: one.sequence, hash: one.hash.clone() };
    }
    Ok(events)
}

fn text(incident: &Incident, events: &[Event]) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: String| {
        let _ = writeln!(text, "{label:<10} {}", Quoted(&value));
    };
    line("Incident", incident.id.to_string());
    line("State", incident.state.name().to_owned());
    line("Instance", incident.instance.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string));
    if let Some(group) = &incident.group {
        line("Group", group.to_string());
    }
    if let Some(alarm) = &incident.alarm {
        line("Alarm", alarm.name().to_owned());
    }
    if let Some(requested) = &incident.requested {
        line("Asked by", requested.by.arn.clone());
        line("Reason", requested.reason.clone());
        if let Some(second) = &requested.approved_by {
            line("Approved", second.arn.clone());
        }
    }
    if let Some(release) = &incident.release {
        line("Release by", release.by.arn.clone());
        line("Reason", release.reason.clone());
    }
    let _ = writeln!(text, "\nTimeline");
    for event in events {
        let after = (event.at - incident.opened_at).as_seconds_f64();
        let _ = writeln!(text, "{after:>9.3} s  {}", Quoted(&describe(&event.body)));
    }
    text
}

fn describe(body: &EventBody) -> String {
    match body {
        EventBody::Opened(opening) => format!("opened: {}", opening.state.name()),
        EventBody::Resumed => "taken up again".to_owned(),
        EventBody::StepReported { step, status, detail } => {
            let detail = detail.as_ref().map(|detail| format!(" [{detail}]")).unwrap_or_default();
            match status {
                StepStatus::Planned => format!("{step}: planned{detail}"),
                StepStatus::Done => format!("{step}: done{detail}"),
                StepStatus::Waiting { why } => format!("{step}: {why}{detail}"),
                StepStatus::Failed { error } => format!("{step}: FAILED, {error}{detail}"),
            }
        }
        EventBody::TargetsFound { targets } => format!("registered in {} further target groups", targets.len()),
        EventBody::PriorExtended { .. } => "something was attached meanwhile; its prior state is on record".to_owned(),
        EventBody::StateChanged { state } => format!("state: {}", state.name()),
        EventBody::Severed => "seen stopped: no connection survives".to_owned(),
        EventBody::ReleaseBegun { by, reason, .. } => format!("release begun by {}: {reason}", by.arn),
        EventBody::UndoReported { step, status, .. } => {
            format!("{}: {}", plan_text::undoing(*step), plan_text::status(status))
        }
    }
}
