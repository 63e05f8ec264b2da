//! The journal's table: what is written, on which conditions, all of them checked before anything is.

use containment::authority::StandaloneEntry;
use containment::breaker::Breaker;
use containment::guards::Freeze;
use containment::ids::{GroupName, IncidentId};
use containment::incident::Incident;
use containment::journal::{Head, SealedEvent};
use ports::{AppendError, CommitError, ErrorKind, Glance, Intent, Lease, StoredIncident, Transaction, Wanted};
use signal::InstanceId;
use std::collections::BTreeMap;
use time::OffsetDateTime;

use crate::operations::APPEND;

/// DynamoDB: a transaction holds at most 100 items.
const TRANSACTION_LIMIT: usize = 100;

#[derive(Default)]
pub struct Table {
    pub freeze: Option<Freeze>,
    /// The list of standalone instances.
    pub standalone: BTreeMap<InstanceId, StandaloneEntry>,
    /// `None` is the breaker that standalone instances share.
    pub group_breakers: BTreeMap<Option<GroupName>, Breaker>,
    pub account_breaker: Option<Breaker>,
    pub holds: BTreeMap<InstanceId, Hold>,
    heads: BTreeMap<IncidentId, HeadItem>,
    /// Public, so that a test can tamper with them.
    pub events: BTreeMap<(IncidentId, u32), SealedEvent>,
}

#[derive(Debug, Clone)]
pub struct Hold {
    /// The incident that holds the instance now.
    pub incident: Option<IncidentId>,
    pub released_at: Option<OffsetDateTime>,
}

/// The incident as it is stored: its JSON, so that what can't be read back fails here as well.
struct HeadItem {
    document: String,
    head: Head,
    lease: Option<Lease>,
    opened_at: OffsetDateTime,
    open: bool,
}

impl HeadItem {
    fn of(incident: &Incident, head: &Head, lease: Option<Lease>) -> Self {
        Self {
            document: serde_json::to_string(incident).unwrap(),
            head: head.clone(),
            lease,
            opened_at: incident.opened_at,
            open: incident.is_open(),
        }
    }
}

impl Table {
    pub(crate) fn glance(&self, wanted: &Wanted) -> Glance {
        let hold = self.holds.get(&wanted.instance);
        Glance {
            freeze: self.freeze.clone(),
            group_breaker: self.group_breakers.get(&wanted.group).cloned().unwrap_or_default(),
            account_breaker: self.account_breaker.clone().unwrap_or_default(),
            standalone: self.standalone.get(&wanted.instance).cloned(),
            held_by: hold.and_then(|hold| hold.incident.clone()),
            released_at: hold.and_then(|hold| hold.released_at),
        }
    }

    /// A commit whose answer was lost succeeds when it is repeated, unless a freeze came between.
    pub(crate) fn commit(&mut self, intent: &Intent) -> Result<(), CommitError> {
        let id = &intent.incident.id;
        let instance = intent.incident.instance.clone().expect("an intent has an instance");
        let breaker = &intent.breaker;
        if self.freeze.as_ref().is_some_and(|freeze| freeze.in_force(intent.now)) {
            return Err(CommitError::Frozen);
        }
        if let Some(item) = self.heads.get(id) {
            return if item.head == intent.head { Ok(()) } else { Err(CommitError::AlreadyRecorded) };
        }
        if self.holds.get(&instance).is_some_and(|hold| hold.incident.is_some()) {
            return Err(CommitError::InstanceHeld);
        }
        let is_unmoved = |stored: Option<&Breaker>, write: &Breaker| {
            stored.map_or(0, |stored| stored.version) == write.version.saturating_sub(1)
        };
        let group = self.group_breakers.get(&breaker.group);
        if !is_unmoved(group, &breaker.group_breaker)
            || !is_unmoved(self.account_breaker.as_ref(), &breaker.account_breaker)
        {
            return Err(CommitError::BreakerMoved);
        }
        self.heads.insert(id.clone(), HeadItem::of(&intent.incident, &intent.head, Some(intent.lease.clone())));
        self.put_event(id, &intent.event);
        let hold = self.holds.entry(instance).or_insert(Hold { incident: None, released_at: None });
        // The item is put anew: an earlier release is no longer on it.
        *hold = Hold { incident: Some(id.clone()), released_at: None };
        self.group_breakers.insert(breaker.group.clone(), breaker.group_breaker.clone());
        self.account_breaker = Some(breaker.account_breaker.clone());
        Ok(())
    }

