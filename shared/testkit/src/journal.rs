//! The table, with the conditions that its writes depend on.

use crate::account::Account;
use crate::process::Process;
use async_trait::async_trait;
use containment::attack::TimeRange;
use containment::authority::StandaloneEntry;
use containment::breaker::Breaker;
use containment::guards::Freeze;
use containment::ids::{GroupName, IncidentId};
use containment::incident::Incident;
use containment::journal::{Head, SealedEvent};
use containment::request::PendingApproval;
use ports::{
    AppendError, CommitError, Glance, Intent, Journal, Lease, LettingGo, ListedIncident, PortResult, StoredIncident,
    Transaction, Wanted,
};
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};
use time::{Date, OffsetDateTime};

const TRANSACT: &str = "dynamodb:TransactWriteItems";

#[derive(Default)]
pub(crate) struct Table {
    stored: BTreeMap<IncidentId, (StoredIncident, Vec<SealedEvent>)>,
    breakers: BTreeMap<Option<GroupName>, Breaker>,
    account_breaker: Breaker,
    holds: BTreeMap<InstanceId, (Option<IncidentId>, Option<OffsetDateTime>)>,
    attacks: BTreeMap<InstanceId, BTreeSet<TimeRange>>,
    freeze: Option<Freeze>,
    standalone: BTreeMap<InstanceId, StandaloneEntry>,
    nonces: BTreeSet<String>,
    approvals: BTreeMap<String, PendingApproval>,
}

impl Account {
    pub fn freeze(&mut self, freeze: Option<Freeze>) {
        self.table.freeze = freeze;
    }

    pub fn list_standalone(&mut self, instance: &InstanceId, entry: StandaloneEntry) {
        self.table.standalone.insert(instance.clone(), entry);
    }

    pub fn hold(&mut self, instance: &InstanceId) {
        self.table.holds.insert(instance.clone(), (Some(IncidentId::new("inc-test")), None));
    }

    pub fn is_held(&self, instance: &InstanceId) -> bool {
        self.table.holds.get(instance).is_some_and(|(held, _)| held.is_some())
    }

    pub fn release_hold(&mut self, instance: &InstanceId) {
        self.table.holds.insert(instance.clone(), (None, Some(self.now)));
    }

    /// When the instance was attacked, as the journal says.
    pub fn attacks(&mut self, instance: &InstanceId) -> &mut BTreeSet<TimeRange> {
        self.table.attacks.entry(instance.clone()).or_default()
    }

    pub fn incidents(&self) -> Vec<&Incident> {
        self.table.stored.values().map(|(stored, _)| &stored.incident).collect()
    }

    /// Events and head as they are stored.
    pub fn journal(&mut self, id: &IncidentId) -> (&mut Vec<SealedEvent>, Head) {
        let (stored, events) = self.table.stored.get_mut(id).unwrap_or_else(|| panic!("no incident {id}"));
        (events, stored.head.clone())
    }

    /// What somebody who can write the table would do after removing the last events.
    pub fn turn_head_back(&mut self, id: &IncidentId) {
        let (stored, events) = self.table.stored.get_mut(id).unwrap_or_else(|| panic!("no incident {id}"));
        let last = events.last().unwrap();
        stored.head = Head { sequence: last.sequence, hash: last.hash.clone() };
    }

    pub fn slots(&self) -> usize {
        self.table.account_breaker.slots.len()
    }
}

fn listed(incident: &Incident) -> ListedIncident {
    ListedIncident {
        id: incident.id.clone(),
        opened_at: incident.opened_at,
        state: incident.state.name().to_owned(),
        instance: incident.instance.as_ref().map(ToString::to_string),
        group: incident.group.as_ref().map(ToString::to_string),
        false_alarm: incident.false_alarm,
    }
}

/// The condition on a breaker: still at the version that was read.
fn is_unmoved(stored: &Breaker, wanted: &Breaker) -> bool {
    stored.version + 1 == wanted.version
}

#[async_trait]
impl Journal for Process {
    async fn glance(&self, wanted: &Wanted) -> PortResult<Glance> {
        self.read("dynamodb:BatchGetItem", |account| {
            let table = &account.table;
            let (held_by, released_at) = table.holds.get(&wanted.instance).cloned().unwrap_or_default();
            Ok(Glance {
                freeze: table.freeze.clone(),
                group_breaker: table.breakers.get(&wanted.group).cloned().unwrap_or_default(),
                account_breaker: table.account_breaker.clone(),
                standalone: table.standalone.get(&wanted.instance).cloned(),
                held_by,
                released_at,
                attacks: table.attacks.get(&wanted.instance).cloned().unwrap_or_default(),
            })
        })
        .await
    }

    async fn commit(&self, intent: &Intent) -> Result<(), CommitError> {
        self.call(TRANSACT, true, |account| {
            let table = &mut account.table;
            let (id, instance) = (&intent.incident.id, intent.incident.instance.as_ref().unwrap());
            if !intent.through_freeze && table.freeze.as_ref().is_some_and(|freeze| freeze.in_force(intent.now)) {
                return Err(CommitError::Frozen);
            }
            if let Some((stored, _)) = table.stored.get(id) {
                return if stored.head == intent.head { Ok(()) } else { Err(CommitError::AlreadyRecorded) };
            }
            if table.holds.get(instance).is_some_and(|(held, _)| held.is_some()) {
                return Err(CommitError::InstanceHeld);
            }
            let group = table.breakers.get(&intent.breaker.group).cloned().unwrap_or_default();
            if !is_unmoved(&group, &intent.breaker.group_breaker)
                || !is_unmoved(&table.account_breaker, &intent.breaker.account_breaker)
            {
                return Err(CommitError::BreakerMoved);
            }
            table.breakers.insert(intent.breaker.group.clone(), intent.breaker.group_breaker.clone());
            table.account_breaker = intent.breaker.account_breaker.clone();
            table.holds.insert(instance.clone(), (Some(id.clone()), None));
            table.attacks.insert(instance.clone(), intent.attacks.clone());
            let lease = Some(intent.lease.clone());
            let stored = StoredIncident { incident: intent.incident.clone(), head: intent.head.clone(), lease };
            table.stored.insert(id.clone(), (stored, vec![intent.event.clone()]));
            Ok(())
        })
        .await
    }

