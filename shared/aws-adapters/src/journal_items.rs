//! The table's keys and items. One table: `pk` and `sk` say what an item is.

use aws_sdk_dynamodb::types::AttributeValue;
use containment::attack::TimeRange;
use containment::authority::{Mode, StandaloneEntry};
use containment::breaker::Breaker;
use containment::guards::Freeze;
use containment::ids::{GroupName, IncidentId};
use containment::incident::Incident;
use containment::journal::{Head, SealedEvent};
use containment::request::PendingApproval;
use ports::{Lease, ListedIncident, PortError, PortResult, StoredIncident};
use signal::InstanceId;
use std::collections::{BTreeSet, HashMap};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const HEAD: &str = "head";
pub(crate) const OPEN_INDEX: &str = "open-incidents";
pub(crate) const LISTED_INDEX: &str = "listed-incidents";

pub(crate) fn key(pk: &str, sk: &str) -> Item {
    Item::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

pub(crate) fn incident_pk(id: &IncidentId) -> String {
    format!("incident#{id}")
}

pub(crate) fn event_sk(sequence: u32) -> String {
    format!("event#{sequence:06}")
}

pub(crate) fn head_key(id: &IncidentId) -> Item {
    key(&incident_pk(id), HEAD)
}

pub(crate) fn freeze_key() -> Item {
    key("freeze", "freeze")
}

pub(crate) fn nonce_key(nonce: &str) -> Item {
    key(&format!("nonce#{nonce}"), "nonce")
}

pub(crate) fn approval_key(id: &str) -> Item {
    key(&format!("approval#{id}"), "approval")
}

pub(crate) fn hold_key(instance: &InstanceId) -> Item {
    key(&format!("instance#{instance}"), "open")
}

/// When the instance of a hold was attacked, by released incidents: a set of texts.
pub(crate) const ATTACKS: &str = "attacks";

pub(crate) fn attacks<'a>(all: impl IntoIterator<Item = &'a TimeRange>) -> AttributeValue {
    AttributeValue::Ss(all.into_iter().map(ToString::to_string).collect())
}

/// The item of [`hold_key`].
#[derive(Debug, PartialEq)]
pub(crate) struct Hold {
    /// The incident that holds the instance.
    pub(crate) held_by: Option<IncidentId>,
    /// When an operator last released it.
    pub(crate) released_at: Option<OffsetDateTime>,
    pub(crate) attacks: BTreeSet<TimeRange>,
}

pub(crate) fn authority_key(instance: &InstanceId) -> Item {
    key(&format!("authority#{instance}"), "authority")
}

/// Standalone instances share one breaker.
pub(crate) fn group_breaker_key(group: Option<&GroupName>) -> Item {
    match group {
        Some(group) => key(&format!("breaker#group#{group}"), "breaker"),
        None => key("breaker#standalone", "breaker"),
    }
}

pub(crate) fn account_breaker_key() -> Item {
    key("breaker#account", "breaker")
}

pub(crate) fn string(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Unix milliseconds.
pub(crate) fn milliseconds(at: OffsetDateTime) -> AttributeValue {
    number(at.unix_timestamp_nanos() / 1_000_000)
}

pub(crate) fn event_item(id: &IncidentId, event: &SealedEvent) -> Item {
    let mut item = key(&incident_pk(id), &event_sk(event.sequence));
    item.insert("document".to_owned(), string(&event.document));
    item.insert("hash".to_owned(), string(&event.hash));
    item
}

/// What changes with every event. `open` keeps the incident in the index while there is work left.
pub(crate) fn head_fields(operation: &'static str, incident: &Incident, head: &Head) -> PortResult<Item> {
    let document = serde_json::to_string(incident).map_err(|error| PortError::unreadable(operation, error))?;
    Ok(Item::from([
        ("document".to_owned(), string(document)),
        ("state".to_owned(), string(incident.state.name())),
        ("sequence".to_owned(), number(head.sequence)),
        ("head_hash".to_owned(), string(&head.hash)),
        (VERDICT.to_owned(), string(if incident.false_alarm { FALSE_ALARM } else { "none" })),
    ]))
}

/// What who released an incident says of its alarm, for lists of incidents.
const VERDICT: &str = "verdict";
const FALSE_ALARM: &str = "false-alarm";

pub(crate) const OPEN: &str = "yes";
pub(crate) const LATER: &str = "later";

/// Where the index of open incidents has it: with work now, or with a second capture to come. The latter are many, and
/// are read only once they are due.
pub(crate) fn open_as(incident: &Incident) -> Option<&'static str> {
    incident.is_open().then(|| if incident.only_waits_for_later_capture() { LATER } else { OPEN })
}

