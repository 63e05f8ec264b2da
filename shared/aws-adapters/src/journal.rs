use crate::error::map;
use crate::journal_items::{
    Hold, Item, LATER, LISTED_INDEX, OPEN, OPEN_INDEX, Reader, account_breaker_key, approval_key, authority_key,
    freeze_key, group_breaker_key, head_key, hold_key, incident_pk, milliseconds, month_of, nonce_key, number, rfc3339,
    string,
};
use crate::journal_writes::{TRANSACT, append, cancelled, cancelled_commit, commit, is_conflict_alone, record};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, TransactWriteItem};
use containment::capture::LATER_AFTER;
use containment::guards::Freeze;
use containment::ids::IncidentId;
use containment::incident::Incident;
use containment::journal::{Head, SealedEvent};
use containment::request::PendingApproval;
use ports::{
    AppendError, CommitError, ErrorKind, Glance, Intent, Journal, Lease, ListedIncident, PortError, PortResult,
    StoredIncident, Transaction, Wanted,
};
use std::collections::HashMap;
use std::time::Duration;
use time::{Date, OffsetDateTime};

pub(crate) const BATCH_GET: &str = "dynamodb:BatchGetItem";
const GET: &str = "dynamodb:GetItem";
const PUT: &str = "dynamodb:PutItem";
const QUERY: &str = "dynamodb:Query";
const UPDATE: &str = "dynamodb:UpdateItem";
/// So that who approves late is told that it was late.
const APPROVAL_KEPT: time::Duration = time::Duration::days(1);
/// DynamoDB may leave keys of a batch unread when it is busy.
const BATCH_ATTEMPTS: u32 = 5;
/// A transaction that met another one on the same item is cancelled; most often the other is done a moment later.
const CONFLICT_ATTEMPTS: u32 = 5;
/// Of a list for people: no more than what is asked for, and no single answer that takes long.
const LONGEST_PAGE: i32 = 1000;
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) struct JournalTable {
    client: Client,
    table: String,
}

/// Why a transaction did not happen.
enum Refused {
    Cancelled(Vec<String>),
    Port(PortError),
}

impl JournalTable {
    pub(crate) fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.to_owned() }
    }

    async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<(), Refused> {
        let call = self.client.transact_write_items().set_transact_items(Some(items));
        let Err(error) = call.send().await else { return Ok(()) };
        if let SdkError::ServiceError(context) = &error
            && let TransactWriteItemsError::TransactionCanceledException(reasons) = context.err()
        {
            let codes = reasons.cancellation_reasons().iter();
            return Err(Refused::Cancelled(codes.map(|reason| reason.code().unwrap_or("None").to_owned()).collect()));
        }
        Err(Refused::Port(map(TRANSACT)(error)))
    }

    /// A conflict says nothing about the conditions, so the same items are written again. Only for writers that hold
    /// the incident; whoever races for slots reads again first.
    async fn transact_through_conflicts(&self, items: Vec<TransactWriteItem>) -> Result<(), Refused> {
        for attempt in 1..CONFLICT_ATTEMPTS {
            match self.transact(items.clone()).await {
                Err(Refused::Cancelled(codes)) if is_conflict_alone(&codes) => {
                    tokio::time::sleep(PAUSE * attempt).await;
                }
                decided => return decided,
            }
        }
        self.transact(items).await
    }

    async fn head(&self, id: &IncidentId) -> PortResult<Option<Item>> {
        let call = self.client.get_item().table_name(&self.table).set_key(Some(head_key(id))).consistent_read(true);
        Ok(call.send().await.map_err(map(GET))?.item)
    }

    /// Incidents in the index of open ones that were opened until then, oldest first.
    async fn open_as(&self, open: &str, until: &str) -> PortResult<Vec<IncidentId>> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OPEN_INDEX)
            .key_condition_expression("#open = :open AND opened_at <= :until")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":open", string(open))
            .expression_attribute_values(":until", string(until))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(map(QUERY))?;
            let pk = Reader { operation: QUERY, item: &item }.text("pk")?.to_owned();
            let id = pk
                .strip_prefix("incident#")
                .ok_or_else(|| PortError::unreadable(QUERY, "an open item without an incident"))?;
            found.push(IncidentId::new(id));
        }
        Ok(found)
    }

    pub(crate) async fn batch(&self, keys: Vec<Item>) -> PortResult<Vec<Item>> {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let wanted = wanted.map_err(|error| PortError::unreadable(BATCH_GET, error))?;
        let mut request = HashMap::from([(self.table.clone(), wanted)]);
        let mut found = Vec::new();
        for attempt in 1..=BATCH_ATTEMPTS {
            let call = self.client.batch_get_item().set_request_items(Some(request));
            let answer = call.send().await.map_err(map(BATCH_GET))?;
            found.extend(answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
            match answer.unprocessed_keys {
                Some(unread) if !unread.is_empty() => request = unread,
                _ => return Ok(found),
            }
            tokio::time::sleep(PAUSE * attempt).await;
        }
        Err(PortError::new(BATCH_GET, ErrorKind::Throttled, None, "keys stayed unread"))
    }

    /// A transaction that is repeated after its answer was lost fails on its own effect.
    async fn is_written(&self, id: &IncidentId, head: &Head) -> PortResult<bool> {
        let item = self.head(id).await?;
        let found = item.as_ref().map(|item| Reader { operation: GET, item }.head()).transpose()?;
        Ok(found.as_ref() == Some(head))
    }
}