    async fn record(&self, incident: &Incident, event: &SealedEvent, head: &Head) -> PortResult<bool> {
        self.change(TRANSACT, |account| {
            if let Some((stored, _)) = account.table.stored.get(&incident.id) {
                return Ok(stored.head == *head);
            }
            let stored = StoredIncident { incident: incident.clone(), head: head.clone(), lease: None };
            account.table.stored.insert(incident.id.clone(), (stored, vec![event.clone()]));
            Ok(true)
        })
        .await
    }

    async fn append(&self, transaction: &Transaction) -> Result<(), AppendError> {
        self.call(TRANSACT, true, |account| {
            let found = account.table.stored.get_mut(&transaction.incident.id);
            let (stored, events) = found.ok_or(AppendError::LeaseLost)?;
            if stored.head == transaction.head && transaction.before != transaction.head {
                return Ok(());
            }
            let holds = stored.lease.as_ref().is_some_and(|lease| lease.owner == transaction.lease.owner);
            if !holds || stored.head != transaction.before {
                return Err(AppendError::LeaseLost);
            }
            events.extend(transaction.events.iter().cloned());
            *stored = StoredIncident {
                incident: transaction.incident.clone(),
                head: transaction.head.clone(),
                lease: Some(transaction.lease.clone()),
            };
            if let Some(LettingGo { instance, at, attack }) = &transaction.lets_go {
                account.table.holds.insert(instance.clone(), (None, Some(*at)));
                account.table.attacks.entry(instance.clone()).or_default().extend(attack);
            }
            Ok(())
        })
        .await
    }

    async fn take_lease(&self, id: &IncidentId, lease: &Lease, now: OffsetDateTime) -> Result<(), AppendError> {
        self.call("dynamodb:UpdateItem", true, |account| {
            let (stored, _) = account.table.stored.get_mut(id).ok_or(AppendError::LeaseLost)?;
            let free = stored.lease.as_ref().is_none_or(|held| held.expires_at < now || held.owner == lease.owner);
            if !free {
                return Err(AppendError::LeaseLost);
            }
            stored.lease = Some(lease.clone());
            Ok(())
        })
        .await
    }

    async fn give_lease_back(&self, id: &IncidentId, owner: &str) -> PortResult<()> {
        self.change("dynamodb:UpdateItem", |account| {
            if let Some((stored, _)) = account.table.stored.get_mut(id) {
                stored.lease = stored.lease.take().filter(|lease| lease.owner != owner);
            }
            Ok(())
        })
        .await
    }

    async fn load(&self, id: &IncidentId) -> PortResult<Option<StoredIncident>> {
        self.read("dynamodb:GetItem", |account| Ok(account.table.stored.get(id).map(|(stored, _)| stored.clone())))
            .await
    }

    async fn events(&self, id: &IncidentId) -> PortResult<Vec<SealedEvent>> {
        self.read("dynamodb:Query", |account| {
            Ok(account.table.stored.get(id).map(|(_, events)| events.clone()).unwrap_or_default())
        })
        .await
    }

    async fn open_incidents(&self, now: OffsetDateTime) -> PortResult<Vec<IncidentId>> {
        self.read("dynamodb:Query", |account| {
            let open = account.table.stored.values().filter(|(stored, _)| stored.incident.has_work(now));
            Ok(open.map(|(stored, _)| stored.incident.id.clone()).collect())
        })
        .await
    }

    async fn opened_in(&self, month: Date, limit: usize) -> PortResult<Vec<ListedIncident>> {
        self.read("dynamodb:Query", |account| {
            let of_month = |incident: &&Incident| incident.opened_at.date().replace_day(1).unwrap() == month;
            let mut found: Vec<ListedIncident> = account.incidents().into_iter().filter(of_month).map(listed).collect();
            found.sort_by_key(|incident| std::cmp::Reverse(incident.opened_at));
            found.truncate(limit);
            Ok(found)
        })
        .await
    }

    async fn claim_nonce(&self, nonce: &str, _until: OffsetDateTime) -> PortResult<bool> {
        self.change("dynamodb:PutItem", |account| Ok(account.table.nonces.insert(nonce.to_owned()))).await
    }

    async fn put_approval(&self, pending: &PendingApproval) -> PortResult<()> {
        self.change("dynamodb:PutItem", |account| {
            account.table.approvals.insert(pending.id.clone(), pending.clone());
            Ok(())
        })
        .await
    }

    async fn approval(&self, id: &str) -> PortResult<Option<PendingApproval>> {
        self.read("dynamodb:GetItem", |account| Ok(account.table.approvals.get(id).cloned())).await
    }

    async fn freeze(&self, freeze: &Freeze) -> PortResult<()> {
        self.change("dynamodb:PutItem", |account| {
            account.table.freeze = Some(freeze.clone());
            Ok(())
        })
        .await
    }

    async fn unfreeze(&self) -> PortResult<()> {
        self.change("dynamodb:DeleteItem", |account| {
            account.table.freeze = None;
            Ok(())
        })
        .await
    }
}