pub(crate) fn rfc3339(operation: &'static str, at: OffsetDateTime) -> PortResult<String> {
    at.format(&Rfc3339).map_err(|error| PortError::unreadable(operation, error))
}

pub(crate) fn head_item(operation: &'static str, incident: &Incident, head: &Head) -> PortResult<Item> {
    let mut item = key(&incident_pk(&incident.id), HEAD);
    item.extend(head_fields(operation, incident, head)?);
    item.insert("opened_at".to_owned(), string(rfc3339(operation, incident.opened_at)?));
    item.insert("listed".to_owned(), string(month_of(incident.opened_at.date())));
    if let Some(instance) = &incident.instance {
        item.insert("instance".to_owned(), string(instance.as_str()));
    }
    if let Some(group) = &incident.group {
        item.insert("group_name".to_owned(), string(group.as_str()));
    }
    if let Some(open) = open_as(incident) {
        item.insert("open".to_owned(), string(open));
    }
    Ok(item)
}

/// `YYYY-MM`: the incidents of a month lie together, so that the newest are found without reading the others.
pub(crate) fn month_of(date: Date) -> String {
    format!("{:04}-{:02}", date.year(), u8::from(date.month()))
}

pub(crate) fn breaker_item(operation: &'static str, mut item: Item, breaker: &Breaker) -> PortResult<Item> {
    let document = serde_json::to_string(&breaker.slots).map_err(|error| PortError::unreadable(operation, error))?;
    item.insert("version".to_owned(), number(breaker.version));
    item.insert("slots".to_owned(), string(document));
    Ok(item)
}

/// Reads attributes of one item; a missing or mistyped one is an error that names it.
pub(crate) struct Reader<'a> {
    pub(crate) operation: &'static str,
    pub(crate) item: &'a Item,
}