#[async_trait]
impl Journal for JournalTable {
    async fn glance(&self, wanted: &Wanted) -> PortResult<Glance> {
        let freeze = freeze_key();
        let group = group_breaker_key(wanted.group.as_ref());
        let account = account_breaker_key();
        let authority = authority_key(&wanted.instance);
        let hold = hold_key(&wanted.instance);
        let keys = [&freeze, &group, &account, &authority, &hold].map(Clone::clone).to_vec();
        let mut glance = Glance::default();
        for item in &self.batch(keys).await? {
            let read = Reader { operation: BATCH_GET, item };
            let is = |key: &Item| item.get("pk") == key.get("pk") && item.get("sk") == key.get("sk");
            if is(&freeze) {
                glance.freeze = Some(read.freeze()?);
            } else if is(&group) {
                glance.group_breaker = read.breaker()?;
            } else if is(&account) {
                glance.account_breaker = read.breaker()?;
            } else if is(&authority) {
                glance.standalone = Some(read.standalone()?);
            } else if is(&hold) {
                let Hold { held_by, released_at, attacks } = read.hold()?;
                glance = Glance { held_by, released_at, attacks, ..glance };
            }
        }
        Ok(glance)
    }

    async fn commit(&self, intent: &Intent) -> Result<(), CommitError> {
        match self.transact(commit(&self.table, intent)?).await {
            Ok(()) => Ok(()),
            Err(Refused::Port(error)) => Err(error.into()),
            Err(Refused::Cancelled(codes)) => match cancelled_commit(&codes) {
                CommitError::AlreadyRecorded if self.is_written(&intent.incident.id, &intent.head).await? => Ok(()),
                other => Err(other),
            },
        }
    }

    async fn record(&self, incident: &Incident, event: &SealedEvent, head: &Head) -> PortResult<bool> {
        match self.transact_through_conflicts(record(&self.table, incident, event, head)?).await {
            Ok(()) => Ok(true),
            Err(Refused::Port(error)) => Err(error),
            Err(Refused::Cancelled(codes)) if codes.iter().any(|code| code == "ConditionalCheckFailed") => {
                self.is_written(&incident.id, head).await
            }
            Err(Refused::Cancelled(codes)) => Err(cancelled(&codes)),
        }
    }

    async fn append(&self, transaction: &Transaction) -> Result<(), AppendError> {
        match self.transact_through_conflicts(append(&self.table, transaction)?).await {
            Ok(()) => Ok(()),
            Err(Refused::Port(error)) => Err(error.into()),
            Err(Refused::Cancelled(codes)) if codes.iter().any(|code| code == "ConditionalCheckFailed") => {
                let moved = transaction.before != transaction.head;
                if moved && self.is_written(&transaction.incident.id, &transaction.head).await? {
                    return Ok(());
                }
                Err(AppendError::LeaseLost)
            }
            Err(Refused::Cancelled(codes)) => Err(AppendError::Port(cancelled(&codes))),
        }
    }

