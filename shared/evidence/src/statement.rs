//! What gets signed: how far the journal had come, and what a capture stored.
//!
//! A statement says itself what it is, of which incident, and by which key, so that a signature of one thing is worth
//! nothing for another. Its document is its only spelling: every other is refused.

use crate::content::Content;
use crate::keys;
pub use containment::capture::Capture;
use containment::ids::IncidentId;
use containment::journal::Head;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;

pub const SCHEMA: u32 = 1;

/// The tag `kind` keeps the two apart within the signed bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Statement {
    #[serde(rename = "cordon-evidence-head")]
    Head(SignedHead),
    #[serde(rename = "cordon-evidence-manifest")]
    Manifest(Manifest),
}

/// The journal's head at a change of state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    pub schema: u32,
    pub incident: IncidentId,
    /// ARN of the KMS key that signs.
    pub signing_key: String,
    pub journal: JournalLink,
    /// The name of the state that the event leaves the incident in.
    pub state: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// What one capture stored, and what it could not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub schema: u32,
    pub incident: IncidentId,
    /// ARN of the KMS key that signs.
    pub signing_key: String,
    pub capture: Capture,
    #[serde(with = "time::serde::rfc3339")]
    pub captured_at: OffsetDateTime,
    /// The journal's head when it was captured.
    pub journal: JournalLink,
    pub objects: Vec<ListedObject>,
    pub missing: Vec<MissingCapture>,
}

/// One event of the journal, and with it all before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalLink {
    pub sequence: u32,
    pub hash: String,
}

impl From<Head> for JournalLink {
    fn from(head: Head) -> Self {
        Self { sequence: head.sequence, hash: head.hash }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedObject {
    /// What it shows, for people.
    pub name: String,
    /// The object's key in the evidence bucket.
    pub key: String,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingCapture {
    pub name: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StatementFault {
    #[error("the statement cannot be written as JSON: {problem}")]
    Unwritable { problem: String },
    #[error("the document is no statement of Cordon's: {problem}")]
    Unreadable { problem: String },
    #[error("the document has schema {found}; this version knows schema {SCHEMA}")]
    UnknownSchema { found: u32 },
    #[error("the document is spelled in another way than Cordon writes it")]
    Misspelled,
}

impl Statement {
    /// The exact text to be stored and signed: one line of JSON.
    pub fn document(&self) -> Result<String, StatementFault> {
        serde_json::to_string(self).map_err(|error| StatementFault::Unwritable { problem: error.to_string() })
    }

    pub(crate) fn parse(document: &str) -> Result<Self, StatementFault> {
        #[derive(Deserialize)]
        struct Schema {
            schema: u32,
        }
        let unreadable = |error: serde_json::Error| StatementFault::Unreadable { problem: error.to_string() };
        // A later schema may have other fields: that it is unknown says more than which field is.
        let Schema { schema } = serde_json::from_str(document).map_err(unreadable)?;
        if schema != SCHEMA {
            return Err(StatementFault::UnknownSchema { found: schema });
        }
        let statement: Self = serde_json::from_str(document).map_err(unreadable)?;
        if statement.document()? == document { Ok(statement) } else { Err(StatementFault::Misspelled) }
    }

    pub fn incident(&self) -> &IncidentId {
        match self {
            Self::Head(head) => &head.incident,
            Self::Manifest(manifest) => &manifest.incident,
        }
    }

    pub fn journal(&self) -> &JournalLink {
        match self {
            Self::Head(head) => &head.journal,
            Self::Manifest(manifest) => &manifest.journal,
        }
    }

    /// The only key under which it may be stored.
    pub fn key(&self) -> String {
        match self {
            Self::Head(head) => keys::head(&head.incident, head.journal.sequence),
            Self::Manifest(manifest) => keys::manifest(&manifest.incident, manifest.capture),
        }
    }
}
