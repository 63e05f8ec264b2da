//! The journal as its own hashes hold it: what each event's hash is, and which state it leaves the incident in.

use crate::bundle::Bundle;
use crate::statement::Statement;
use crate::verification::{Check, Fault, Subject};
use containment::journal::{Event, EventBody, Head, JournalFault, SealedEvent, open};
use containment::snapshot_lock::SnapshotLock;
use signal::Quoted;
use std::collections::BTreeMap;

pub(crate) struct Chain {
    points: BTreeMap<u32, Point>,
    end: Head,
    /// The last event that changed the state, and to which.
    pub(crate) last_change: Option<(u32, &'static str)>,
    /// Whether the incident began with an intent to contain.
    pub(crate) committed: bool,
    /// What the last event that tells of them says of the snapshots' locks.
    pub(crate) locks: Vec<SnapshotLock>,
}

struct Point {
    hash: String,
    /// `None` after an event that could not be read.
    state: Option<&'static str>,
}

impl Chain {
    /// Goes on after a fault, so that each event has its own verdict.
    pub(crate) fn read(bundle: &Bundle, checks: &mut Vec<Check>) -> Self {
        let mut chain = Self {
            points: BTreeMap::new(),
            end: Head::start(),
            last_change: None,
            committed: false,
            locks: Vec::new(),
        };
        let mut state = None;
        for sealed in &bundle.events {
            let sequence = sealed.sequence;
            let event = read(bundle, sealed, &chain.end);
            state = match &event {
                Ok(event) => chain.state_after(event, state),
                Err(_) => None,
            };
            checks.push(Check { subject: Subject::Event { sequence }, verdict: event.map(|_| ()).into() });
            chain.points.insert(sequence, Point { hash: sealed.hash.clone(), state });
            chain.end = Head { sequence, hash: sealed.hash.clone() };
        }
        checks.push(Check { subject: Subject::TableHead, verdict: chain.ends_at(bundle.head.as_ref()).into() });
        chain
    }

    pub(crate) fn last(&self) -> u32 {
        self.end.sequence
    }

    fn state_after(&mut self, event: &Event, before: Option<&'static str>) -> Option<&'static str> {
        let state = match &event.body {
            EventBody::Opened(opening) if event.sequence == 1 => opening.state.name(),
            EventBody::StateChanged { state } => state.name(),
            EventBody::StepReported { locks, .. } if !locks.is_empty() => {
                self.locks.clone_from(locks);
                return before;
            }
            EventBody::Opened(_)
            | EventBody::Resumed
            | EventBody::StepReported { .. }
            | EventBody::TargetsFound { .. }
            | EventBody::PriorExtended { .. }
            | EventBody::EvidenceCaptured(_)
            | EventBody::FindingReported { .. }
            | EventBody::ReleaseBegun { .. }
            | EventBody::UndoReported { .. }
            | EventBody::Severed => return before,
        };
        self.committed |= event.sequence == 1 && state == "Committed";
        self.last_change = Some((event.sequence, state));
        Some(state)
    }

    fn ends_at(&self, head: Option<&Head>) -> Result<(), Fault> {
        match head {
            _ if self.points.is_empty() => Err(JournalFault::Empty.into()),
            None => Err(Fault::NoTableHead),
            Some(head) if *head == self.end => Ok(()),
            Some(head) => Err(Fault::HeadElsewhere {
                named: head.sequence,
                named_hash: head.hash.clone(),
                last: self.end.sequence,
                last_hash: self.end.hash.clone(),
            }),
        }
    }

    /// Whether the journal has the event that the statement vouches for.
    pub(crate) fn holds(&self, statement: &Statement) -> Result<(), Fault> {
        let link = statement.journal();
        let sequence = link.sequence;
        let Some(point) = self.points.get(&sequence) else {
            return Err(Fault::EventRemoved { sequence, last: self.last() });
        };
        if point.hash != link.hash {
            return Err(Fault::HashDiffers { sequence, expected: link.hash.clone(), found: point.hash.clone() });
        }
        match (statement, point.state) {
            (Statement::Head(head), Some(found)) if head.state != found => {
                Err(Fault::StateDiffers { sequence, expected: head.state.clone(), found: found.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

fn read(bundle: &Bundle, sealed: &SealedEvent, before: &Head) -> Result<Event, Fault> {
    let first_missing = before.sequence.saturating_add(1);
    match open(sealed, before) {
        Ok(event) if event.incident != bundle.incident => Err(Fault::OtherIncident { found: event.incident }),
        Ok(event) if event.sequence == 1 && !matches!(event.body, EventBody::Opened(_)) => {
            Err(JournalFault::Empty.into())
        }
        Err(JournalFault::Unlinked { sequence }) if sequence > first_missing => {
            Err(Fault::EventsMissing { first: first_missing, last: sequence.saturating_sub(1) })
        }
        // What could not be read is foreign text, and the problem quotes from it.
        Err(JournalFault::Unreadable { sequence, problem }) => {
            Err(JournalFault::Unreadable { sequence, problem: Quoted(&problem).to_string() }.into())
        }
        other => Ok(other?),
    }
}
