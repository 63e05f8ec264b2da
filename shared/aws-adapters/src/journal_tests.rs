//! What is written to the table, and that it is read back as it was.

use crate::journal_items::{
    Hold, Item, Reader, account_breaker_key, authority_key, breaker_item, event_item, freeze_key, group_breaker_key,
    head_item, head_key, hold_key, number, string,
};
use crate::journal_writes::{append, commit, is_conflict_alone, record};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use containment::attack::TimeRange;
use containment::authority::Mode;
use containment::breaker::{Breaker, Slot};
use containment::ids::{GroupName, IncidentId};
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, Opening, Received, SealedEvent, seal};
use containment::plan::Plan;
use containment::refusal::Refusal;
use containment::step::Step;
use ports::{BreakerWrite, Intent, Lease, LettingGo, Transaction};
use signal::InstanceId;
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};

const X: &str = "x";

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap()
}

fn instance() -> InstanceId {
    "i-00000000000000001".parse().unwrap()
}

fn lease() -> Lease {
    Lease { owner: "run".to_owned(), expires_at: now() + Duration::minutes(1) }
}

fn opened(state: IncidentState) -> (Incident, SealedEvent, Head) {
    let opening = Opening {
        id: IncidentId::new("inc-1"),
        instance: Some(instance()),
        alarm: None,
        group: Some(GroupName::new("web")),
        authority: None,
        mode: Some(Mode::Enforce),
        drill: false,
        transitioned_at: None,
        received: Received { via: X.to_owned(), digest: X.to_owned(), published_at: None },
        state,
        plan: Plan { steps: vec![Step::StopInstance], ..Plan::default() },
        prior: None,
        requested: None,
        figure: None,
        judged: None,
    };
    let incident = Incident::opened(&opening, now());
    let (event, head) =
        seal(&opening.id.clone(), &Head::start(), now(), "run", EventBody::Opened(Box::new(opening))).unwrap();
    (incident, event, head)
}

fn breaker(version: u64) -> Breaker {
    let slot = Slot { incident: IncidentId::new("inc-1"), instance: instance(), at: now() };
    Breaker { version, slots: vec![slot] }
}

fn key_of(item: &Item) -> (&str, &str) {
    (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap())
}

fn intent() -> Intent {
    let (incident, event, head) = opened(IncidentState::Committed);
    let group = Some(GroupName::new("web"));
    let breaker = BreakerWrite { group, group_breaker: breaker(1), account_breaker: breaker(8) };
    Intent {
        incident,
        event,
        head,
        lease: lease(),
        breaker,
        now: now(),
        through_freeze: false,
        attacks: [attack(1)].into(),
    }
}

fn attack(hour: i64) -> TimeRange {
    TimeRange { from_s: hour * 3600, until_s: hour * 3600 + 60 }
}

fn transaction(state: IncidentState) -> Transaction {
    let (incident, event, head) = opened(state);
    Transaction { incident, before: Head::start(), events: vec![event], head, lease: lease(), lets_go: None }
}

/// Placeholders that an expression uses, and those that are given for it.
fn placeholders(item: &TransactWriteItem) -> (BTreeSet<String>, BTreeSet<String>) {
    let update = item.update().unwrap();
    let text = format!("{} {}", update.update_expression(), update.condition_expression().unwrap());
    let words = text.split(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, ':' | '#' | '_')));
    let used = words.filter(|word| word.starts_with([':', '#'])).map(ToOwned::to_owned).collect();
    let names = update.expression_attribute_names().into_iter().flatten().map(|(name, _)| name);
    let values = update.expression_attribute_values().unwrap().keys();
    (used, names.chain(values).cloned().collect())
}