    pub(crate) fn record(&mut self, incident: &Incident, event: &SealedEvent, head: &Head) -> bool {
        if let Some(item) = self.heads.get(&incident.id) {
            return item.head == *head;
        }
        self.heads.insert(incident.id.clone(), HeadItem::of(incident, head, None));
        self.put_event(&incident.id, event);
        true
    }

    /// An append whose answer was lost succeeds when it is repeated.
    pub(crate) fn append(&mut self, transaction: &Transaction) -> Result<(), AppendError> {
        let id = &transaction.incident.id;
        if transaction.events.len() + 1 > TRANSACTION_LIMIT {
            let message = "a transaction holds at most 100 items";
            return Err(APPEND.error(ErrorKind::Rejected, "ValidationException", message).into());
        }
        let Some(item) = self.heads.get(id) else { return Err(AppendError::LeaseLost) };
        let is_owner = item.lease.as_ref().is_some_and(|lease| lease.owner == transaction.lease.owner);
        let is_new = transaction.events.iter().all(|event| !self.events.contains_key(&(id.clone(), event.sequence)));
        if !is_owner || item.head != transaction.before || !is_new {
            let is_written = transaction.before != transaction.head && item.head == transaction.head;
            return if is_written { Ok(()) } else { Err(AppendError::LeaseLost) };
        }
        let opened_at = item.opened_at;
        let lease = Some(transaction.lease.clone());
        let item = HeadItem { opened_at, ..HeadItem::of(&transaction.incident, &transaction.head, lease) };
        self.heads.insert(id.clone(), item);
        for event in &transaction.events {
            self.put_event(id, event);
        }
        Ok(())
    }

    fn put_event(&mut self, id: &IncidentId, event: &SealedEvent) {
        self.events.insert((id.clone(), event.sequence), event.clone());
    }

    pub(crate) fn take_lease(
        &mut self,
        id: &IncidentId,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<(), AppendError> {
        let Some(item) = self.heads.get_mut(id) else { return Err(AppendError::LeaseLost) };
        let is_held = |held: &Lease| held.owner != lease.owner && held.expires_at >= now;
        if item.lease.as_ref().is_some_and(is_held) {
            return Err(AppendError::LeaseLost);
        }
        item.lease = Some(lease.clone());
        Ok(())
    }

    pub(crate) fn give_lease_back(&mut self, id: &IncidentId, owner: &str) {
        if let Some(item) = self.heads.get_mut(id)
            && item.lease.as_ref().is_some_and(|lease| lease.owner == owner)
        {
            item.lease = None;
        }
    }

    pub fn load(&self, id: &IncidentId) -> Option<StoredIncident> {
        let item = self.heads.get(id)?;
        let incident = serde_json::from_str(&item.document).unwrap();
        Some(StoredIncident { incident, head: item.head.clone(), lease: item.lease.clone() })
    }

    pub fn events_of(&self, id: &IncidentId) -> Vec<SealedEvent> {
        self.events.range((id.clone(), 0)..=(id.clone(), u32::MAX)).map(|(_, event)| event.clone()).collect()
    }

    /// Every incident, refusals and observations among them.
    pub fn incidents(&self) -> Vec<IncidentId> {
        self.heads.keys().cloned().collect()
    }

    pub fn open_incidents(&self) -> Vec<IncidentId> {
        let mut open: Vec<_> = self.heads.iter().filter(|(_, item)| item.open).collect();
        open.sort_by_key(|(_, item)| item.opened_at);
        open.into_iter().map(|(id, _)| id.clone()).collect()
    }
}
