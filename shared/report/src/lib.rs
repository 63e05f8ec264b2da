//! One incident, told to people and to machines: a page, a terminal's text, JSON and OCSF.
//!
//! All four say the same, from one [`Report`]. Nothing here awaits, reads a clock, a file or a network, and nothing
//! panics on input. Names, tags, reasons and errors in a report are hostile: each form escapes whatever it shows, and
//! what is missing is said, never left out in silence.

mod audit;
mod content;
mod entries;
mod evidence;
mod facts;
mod figures;
mod html;
mod json;
mod ocsf;
mod plot;
mod release;
mod steps;
mod summary;
mod text;
mod times;
mod traffic;
mod words;

pub use audit::{Audit, audit_html, audit_ocsf};
pub use evidence::{EvidenceItem, MissingEvidence};
pub use html::html;
pub use json::{SCHEMA, json};
pub use ocsf::{OCSF_VERSION, ocsf};
pub use text::text;
pub use traffic::{BandPoint, Peer, Point, Traffic, Window};

use containment::incident::Incident;
use containment::journal::{Event, Head};
use signal::{AccountId, Region};
use thiserror::Error;
use time::OffsetDateTime;

/// What a report is made from. The events must have been opened from the journal and `head` must vouch for them:
/// a report does not check the chain again.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub incident: &'a Incident,
    pub events: &'a [Event],
    pub head: &'a Head,
    pub account: &'a AccountId,
    pub region: &'a Region,
    /// The ARN partition: `aws`, `aws-cn`, `aws-us-gov`. Links to the console are made for these three only.
    pub partition: &'a str,
    /// The instance's tag `Name`. Whoever may tag the instance chose it.
    pub instance_name: Option<&'a str>,
    pub generated_at: OffsetDateTime,
    /// `None` where it was not read.
    pub traffic: Option<&'a Traffic>,
    pub evidence: &'a [EvidenceItem],
    pub missing: &'a [MissingEvidence],
}

/// A form could not be written. Input cannot cause it, but a library's answer is not thrown away.
#[derive(Debug, Error)]
pub enum ReportError {
    #[error("failed to fill in the page: {0}")]
    Page(#[from] askama::Error),
    #[error("failed to draw the traffic: {0}")]
    Plot(String),
    #[error("failed to write JSON: {0}")]
    Json(#[from] serde_json::Error),
}
