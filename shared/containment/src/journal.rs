//! The journal: one event a change, each linked to the one before by its hash, so that none can be altered, dropped
//! from the middle or put in unseen.

use crate::authority::{Authority, Mode};
use crate::capture::Captured;
use crate::figure::Figure;
use crate::finding::FindingStatus;
use crate::ids::{GroupName, IncidentId, hex};
use crate::incident::{Incident, IncidentState, StepStatus};
use crate::judged::Judged;
use crate::observed::{ObservedInterface, ObservedVolume, Target};
use crate::operator::Operator;
use crate::plan::Plan;
use crate::prior::PriorState;
use crate::release::ReleasePlan;
use crate::request::Requested;
use crate::snapshot_lock::SnapshotLock;
use crate::step::Step;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use signal::{AlarmArn, InstanceId};
use thiserror::Error;
use time::OffsetDateTime;

/// What the first event's `previous` holds.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The decision that made the incident: intent and prior state, or a refusal, or an observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub id: IncidentId,
    pub instance: Option<InstanceId>,
    pub alarm: Option<AlarmArn>,
    pub group: Option<GroupName>,
    pub authority: Option<Authority>,
    pub mode: Option<Mode>,
    pub drill: bool,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub transitioned_at: Option<OffsetDateTime>,
    /// How the signal came, and the SHA-256 of its bytes.
    pub received: Received,
    /// `Committed`, `Observed` or `Refused`.
    pub state: IncidentState,
    pub plan: Plan,
    pub prior: Option<PriorState>,
    /// Who asked for it by hand, and why. `None` for what an alarm nominated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<Requested>,
    /// What AWS's own evaluation of the alarm compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
    /// What the verifier said of its traffic. `None` where nobody asked it: a person's request, a drill, a signal that
    /// AWS did not confirm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    pub via: String,
    pub digest: String,
    /// SNS's own time of publication, where the signal came through SNS: where our latency figure starts.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub published_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventBody {
    Opened(Box<Opening>),
    /// Another process took the incident up.
    Resumed,
    StepReported {
        step: Step,
        #[serde(flatten)]
        status: StepStatus,
        #[serde(default)]
        detail: Option<String>,
        /// Of SnapshotVolumes: what became of locking each snapshot, where that was looked at.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        locks: Vec<SnapshotLock>,
    },
    /// Prior state that is looked up after the cut, before it is touched.
    TargetsFound {
        targets: Vec<Target>,
    },
    /// Prior state of what somebody attached meanwhile.
    PriorExtended {
        interfaces: Vec<ObservedInterface>,
        volumes: Vec<ObservedVolume>,
    },
    StateChanged {
        state: IncidentState,
    },
    /// The instance was seen stopped or terminated.
    Severed,
    /// Evidence was stored, and a signed manifest of it.
    EvidenceCaptured(Captured),
    /// What became of the incident's finding in Security Hub. Only where the deployment imports findings.
    FindingReported {
        #[serde(flatten)]
        status: FindingStatus,
    },
    /// An operator's release: who, why, and what it is going to undo.
    ReleaseBegun {
        by: Operator,
        reason: String,
        plan: ReleasePlan,
        /// The operator says that the alarm was wrong.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        false_alarm: bool,
    },
    /// How far undoing a step is.
    UndoReported {
        step: Step,
        #[serde(flatten)]
        status: StepStatus,
        #[serde(default)]
        detail: Option<String>,
    },
}

