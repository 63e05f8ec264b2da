//! What the files of an archive are: the names and figures that their bytes don't hold.

use super::{ArchiveFault, JOURNAL, OBJECTS, SIGNED};
use crate::bundle::{Bundle, ObjectVersion, Reading};
use crate::keys;
use crate::statement::JournalLink;
use containment::ids::IncidentId;
use serde::{Deserialize, Serialize};
use signal::Quoted;
use std::collections::BTreeMap;

pub(super) const SCHEMA: u32 = 1;

/// The most characters of a key that a file's name shows; a tar name holds 100.
const SHOWN: usize = 64;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    schema: u32,
    pub(super) incident: IncidentId,
    pub(super) head: Option<JournalLink>,
    pub(super) events: Vec<IndexedEvent>,
    pub(super) signed: Vec<IndexedObject>,
    pub(super) objects: Vec<IndexedObject>,
}

/// As the table holds it beside the event's bytes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndexedEvent {
    pub(super) file: String,
    pub(super) stored: JournalLink,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndexedObject {
    pub(super) object: ObjectVersion,
    pub(super) file: Reading<String>,
}

impl Index {
    pub(super) fn of(bundle: &Bundle) -> Self {
        let events = bundle.events.iter().zip(1..).map(|(event, number)| IndexedEvent {
            file: numbered(JOURNAL, number, "json"),
            stored: JournalLink { sequence: event.sequence, hash: event.hash.clone() },
        });
        Self {
            schema: SCHEMA,
            incident: bundle.incident.clone(),
            head: bundle.head.clone().map(JournalLink::from),
            events: events.collect(),
            signed: indexed(&bundle.incident, SIGNED, &bundle.signed),
            objects: indexed(&bundle.incident, OBJECTS, &bundle.objects),
        }
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ArchiveFault> {
        #[derive(Deserialize)]
        struct Schema {
            schema: u32,
        }
        let unreadable =
            |error: serde_json::Error| ArchiveFault::Index { problem: Quoted(&error.to_string()).to_string() };
        let Schema { schema } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if schema != SCHEMA {
            return Err(ArchiveFault::UnknownSchema { found: schema });
        }
        let index: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        let id = index.incident.as_str();
        if id.is_empty() || id.len() > SHOWN || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(ArchiveFault::Index { problem: format!("{} is no incident's id", Quoted(id)) });
        }
        Ok(index)
    }
}

fn indexed<T>(
    incident: &IncidentId,
    folder: &str,
    objects: &BTreeMap<ObjectVersion, Reading<T>>,
) -> Vec<IndexedObject> {
    let prefix = keys::prefix(incident);
    let entry = |((object, reading), number): ((&ObjectVersion, &Reading<T>), usize)| IndexedObject {
        object: object.clone(),
        file: match reading {
            Reading::Read(_) => {
                Reading::Read(numbered(folder, number, &shown(object.key.strip_prefix(&prefix).unwrap_or(&object.key))))
            }
            Reading::Unread(why) => Reading::Unread(why.clone()),
        },
    };
    objects.iter().zip(1..).map(entry).collect()
}

fn numbered(folder: &str, number: usize, rest: &str) -> String {
    match folder {
        JOURNAL => format!("{folder}{number:06}.{rest}"),
        _ => format!("{folder}{number:06}-{rest}"),
    }
}

/// As much of a key as a file may be called by on any system.
fn shown(key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    let start = key.chars().count().saturating_sub(SHOWN);
    key.chars().skip(start).map(plain).collect()
}
