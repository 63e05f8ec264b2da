//! What people and Security Hub are told of an incident: a text, the same for machines, and a finding.
//!
//! Nothing here awaits, reads a clock or reaches anything. Names, reasons and errors are hostile: what is shown is quoted
//! or kept on its line, and what stands in a link is encoded.

mod commands;
mod console;
mod finding;
mod lines;
mod links;
mod news;
mod others;
pub mod quantity;
mod why;

pub use commands::can_be_typed;
pub use console::Console;
pub use finding::{Finding, FindingSeverity, RecordState, WorkflowStatus, finding};
pub use news::news;
pub use others::{of_approval, of_freeze};
pub use why::reasons;

use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::untracking::{self, Resume};
use signal::{AccountId, Region};

/// The version of a notice's JSON. Fields may be added under the same number; none changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// Where it happened: the deployment's own words, none of a signal.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub account: &'a AccountId,
    pub region: &'a Region,
    pub partition: &'a str,
    pub evidence_bucket: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// For the record.
    Info,
    /// An instance was contained, or would have been.
    Action,
    /// Somebody must look now.
    Page,
}

/// What people are told. `details` is JSON for machines; `text` is for people and holds no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub incident: IncidentId,
    pub severity: Severity,
    pub subject: String,
    pub text: String,
    pub details: String,
}

pub(crate) fn severity(incident: &Incident) -> Severity {
    match &incident.state {
        IncidentState::Partial { .. } | IncidentState::ReleasePartial { .. } => Severity::Page,
        // Who asked by hand has the refusal already.
        IncidentState::Refused { reason } if reason.pages() && incident.requested.is_none() => Severity::Page,
        IncidentState::Refused { .. } | IncidentState::Released => Severity::Info,
        // Nothing was read back in quarantine when this was said: it may still be reachable.
        IncidentState::Committed => Severity::Page,
        IncidentState::Isolated | IncidentState::Settling | IncidentState::Contained | IncidentState::Observed => {
            Severity::Action
        }
    }
}

pub(crate) fn headline(incident: &Incident) -> &'static str {
    match &incident.state {
        IncidentState::Partial { .. } if untracking::resume(incident) == Resume::PutBack => "MAY BE OPEN TO EVERYTHING",
        IncidentState::Committed => "is being contained",
        IncidentState::Isolated | IncidentState::Settling => "is isolated",
        IncidentState::Contained => "is contained",
        IncidentState::Partial { .. } => "is only partly contained",
        IncidentState::Observed => "would have been contained",
        IncidentState::Refused { .. } => "was not contained",
        IncidentState::Released => "is released",
        IncidentState::ReleasePartial { .. } => "is only partly released",
    }
}

pub(crate) fn subject(incident: &Incident, place: &Place<'_>) -> String {
    let drill = if incident.drill { "DRILL " } else { "" };
    let instance = incident.instance.as_ref().map_or_else(|| "no instance".to_owned(), ToString::to_string);
    format!("{drill}Cordon: {instance} {} ({})", headline(incident), place.region)
}

/// Whether AWS confirmed what the incident is about. Names in others come from a message alone.
pub(crate) fn is_confirmed(incident: &Incident) -> bool {
    !incident.id.as_str().starts_with("ref-")
}
