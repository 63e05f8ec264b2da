//! What was checked, and what came of it.

use crate::bundle::ObjectVersion;
use crate::content::Content;
use crate::signed::DocumentFault;
use crate::statement::{Capture, JournalLink};
use containment::ids::{IncidentId, SnapshotId};
use containment::journal::JournalFault;
use containment::snapshot_lock::SnapshotLock;
use serde::{Serialize, Serializer};
use signal::Quoted;
use std::fmt;
use thiserror::Error;

pub const SCHEMA: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    pub schema: u32,
    pub incident: IncidentId,
    /// Of the public key that was given.
    pub fingerprint: String,
    pub outcome: Outcome,
    /// The last event that anything signed vouches for: how late a state the record shows.
    pub signed_up_to: Option<JournalLink>,
    pub checks: Vec<Check>,
    pub warnings: Vec<Warning>,
    /// What the journal says of the snapshots' locks. EC2 keeps the locks; nothing here asks it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<SnapshotLock>,
}

/// The worst of all checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Passed,
    NotChecked,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    #[serde(flatten)]
    pub subject: Subject,
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What a check is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "check", rename_all = "kebab-case")]
pub enum Subject {
    /// The event's hash, its link to the one before, and its incident.
    Event { sequence: u32 },
    /// The table's head names the last event.
    TableHead,
    /// The signature of a signed head or a manifest, and that it is one.
    Signature { object: ObjectVersion },
    /// It is of this incident and lies where it belongs.
    Place { object: ObjectVersion },
    /// The event it vouches for is in the journal, with that hash and state.
    JournalLink { object: ObjectVersion },
    /// Signed heads reach the last change of state.
    Coverage,
    /// There is a manifest of this capture.
    Captured { capture: Capture },
    /// An object is what a manifest says.
    Object { key: String, manifest: ObjectVersion },
    /// A stored version that no manifest lists.
    Unlisted { object: ObjectVersion },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    Passed,
    Failed {
        #[serde(rename = "why", serialize_with = "in_words")]
        fault: Fault,
    },
    NotChecked {
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error(transparent)]
    Journal(#[from] JournalFault),
    #[error("events {first} to {last} are missing")]
    EventsMissing { first: u32, last: u32 },
    #[error("the table holds no head for the incident")]
    NoTableHead,
    #[error("the head names event {named} with hash {}, the last is event {last} with hash {}", Quoted(.named_hash), Quoted(.last_hash))]
    HeadElsewhere { named: u32, named_hash: String, last: u32, last_hash: String },
    #[error(transparent)]
    Document(#[from] DocumentFault),
    #[error("it is of another incident: {}", Quoted(.found.as_str()))]
    OtherIncident { found: IncidentId },
    #[error("it belongs under the key {}", Quoted(.belongs))]
    Misplaced { belongs: String },
    #[error("it vouches for event {sequence}, which is not in the journal: that ends at event {last}")]
    EventRemoved { sequence: u32, last: u32 },
    #[error("event {sequence} should have hash {expected}, in the journal it has {}", Quoted(.found))]
    HashDiffers { sequence: u32, expected: String, found: String },
    #[error("event {sequence} should leave the incident {}, in the journal it is {found}", Quoted(.expected))]
    StateDiffers { sequence: u32, expected: String, found: String },
    #[error("the object is missing: {expected} expected")]
    ObjectMissing { expected: Content },
    #[error("{expected} expected, {found} found")]
    ObjectDiffers { expected: Content, found: Content },
}

/// What a reader must know although no check fails by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "warning", rename_all = "kebab-case")]
pub enum Warning {
    /// The manifest itself says that this could not be captured.
    MissingCapture { capture: Capture, name: String, why: String },
    /// Only the chain holds these events, no signature.
    UnsignedEvents { first: u32, last: u32 },
    /// None was made yet, or there is none.
    NoLaterCapture,
    /// It should be locked, and AWS did not show that it is.
    SnapshotNotLocked { snapshot: SnapshotId, why: String },
}

impl Verdict {
    pub(crate) fn not_checked(why: impl ToString) -> Self {
        Self::NotChecked { why: why.to_string() }
    }

    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Passed => Outcome::Passed,
            Self::NotChecked { .. } => Outcome::NotChecked,
            Self::Failed { .. } => Outcome::Failed,
        }
    }
}

impl From<Result<(), Fault>> for Verdict {
    fn from(result: Result<(), Fault>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(fault) => Self::Failed { fault },
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { sequence } => write!(f, "event {sequence}"),
            Self::TableHead => f.write_str("head of the journal"),
            Self::Signature { object } => write!(f, "signature of {object}"),
            Self::Place { object } => write!(f, "place of {object}"),
            Self::JournalLink { object } => write!(f, "link to the journal of {object}"),
            Self::Coverage => f.write_str("signed heads up to the last change of state"),
            Self::Captured { capture } => write!(f, "manifest of the capture {capture}"),
            Self::Object { key, manifest } => write!(f, "object {}, listed in {manifest}", Quoted(key)),
            Self::Unlisted { object } => write!(f, "unlisted object {object}"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed { fault } => write!(f, "failed: {fault}"),
            Self::NotChecked { why } => write!(f, "not checked: {why}"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingCapture { capture, name, why } => {
                write!(f, "missing in the capture {capture}: {}: {}", Quoted(name), Quoted(why))
            }
            Self::UnsignedEvents { first, last } => {
                write!(f, "events {first} to {last} are held by the chain alone: nothing signed is as late")
            }
            Self::NoLaterCapture => f.write_str("there is no later capture, or not yet"),
            Self::SnapshotNotLocked { snapshot, why } => {
                write!(f, "snapshot {} is NOT LOCKED: {}", Quoted(snapshot.as_str()), Quoted(why))
            }
        }
    }
}

fn in_words<S: Serializer>(fault: &Fault, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(fault)
}