impl EventBody {
    pub fn reported(step: Step, status: StepStatus, detail: Option<String>) -> Self {
        Self::StepReported { step, status, detail, locks: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub schema: u32,
    pub incident: IncidentId,
    /// From 1, without gaps.
    pub sequence: u32,
    pub previous: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Function and request that wrote it.
    pub actor: String,
    #[serde(flatten)]
    pub body: EventBody,
}

/// What every schema says of itself.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// An event as it is stored: the exact bytes that were hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEvent {
    pub sequence: u32,
    pub document: String,
    pub hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalFault {
    #[error("event {sequence} cannot be written as JSON: {problem}")]
    Unwritable { sequence: u32, problem: String },
    #[error("event {sequence} cannot be read: {problem}")]
    Unreadable { sequence: u32, problem: String },
    #[error(
        "event {sequence} is of schema {schema}, and this version reads up to {}: use the version that is deployed",
        crate::incident::SCHEMA
    )]
    Newer { sequence: u32, schema: u32 },
    #[error("event {sequence} does not have the hash that its bytes give")]
    Altered { sequence: u32 },
    #[error("event {sequence} does not follow the one before it")]
    Unlinked { sequence: u32 },
    #[error("the journal has no first event")]
    Empty,
    #[error("the journal's head names event {expected}, its events end at {found}")]
    HeadElsewhere { expected: u32, found: u32 },
}

/// The end of a chain: what the next event must link to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub sequence: u32,
    pub hash: String,
}

impl Head {
    pub fn start() -> Self {
        Self { sequence: 0, hash: NO_HASH.to_owned() }
    }
}

/// Seals `body` as the event after `head`; the new head is the sealed event's.
pub fn seal(
    incident: &IncidentId,
    head: &Head,
    at: OffsetDateTime,
    actor: &str,
    body: EventBody,
) -> Result<(SealedEvent, Head), JournalFault> {
    let sequence = head.sequence.saturating_add(1);
    let event = Event {
        schema: crate::incident::SCHEMA,
        incident: incident.clone(),
        sequence,
        previous: head.hash.clone(),
        at,
        actor: actor.to_owned(),
        body,
    };
    let document = serde_json::to_string(&event)
        .map_err(|error| JournalFault::Unwritable { sequence, problem: error.to_string() })?;
    let hash = hash_of(&document);
    let head = Head { sequence, hash: hash.clone() };
    Ok((SealedEvent { sequence, document, hash }, head))
}

/// Checks every link and folds the events into the incident they make. The head, kept apart from the events, tells
/// whether the last one is missing.
pub fn replay(events: &[SealedEvent], head: &Head) -> Result<Incident, JournalFault> {
    let mut expected = Head::start();
    let mut incident: Option<Incident> = None;
    for sealed in events {
        let event = open(sealed, &expected)?;
        match (&mut incident, &event.body) {
            (None, EventBody::Opened(opening)) => incident = Some(Incident::opened(opening, event.at)),
            (None, _) => return Err(JournalFault::Empty),
            (Some(incident), body) => incident.apply(body, event.at),
        }
        expected = Head { sequence: sealed.sequence, hash: sealed.hash.clone() };
    }
    if expected != *head {
        return Err(JournalFault::HeadElsewhere { expected: head.sequence, found: expected.sequence });
    }
    incident.ok_or(JournalFault::Empty)
}

/// The events that `head` vouches for. A reader beside a writer gets the head first and may then see events that were
/// appended since.
pub fn up_to(mut events: Vec<SealedEvent>, head: &Head) -> Vec<SealedEvent> {
    events.retain(|event| event.sequence <= head.sequence);
    events
}

/// Reads one sealed event, checked against its own hash and the event before it.
pub fn open(sealed: &SealedEvent, before: &Head) -> Result<Event, JournalFault> {
    let sequence = sealed.sequence;
    if hash_of(&sealed.document) != sealed.hash {
        return Err(JournalFault::Altered { sequence });
    }
    let unreadable = |error: serde_json::Error| JournalFault::Unreadable { sequence, problem: error.to_string() };
    let Version { schema } = serde_json::from_str(&sealed.document).map_err(unreadable)?;
    if schema > crate::incident::SCHEMA {
        return Err(JournalFault::Newer { sequence, schema });
    }
    let event: Event = serde_json::from_str(&sealed.document).map_err(unreadable)?;
    let follows = event.previous == before.hash
        && event.sequence == sequence
        && Some(event.sequence) == before.sequence.checked_add(1);
    if follows { Ok(event) } else { Err(JournalFault::Unlinked { sequence }) }
}

fn hash_of(document: &str) -> String {
    hex(&Sha256::digest(document.as_bytes()))
}