#[test]
fn items_have_the_keys_that_the_policies_know() {
    let group = GroupName::new("team/web#1");
    for (key, expected) in [
        (head_key(&IncidentId::new("inc-1")), ("incident#inc-1", "head")),
        (group_breaker_key(Some(&group)), ("breaker#group#team/web#1", "breaker")),
        (group_breaker_key(None), ("breaker#standalone", "breaker")),
        (account_breaker_key(), ("breaker#account", "breaker")),
        (hold_key(&instance()), ("instance#i-00000000000000001", "open")),
        (authority_key(&instance()), ("authority#i-00000000000000001", "authority")),
        (freeze_key(), ("freeze", "freeze")),
        (event_item(&IncidentId::new("inc-1"), &opened(IncidentState::Observed).1), ("incident#inc-1", "event#000001")),
    ] {
        assert_eq!(key_of(&key), expected);
    }
}

#[test]
fn a_commit_stands_in_the_order_in_which_its_cancellation_is_read() {
    let items = commit("table", &intent()).unwrap();
    let puts = items.iter().filter_map(TransactWriteItem::put);
    let written: Vec<_> = puts.map(|put| (key_of(put.item()), put.condition_expression().unwrap())).collect();
    let new = "attribute_not_exists(pk)";
    let hold = "attribute_not_exists(pk) OR held = :no";
    assert_eq!(
        written,
        [
            (("incident#inc-1", "head"), new),
            (("incident#inc-1", "event#000001"), new),
            (("instance#i-00000000000000001", "open"), hold),
            (("breaker#group#web", "breaker"), new),
            (("breaker#account", "breaker"), "#version = :read"),
        ]
    );
    let account = items[4].put().unwrap().expression_attribute_values().unwrap();
    assert_eq!(account[":read"], number(7));
    let freeze = items[5].condition_check().unwrap();
    assert_eq!(key_of(freeze.key()), ("freeze", "freeze"));
    assert_eq!(freeze.condition_expression(), "attribute_not_exists(pk) OR expires_at_ms <= :now");
    assert_eq!(freeze.expression_attribute_values().unwrap()[":now"], number(1_790_000_000_000_i64));
    assert_eq!(items.len(), 6);
}

#[test]
fn an_append_gives_just_the_placeholders_that_it_uses() {
    for state in [IncidentState::Committed, IncidentState::Released] {
        let items = append("table", &transaction(state)).unwrap();
        let (used, given) = placeholders(&items[0]);
        assert_eq!(used, given);
        assert_eq!(key_of(items[1].put().unwrap().item()), ("incident#inc-1", "event#000001"));
    }
}

#[test]
fn an_incident_stays_in_the_index_while_there_is_work_left() {
    let expression = |state| {
        let items = append("table", &transaction(state)).unwrap();
        items[0].update().unwrap().update_expression().to_owned()
    };
    assert!(expression(IncidentState::Committed).contains("#open = :open"));
    assert!(expression(IncidentState::Released).ends_with(" REMOVE #open"));
    let is_listed = |state| {
        let (incident, _, head) = opened(state);
        head_item(X, &incident, &head).unwrap().contains_key("open")
    };
    assert!(is_listed(IncidentState::Committed));
    assert!(!is_listed(IncidentState::Observed));
}

#[test]
fn refusals_expire_after_ninety_days_and_nothing_else_does() {
    let expiries = |state| {
        let (incident, event, head) = opened(state);
        let items = record("table", &incident, &event, &head).unwrap();
        let expiry = |item: &TransactWriteItem| item.put().unwrap().item().get("expires_at").cloned();
        items.iter().map(expiry).collect::<Vec<_>>()
    };
    let end = Some(number(1_790_000_000 + 90 * 24 * 60 * 60));
    assert_eq!(expiries(IncidentState::Refused { reason: Refusal::NotOptedIn }), [end.clone(), end]);
    assert_eq!(expiries(IncidentState::Observed), [None, None]);
}

