//! Leases on incidents, and appends under them.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop at once")]

mod support;

use ports::{AppendError, Intent, Journal, Transaction};
use std::time::Duration;
use support::{LEASE, first_intent, incident_id, lease, transaction};
use testkit::{Cloud, Faults, START};

/// An incident whose lease `one` holds.
async fn committed() -> (Cloud, Intent) {
    let cloud = Cloud::at(START);
    let intent = first_intent("one");
    cloud.commit(&intent).await.unwrap();
    (cloud, intent)
}

#[tokio::test]
async fn a_lease_is_taken_only_once_it_has_expired() {
    let (cloud, _) = committed().await;
    let id = incident_id(1);
    let until = START + LEASE;
    assert_eq!(cloud.take_lease(&id, &lease("two", until), until).await, Err(AppendError::LeaseLost));
    let after = until + time::Duration::milliseconds(1);
    assert_eq!(cloud.take_lease(&id, &lease("two", after), after).await, Ok(()));
    assert_eq!(cloud.take_lease(&id, &lease("one", after), after).await, Err(AppendError::LeaseLost));
}

#[tokio::test]
async fn a_lease_that_is_given_back_is_free_at_once_and_only_its_owner_gives_it() {
    let (cloud, _) = committed().await;
    let id = incident_id(1);
    cloud.give_lease_back(&id, "two").await.unwrap();
    assert_eq!(cloud.take_lease(&id, &lease("two", START), START).await, Err(AppendError::LeaseLost));
    cloud.give_lease_back(&id, "one").await.unwrap();
    assert_eq!(cloud.take_lease(&id, &lease("two", START), START).await, Ok(()));
}

#[tokio::test]
async fn nobody_takes_a_lease_on_an_incident_that_does_not_exist() {
    let cloud = Cloud::at(START);
    assert_eq!(cloud.take_lease(&incident_id(1), &lease("one", START), START).await, Err(AppendError::LeaseLost));
}

#[tokio::test]
async fn an_append_moves_the_head_and_renews_the_lease() {
    let (cloud, intent) = committed().await;
    let later = START + time::Duration::seconds(30);
    let next = transaction(&intent.incident, &intent.head, "one", later);
    cloud.append(&next).await.unwrap();
    let stored = cloud.load(&incident_id(1)).await.unwrap().unwrap();
    assert_eq!((&stored.head, stored.lease), (&next.head, Some(lease("one", later))));
    assert_eq!(cloud.replayed(&incident_id(1)), Ok(next.incident));
}

#[tokio::test]
async fn an_append_without_the_lease_writes_nothing() {
    let (cloud, intent) = committed().await;
    let foreign = transaction(&intent.incident, &intent.head, "two", START);
    assert_eq!(cloud.append(&foreign).await, Err(AppendError::LeaseLost));
    assert_eq!(cloud.events(&incident_id(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_append_after_a_head_that_has_moved_writes_nothing() {
    let (cloud, intent) = committed().await;
    cloud.append(&transaction(&intent.incident, &intent.head, "one", START)).await.unwrap();
    let later = START + time::Duration::seconds(1);
    let stale = transaction(&intent.incident, &intent.head, "one", later);
    assert_eq!(cloud.append(&stale).await, Err(AppendError::LeaseLost));
    assert_eq!(cloud.events(&incident_id(1)).await.unwrap().len(), 2);
    let renewal = Transaction { events: Vec::new(), head: intent.head, ..stale };
    assert_eq!(cloud.append(&renewal).await, Err(AppendError::LeaseLost));
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_succeeds_when_it_is_repeated() {
    let (cloud, intent) = committed().await;
    let ports = Faults::none().lose_answers_of("journal.append", 1).wrap(&cloud.ports());
    let next = transaction(&intent.incident, &intent.head, "one", START);
    assert!(matches!(ports.journal.append(&next).await, Err(AppendError::Port(_))));
    assert_eq!(ports.journal.append(&next).await, Ok(()));
    assert_eq!(cloud.events(&incident_id(1)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_process_that_was_stopped_past_its_lease_finds_it_lost() {
    let (cloud, intent) = committed().await;
    let faults = Faults::none().at(testkit::Calls::JournalWrites, 1, testkit::Fault::Hold);
    let ports = faults.wrap(&cloud.ports());
    let next = transaction(&intent.incident, &intent.head, "one", START);
    let stopped = tokio::spawn(async move { ports.journal.append(&next).await });
    faults.held().await;
    cloud.advance(Duration::from_secs(60));
    cloud.take_lease(&incident_id(1), &lease("two", cloud.now()), cloud.now()).await.unwrap();
    faults.let_go();
    assert_eq!(stopped.await.unwrap(), Err(AppendError::LeaseLost));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_race_for_an_expired_lease_one_takes_it() {
    let (cloud, _) = committed().await;
    let after = START + LEASE * 2;
    let race = |number: usize| {
        let cloud = cloud.clone();
        let lease = lease(&format!("racer {number}"), after);
        tokio::spawn(async move { cloud.take_lease(&incident_id(1), &lease, after).await })
    };
    let racers: Vec<_> = (0..50).map(race).collect();
    let mut winners = 0;
    for racer in racers {
        winners += usize::from(racer.await.unwrap().is_ok());
    }
    assert_eq!(winners, 1);
}