impl Reader<'_> {
    fn wrong(&self, name: &str) -> PortError {
        PortError::unreadable(self.operation, format!("attribute {name} is missing or of another type"))
    }

    pub(crate) fn text(&self, name: &str) -> PortResult<&str> {
        let value = self.item.get(name).and_then(|value| value.as_s().ok());
        value.map(String::as_str).ok_or_else(|| self.wrong(name))
    }

    fn optional_text(&self, name: &str) -> PortResult<Option<&str>> {
        if self.item.contains_key(name) { self.text(name).map(Some) } else { Ok(None) }
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> PortResult<T> {
        let value = self.item.get(name).and_then(|value| value.as_n().ok());
        value.and_then(|value| value.parse().ok()).ok_or_else(|| self.wrong(name))
    }

    /// Absent is `false`; anything but a boolean is an error, since it would decide about an instance.
    fn flag(&self, name: &str) -> PortResult<bool> {
        match self.item.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().copied().map_err(|_| self.wrong(name)),
        }
    }

    fn time(&self, name: &str) -> PortResult<Option<OffsetDateTime>> {
        if !self.item.contains_key(name) {
            return Ok(None);
        }
        let milliseconds: i64 = self.number(name)?;
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000)
            .map(Some)
            .map_err(|_| self.wrong(name))
    }

    pub(crate) fn freeze(&self) -> PortResult<Freeze> {
        let text = |name| Ok::<_, PortError>(self.optional_text(name)?.unwrap_or("(not said)").to_owned());
        Ok(Freeze { by: text("by")?, reason: text("reason")?, expires_at: self.time("expires_at_ms")? })
    }

    pub(crate) fn approval(&self) -> PortResult<PendingApproval> {
        let document = self.text("document")?;
        serde_json::from_str(document).map_err(|error| PortError::unreadable(self.operation, error))
    }

    pub(crate) fn breaker(&self) -> PortResult<Breaker> {
        let slots =
            serde_json::from_str(self.text("slots")?).map_err(|error| PortError::unreadable(self.operation, error))?;
        Ok(Breaker { version: self.number("version")?, slots })
    }

    /// A mode that is neither of the two is an error, not "not opted in": somebody meant something.
    pub(crate) fn standalone(&self) -> PortResult<StandaloneEntry> {
        let mode = match self.optional_text("mode")? {
            None => None,
            Some(text) => Some(Mode::parse(text).ok_or_else(|| self.wrong("mode"))?),
        };
        Ok(StandaloneEntry { mode, protected: self.flag("protected")?, drills_allowed: self.flag("drills")? })
    }

    pub(crate) fn hold(&self) -> PortResult<Hold> {
        let held_by = self.flag("held")?.then(|| self.text("incident").map(IncidentId::new)).transpose()?;
        let attacks = match self.item.get(ATTACKS) {
            None => BTreeSet::new(),
            Some(AttributeValue::Ss(all)) => {
                all.iter().map(|one| one.parse().map_err(|()| self.wrong(ATTACKS))).collect::<PortResult<_>>()?
            }
            Some(_) => return Err(self.wrong(ATTACKS)),
        };
        Ok(Hold { held_by, released_at: self.time("released_at_ms")?, attacks })
    }

    pub(crate) fn head(&self) -> PortResult<Head> {
        Ok(Head { sequence: self.number("sequence")?, hash: self.text("head_hash")?.to_owned() })
    }

    pub(crate) fn lease(&self) -> PortResult<Option<Lease>> {
        let (Some(owner), Some(expires_at)) = (self.optional_text("lease_owner")?, self.time("lease_expires_at")?)
        else {
            return Ok(None);
        };
        Ok(Some(Lease { owner: owner.to_owned(), expires_at }))
    }

    pub(crate) fn stored(&self) -> PortResult<StoredIncident> {
        let document = self.text("document")?;
        let incident = serde_json::from_str(document).map_err(|error| PortError::unreadable(self.operation, error))?;
        Ok(StoredIncident { incident, head: self.head()?, lease: self.lease()? })
    }

    pub(crate) fn listed(&self) -> PortResult<ListedIncident> {
        let id = self.text("pk")?.strip_prefix("incident#").ok_or_else(|| self.wrong("pk"))?;
        let opened_at = self.text("opened_at")?;
        Ok(ListedIncident {
            id: IncidentId::new(id),
            opened_at: OffsetDateTime::parse(opened_at, &Rfc3339).map_err(|_| self.wrong("opened_at"))?,
            state: self.text("state")?.to_owned(),
            instance: self.optional_text("instance")?.map(ToOwned::to_owned),
            group: self.optional_text("group_name")?.map(ToOwned::to_owned),
            false_alarm: self.optional_text(VERDICT)?.is_some_and(|verdict| verdict == FALSE_ALARM),
        })
    }

    pub(crate) fn event(&self) -> PortResult<SealedEvent> {
        let sequence = self.text("sk")?.strip_prefix("event#").and_then(|number| number.parse().ok());
        Ok(SealedEvent {
            sequence: sequence.ok_or_else(|| self.wrong("sk"))?,
            document: self.text("document")?.to_owned(),
            hash: self.text("hash")?.to_owned(),
        })
    }
}