#[test]
fn what_was_written_is_read_back() {
    let items = commit("table", &intent()).unwrap();
    let item = |at: usize| items[at].put().unwrap().item();
    let read = |at: usize| Reader { operation: X, item: item(at) };
    let (incident, event, head) = opened(IncidentState::Committed);
    let stored = read(0).stored().unwrap();
    assert_eq!((stored.incident, stored.head, stored.lease), (incident, head, Some(lease())));
    assert_eq!(read(1).event().unwrap(), event);
    let hold = read(2).hold().unwrap();
    assert_eq!((hold.held_by, hold.attacks), (Some(IncidentId::new("inc-1")), [attack(1)].into()));
    assert_eq!(read(3).breaker().unwrap(), breaker(1));
    let released = breaker_item(X, account_breaker_key(), &Breaker::default()).unwrap();
    assert_eq!(Reader { operation: X, item: &released }.breaker().unwrap(), Breaker::default());
}

#[test]
fn a_freeze_without_a_readable_end_never_ends_by_mistake() {
    let mut item = freeze_key();
    let read = |item: &Item| Reader { operation: X, item }.freeze();
    assert!(read(&item).unwrap().in_force(now()));
    item.insert("expires_at_ms".to_owned(), number(1_790_000_000_000_i64));
    assert!(!read(&item).unwrap().in_force(now()));
    item.insert("expires_at_ms".to_owned(), string("1790000000000"));
    assert!(read(&item).is_err());
}

#[test]
fn an_operators_entry_is_read_strictly() {
    let mut item = authority_key(&instance());
    let read = |item: &Item| Reader { operation: X, item }.standalone();
    assert_eq!(read(&item).unwrap().mode, None);
    item.insert("mode".to_owned(), string("enforce"));
    item.insert("protected".to_owned(), AttributeValue::Bool(true));
    let entry = read(&item).unwrap();
    assert!(entry.mode == Some(Mode::Enforce) && entry.protected && !entry.drills_allowed);
    item.insert("protected".to_owned(), string("true"));
    assert!(read(&item).is_err());
    item.insert("protected".to_owned(), AttributeValue::Bool(true));
    item.insert("mode".to_owned(), string("Enforce!"));
    assert!(read(&item).is_err());
}

#[test]
fn a_released_instance_is_held_by_nobody() {
    let mut item = hold_key(&instance());
    item.insert("incident".to_owned(), string("inc-1"));
    item.insert("held".to_owned(), AttributeValue::Bool(false));
    item.insert("released_at_ms".to_owned(), number(1_790_000_000_000_i64));
    let read = |item: &Item| Reader { operation: X, item }.hold();
    let free = Hold { held_by: None, released_at: Some(now()), attacks: BTreeSet::new() };
    assert_eq!(read(&item).unwrap(), free);
    item.insert("attacks".to_owned(), AttributeValue::Ss(vec!["3600/3660".to_owned()]));
    assert_eq!(read(&item).unwrap(), Hold { attacks: [attack(1)].into(), ..free });
    item.insert("attacks".to_owned(), AttributeValue::Ss(vec!["always".to_owned()]));
    assert!(read(&item).is_err());
}

#[test]
fn what_is_let_go_has_its_attack_on_record_and_a_false_alarm_has_none() {
    for (attack, adds) in [(Some(attack(2)), true), (None, false)] {
        let lets_go = Some(LettingGo { instance: instance(), at: now(), attack });
        let items = append("table", &Transaction { lets_go, ..transaction(IncidentState::Released) }).unwrap();
        let (used, given) = placeholders(items.last().unwrap());
        assert_eq!(used, given);
        assert_eq!(given.contains(":attack"), adds);
    }
}

#[test]
fn only_conflicts_alone_are_written_again() {
    let alone = |codes: &[&str]| is_conflict_alone(&codes.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(alone(&["None", "TransactionConflict", "TransactionConflict"]));
    assert!(!alone(&["TransactionConflict", "ConditionalCheckFailed"]));
    assert!(!alone(&["None", "None"]) && !alone(&[]));
}
