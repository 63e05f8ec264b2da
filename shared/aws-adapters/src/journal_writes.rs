//! The transactions that write the journal, and what a cancelled one means.

use crate::journal_items::{
    ATTACKS, Item, account_breaker_key, attacks, breaker_item, event_item, freeze_key, group_breaker_key, head_fields,
    head_item, head_key, hold_key, milliseconds, number, open_as, string,
};
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem, Update};
use containment::breaker::Breaker;
use containment::incident::{Incident, IncidentState};
use containment::journal::{Head, SealedEvent};
use ports::{CommitError, ErrorKind, Intent, LettingGo, PortError, PortResult, Transaction};
use time::Duration;

pub(crate) const TRANSACT: &str = "dynamodb:TransactWriteItems";
/// Refusals may be made by anyone who can send a message; they don't stay for ever.
const REFUSAL_KEPT: Duration = Duration::days(90);

/// In the order of [`cancelled_commit`].
pub(crate) fn commit(table: &str, intent: &Intent) -> PortResult<Vec<TransactWriteItem>> {
    let incident = &intent.incident;
    let mut head = head_item(TRANSACT, incident, &intent.head)?;
    head.insert("lease_owner".to_owned(), string(&intent.lease.owner));
    head.insert("lease_expires_at".to_owned(), milliseconds(intent.lease.expires_at));
    let instance =
        incident.instance.as_ref().ok_or_else(|| PortError::unreadable(TRANSACT, "an intent without an instance"))?;
    let mut hold = hold_key(instance);
    hold.insert("incident".to_owned(), string(incident.id.as_str()));
    hold.insert("held".to_owned(), AttributeValue::Bool(true));
    // DynamoDB knows no empty set.
    if !intent.attacks.is_empty() {
        hold.insert(ATTACKS.to_owned(), attacks(&intent.attacks));
    }
    let group =
        breaker_item(TRANSACT, group_breaker_key(intent.breaker.group.as_ref()), &intent.breaker.group_breaker)?;
    let account = breaker_item(TRANSACT, account_breaker_key(), &intent.breaker.account_breaker)?;
    let mut items = vec![
        put(put_of(table, head).condition_expression("attribute_not_exists(pk)"))?,
        put(put_of(table, event_item(&incident.id, &intent.event)).condition_expression("attribute_not_exists(pk)"))?,
        put(put_of(table, hold)
            .condition_expression("attribute_not_exists(pk) OR held = :no")
            .expression_attribute_values(":no", AttributeValue::Bool(false)))?,
        put(unmoved(put_of(table, group), &intent.breaker.group_breaker))?,
        put(unmoved(put_of(table, account), &intent.breaker.account_breaker))?,
    ];
    if !intent.through_freeze {
        items.push(not_frozen(table, intent)?);
    }
    Ok(items)
}

/// The version that was read is one less than the version to be written.
fn unmoved(put: PutBuilder, breaker: &Breaker) -> PutBuilder {
    match breaker.version.saturating_sub(1) {
        0 => put.condition_expression("attribute_not_exists(pk)"),
        read => put
            .condition_expression("#version = :read")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":read", number(read)),
    }
}

fn not_frozen(table: &str, intent: &Intent) -> PortResult<TransactWriteItem> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(freeze_key()))
        .condition_expression("attribute_not_exists(pk) OR expires_at_ms <= :now")
        .expression_attribute_values(":now", milliseconds(intent.now))
        .build()
        .map_err(|error| PortError::unreadable(TRANSACT, error))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

pub(crate) fn record(
    table: &str,
    incident: &Incident,
    event: &SealedEvent,
    head: &Head,
) -> PortResult<Vec<TransactWriteItem>> {
    let mut items = [head_item(TRANSACT, incident, head)?, event_item(&incident.id, event)];
    if matches!(incident.state, IncidentState::Refused { .. }) {
        let until = (incident.opened_at + REFUSAL_KEPT).unix_timestamp();
        items.iter_mut().for_each(|item| {
            item.insert("expires_at".to_owned(), number(until));
        });
    }
    let new = |item| put(put_of(table, item).condition_expression("attribute_not_exists(pk)"));
    items.into_iter().map(new).collect()
}

pub(crate) fn append(table: &str, transaction: &Transaction) -> PortResult<Vec<TransactWriteItem>> {
    let id = &transaction.incident.id;
    let mut items = vec![update(advance(table, transaction)?)?];
    for event in &transaction.events {
        items.push(put(put_of(table, event_item(id, event)).condition_expression("attribute_not_exists(pk)"))?);
    }
    if let Some(letting_go) = &transaction.lets_go {
        items.push(update(let_go(table, transaction, letting_go))?);
    }
    Ok(items)
}

/// Ends the incident's own hold on the instance; another incident's stays.
fn let_go(table: &str, transaction: &Transaction, letting_go: &LettingGo) -> UpdateBuilder {
    let expression = "SET held = :no, released_at_ms = :at";
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(hold_key(&letting_go.instance)))
        .condition_expression("incident = :incident")
        .expression_attribute_values(":no", AttributeValue::Bool(false))
        .expression_attribute_values(":at", milliseconds(letting_go.at))
        .expression_attribute_values(":incident", string(transaction.incident.id.as_str()));
    match &letting_go.attack {
        Some(attack) => update
            .update_expression(format!("{expression} ADD attacks :attack"))
            .expression_attribute_values(":attack", attacks([attack])),
        None => update.update_expression(expression),
    }
}