    async fn take_lease(&self, id: &IncidentId, lease: &Lease, now: OffsetDateTime) -> Result<(), AppendError> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(head_key(id)))
            .update_expression("SET lease_owner = :owner, lease_expires_at = :expiry")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(lease_owner) OR lease_expires_at < :now OR lease_owner = :owner)",
            )
            .expression_attribute_values(":owner", string(&lease.owner))
            .expression_attribute_values(":expiry", milliseconds(lease.expires_at))
            .expression_attribute_values(":now", milliseconds(now));
        match call.send().await.map_err(map(UPDATE)) {
            Ok(_) => Ok(()),
            Err(error) if is_condition(&error) || is_being_written(&error) => Err(AppendError::LeaseLost),
            Err(error) => Err(error.into()),
        }
    }

    async fn give_lease_back(&self, id: &IncidentId, owner: &str) -> PortResult<()> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(head_key(id)))
            .update_expression("REMOVE lease_owner, lease_expires_at")
            .condition_expression("lease_owner = :owner")
            .expression_attribute_values(":owner", string(owner));
        match call.send().await.map_err(map(UPDATE)) {
            Err(error) if !is_condition(&error) => Err(error),
            _ => Ok(()),
        }
    }

    async fn load(&self, id: &IncidentId) -> PortResult<Option<StoredIncident>> {
        let item = self.head(id).await?;
        item.as_ref().map(|item| Reader { operation: GET, item }.stored()).transpose()
    }

    async fn events(&self, id: &IncidentId) -> PortResult<Vec<SealedEvent>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
            .expression_attribute_values(":pk", string(incident_pk(id)))
            .expression_attribute_values(":event", string("event#"))
            .into_paginator()
            .items()
            .send();
        let mut events = Vec::new();
        while let Some(item) = pages.next().await {
            events.push(Reader { operation: QUERY, item: &item.map_err(map(QUERY))? }.event()?);
        }
        Ok(events)
    }

    async fn open_incidents(&self, now: OffsetDateTime) -> PortResult<Vec<IncidentId>> {
        let due = rfc3339(QUERY, now - LATER_AFTER)?;
        let now = rfc3339(QUERY, now)?;
        let (open, later) = tokio::try_join!(self.open_as(OPEN, &now), self.open_as(LATER, &due))?;
        Ok(open.into_iter().chain(later).collect())
    }

    async fn opened_in(&self, month: Date, limit: usize) -> PortResult<Vec<ListedIncident>> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(LISTED_INDEX)
            .scan_index_forward(false)
            .key_condition_expression("listed = :month")
            .expression_attribute_values(":month", string(month_of(month)))
            .limit(i32::try_from(limit).unwrap_or(LONGEST_PAGE).min(LONGEST_PAGE))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            found.push(Reader { operation: QUERY, item: &item.map_err(map(QUERY))? }.listed()?);
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    async fn claim_nonce(&self, nonce: &str, until: OffsetDateTime) -> PortResult<bool> {
        let mut item = nonce_key(nonce);
        item.insert("expires_at".to_owned(), number(until.unix_timestamp()));
        let call = self.client.put_item().table_name(&self.table).set_item(Some(item));
        match call.condition_expression("attribute_not_exists(pk)").send().await.map_err(map(PUT)) {
            Ok(_) => Ok(true),
            Err(error) if is_condition(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn put_approval(&self, pending: &PendingApproval) -> PortResult<()> {
        let document = serde_json::to_string(pending).map_err(|error| PortError::unreadable(PUT, error))?;
        let mut item = approval_key(&pending.id);
        item.insert("document".to_owned(), string(document));
        item.insert("expires_at".to_owned(), number((pending.expires_at + APPROVAL_KEPT).unix_timestamp()));
        let call = self.client.put_item().table_name(&self.table).set_item(Some(item));
        call.send().await.map(|_| ()).map_err(map(PUT))
    }

    async fn approval(&self, id: &str) -> PortResult<Option<PendingApproval>> {
        let call = self.client.get_item().table_name(&self.table).set_key(Some(approval_key(id))).consistent_read(true);
        let item = call.send().await.map_err(map(GET))?.item;
        item.as_ref().map(|item| Reader { operation: GET, item }.approval()).transpose()
    }

    async fn freeze(&self, freeze: &Freeze) -> PortResult<()> {
        let mut item = freeze_key();
        item.insert("by".to_owned(), string(&freeze.by));
        item.insert("reason".to_owned(), string(&freeze.reason));
        if let Some(expiry) = freeze.expires_at {
            item.insert("expires_at_ms".to_owned(), milliseconds(expiry));
        }
        let call = self.client.put_item().table_name(&self.table).set_item(Some(item));
        call.send().await.map(|_| ()).map_err(map(PUT))
    }

    async fn unfreeze(&self) -> PortResult<()> {
        let call = self.client.delete_item().table_name(&self.table).set_key(Some(freeze_key()));
        call.send().await.map(|_| ()).map_err(map("dynamodb:DeleteItem"))
    }
}

fn is_condition(error: &PortError) -> bool {
    error.code.as_deref() == Some("ConditionalCheckFailedException")
}

/// A transaction on the incident's head is under way: whoever writes it holds the lease.
fn is_being_written(error: &PortError) -> bool {
    error.code.as_deref() == Some("TransactionConflictException")
}