/// Moves the head on, on condition that the lease is still held and that nobody else has moved it.
fn advance(table: &str, transaction: &Transaction) -> PortResult<UpdateBuilder> {
    let open_as = open_as(&transaction.incident);
    let open = if open_as.is_some() { ", #open = :open" } else { " REMOVE #open" };
    let expression = format!(
        "SET document = :document, #state = :state, #sequence = :sequence, head_hash = :hash, verdict = :verdict, lease_expires_at = :expiry{open}"
    );
    let mut update = Update::builder()
        .table_name(table)
        .set_key(Some(head_key(&transaction.incident.id)))
        .update_expression(expression)
        .condition_expression("lease_owner = :owner AND #sequence = :before AND head_hash = :before_hash")
        .expression_attribute_names("#state", "state")
        .expression_attribute_names("#sequence", "sequence")
        .expression_attribute_names("#open", "open")
        .expression_attribute_values(":owner", string(&transaction.lease.owner))
        .expression_attribute_values(":expiry", milliseconds(transaction.lease.expires_at))
        .expression_attribute_values(":before", number(transaction.before.sequence))
        .expression_attribute_values(":before_hash", string(&transaction.before.hash));
    if let Some(open) = open_as {
        update = update.expression_attribute_values(":open", string(open));
    }
    for (name, value) in head_fields(TRANSACT, &transaction.incident, &transaction.head)? {
        let name = if name == "head_hash" { "hash".to_owned() } else { name };
        update = update.expression_attribute_values(format!(":{name}"), value);
    }
    Ok(update)
}

/// Which condition of a cancelled commit decides. A freeze outranks all, and a recorded transition the rest: then
/// there is nothing left to race for.
pub(crate) fn cancelled_commit(codes: &[String]) -> CommitError {
    let failed = |at: usize| codes.get(at).is_some_and(|code| code == "ConditionalCheckFailed");
    match () {
        () if failed(5) => CommitError::Frozen,
        () if failed(0) || failed(1) => CommitError::AlreadyRecorded,
        () if failed(2) => CommitError::InstanceHeld,
        () if failed(3) || failed(4) => CommitError::BreakerMoved,
        () => CommitError::Port(cancelled(codes)),
    }
}

/// Whether nothing but other transactions on the same items stood in the way.
pub(crate) fn is_conflict_alone(codes: &[String]) -> bool {
    let mut reasons = codes.iter().filter(|code| *code != "None").peekable();
    reasons.peek().is_some() && reasons.all(|code| code == "TransactionConflict")
}

/// A transaction that was cancelled for another reason than its own conditions.
pub(crate) fn cancelled(codes: &[String]) -> PortError {
    let code = codes.iter().find(|code| *code != "None").map_or("TransactionCanceled", String::as_str);
    let kind = match code {
        "ThrottlingError" | "ProvisionedThroughputExceeded" => ErrorKind::Throttled,
        "ConditionalCheckFailed" | "TransactionConflict" => ErrorKind::Conflict,
        _ => ErrorKind::Rejected,
    };
    PortError::new(TRANSACT, kind, Some(code), "the transaction was cancelled")
}

fn put_of(table: &str, item: Item) -> PutBuilder {
    Put::builder().table_name(table).set_item(Some(item))
}

fn put(put: PutBuilder) -> PortResult<TransactWriteItem> {
    let put = put.build().map_err(|error| PortError::unreadable(TRANSACT, error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn update(update: UpdateBuilder) -> PortResult<TransactWriteItem> {
    let update = update.build().map_err(|error| PortError::unreadable(TRANSACT, error))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

#[cfg(test)]
mod tests {
    use super::cancelled_commit;
    use ports::{CommitError, ErrorKind};

    fn decided(failed: &[usize]) -> CommitError {
        let code = |at: usize| if failed.contains(&at) { "ConditionalCheckFailed" } else { "None" };
        cancelled_commit(&(0..6).map(|at| code(at).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_conditions_of_a_commit_have_an_order() {
        assert_eq!(decided(&[0, 1, 2, 3, 4, 5]), CommitError::Frozen);
        assert_eq!(decided(&[0, 1, 2, 3, 4]), CommitError::AlreadyRecorded);
        assert_eq!(decided(&[2, 3]), CommitError::InstanceHeld);
        assert_eq!(decided(&[4]), CommitError::BreakerMoved);
    }

    #[test]
    fn a_conflict_is_worth_another_look_and_an_unknown_reason_is_not() {
        let kind = |code: &str| match cancelled_commit(&["None".to_owned(), code.to_owned()]) {
            CommitError::Port(error) => error.kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind("TransactionConflict"), ErrorKind::Conflict);
        assert_eq!(kind("ThrottlingError"), ErrorKind::Throttled);
        assert_eq!(kind("ValidationError"), ErrorKind::Rejected);
    }
}
