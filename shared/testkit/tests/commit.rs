//! The transaction that commits an intent, alone and in races.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop at once")]

mod support;

use containment::guards::Freeze;
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, seal};
use ports::{CommitError, Glance, Intent, Journal};
use std::sync::Arc;
use std::time::Duration;
use support::{first_intent, incident_id, instance, intent, opening, wanted};
use testkit::{Cloud, Fault, Faults, Hold, START};
use tokio::sync::Barrier;

fn cloud() -> Cloud {
    Cloud::at(START)
}

async fn committed(cloud: &Cloud) -> Intent {
    let intent = first_intent("one");
    cloud.commit(&intent).await.unwrap();
    intent
}

#[tokio::test]
async fn a_commit_writes_incident_event_hold_and_both_breakers() {
    let cloud = cloud();
    let intent = committed(&cloud).await;
    let stored = cloud.load(&incident_id(1)).await.unwrap().unwrap();
    assert_eq!((stored.incident, stored.head, stored.lease), (intent.incident, intent.head, Some(intent.lease)));
    assert_eq!(cloud.events(&incident_id(1)).await.unwrap(), [intent.event]);
    assert_eq!(cloud.open_incidents().await.unwrap(), [incident_id(1)]);
    let glance = cloud.glance(&wanted(1)).await.unwrap();
    assert_eq!(glance.held_by, Some(incident_id(1)));
    assert_eq!(glance.group_breaker, intent.breaker.group_breaker);
    assert_eq!(glance.account_breaker, intent.breaker.account_breaker);
}

#[tokio::test]
async fn a_commit_that_is_refused_leaves_nothing_behind() {
    let cloud = cloud();
    committed(&cloud).await;
    let before = cloud.glance(&wanted(2)).await.unwrap();
    // Its group's breaker is as it was read; the account's is not.
    let stale = Glance { account_breaker: Default::default(), ..before.clone() };
    let refused = cloud.commit(&intent(2, "two", &stale, START)).await;
    assert_eq!(refused, Err(CommitError::BreakerMoved));
    assert!(cloud.load(&incident_id(2)).await.unwrap().is_none());
    assert!(cloud.events(&incident_id(2)).await.unwrap().is_empty());
    let after = cloud.glance(&wanted(2)).await.unwrap();
    assert_eq!((after.held_by, after.group_breaker), (None, before.group_breaker));
}

#[tokio::test]
async fn a_freeze_outranks_a_record_which_outranks_a_hold_which_outranks_a_breaker() {
    let cloud = cloud();
    committed(&cloud).await;
    let mut other = first_intent("two");
    cloud.freeze("operator", "maintenance");
    assert_eq!(cloud.commit(&other).await, Err(CommitError::Frozen));
    cloud.thaw();
    assert_eq!(cloud.commit(&other).await, Err(CommitError::AlreadyRecorded));
    other.incident.id = incident_id(9);
    assert_eq!(cloud.commit(&other).await, Err(CommitError::InstanceHeld));
    cloud.release_hold(&instance(1), START);
    assert_eq!(cloud.commit(&other).await, Err(CommitError::BreakerMoved));
}

#[tokio::test]
async fn an_expired_freeze_stops_nothing() {
    let cloud = cloud();
    let freeze = |seconds| Freeze {
        by: "operator".to_owned(),
        reason: "maintenance".to_owned(),
        expires_at: Some(START + time::Duration::seconds(seconds)),
    };
    cloud.world(|world| world.table.freeze = Some(freeze(1)));
    assert_eq!(cloud.commit(&first_intent("one")).await, Err(CommitError::Frozen));
    cloud.world(|world| world.table.freeze = Some(freeze(0)));
    assert_eq!(cloud.commit(&first_intent("one")).await, Ok(()));
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_succeeds_when_it_is_repeated() {
    let cloud = cloud();
    let ports = Faults::none().lose_answers_of("journal.commit", 1).wrap(&cloud.ports());
    let intent = first_intent("one");
    assert!(matches!(ports.journal.commit(&intent).await, Err(CommitError::Port(_))));
    assert_eq!(ports.journal.commit(&intent).await, Ok(()));
    assert_eq!(ports.journal.commit(&first_intent("two")).await, Err(CommitError::AlreadyRecorded));
}

#[tokio::test]
async fn a_released_instance_can_be_held_again_and_shows_when_it_was_released() {
    let cloud = cloud();
    committed(&cloud).await;
    cloud.release_hold(&instance(1), START + time::Duration::minutes(1));
    let glance = cloud.glance(&wanted(1)).await.unwrap();
    assert_eq!((glance.held_by.clone(), glance.released_at), (None, Some(START + time::Duration::minutes(1))));
    let mut again = intent(1, "two", &glance, START);
    again.incident.id = incident_id(2);
    cloud.commit(&again).await.unwrap();
    assert!(cloud.world(
        |world| matches!(&world.table.holds[&instance(1)], Hold { incident: Some(id), .. } if *id == incident_id(2))
    ));
}

#[tokio::test]
async fn a_refusal_is_recorded_once_and_is_not_open() {
    let cloud = cloud();
    let opening = opening(1, IncidentState::Observed);
    let incident = Incident::opened(&opening, START);
    let sealed = |actor| {
        let body = EventBody::Opened(Box::new(opening.clone()));
        seal(&incident.id, &Head::start(), START, actor, body).unwrap()
    };
    let (event, head) = sealed("one");
    assert!(cloud.record(&incident, &event, &head).await.unwrap());
    // The same record again is a repetition of a call whose answer was lost.
    assert!(cloud.record(&incident, &event, &head).await.unwrap());
    let (event, head) = sealed("two");
    assert!(!cloud.record(&incident, &event, &head).await.unwrap());
    assert!(cloud.open_incidents().await.unwrap().is_empty());
    assert_eq!(cloud.replayed(&incident.id), Ok(incident));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_racers_never_take_more_slots_than_the_limit() {
    const LIMIT: usize = 3;
    let cloud = cloud();
    let barrier = Arc::new(Barrier::new(50));
    let race = async |cloud: Cloud, barrier: Arc<Barrier>, number: usize| {
        let mut glance = cloud.glance(&wanted(number)).await.unwrap();
        // All have seen empty breakers when the first of them commits.
        barrier.wait().await;
        while glance.group_breaker.slots.len() < LIMIT {
            match cloud.commit(&intent(number, &format!("racer {number}"), &glance, START)).await {
                Ok(()) => return true,
                Err(CommitError::BreakerMoved) => glance = cloud.glance(&wanted(number)).await.unwrap(),
                Err(other) => panic!("{other}"),
            }
        }
        false
    };
    let racers: Vec<_> =
        (0..50).map(|number| tokio::spawn(race(cloud.clone(), Arc::clone(&barrier), number))).collect();
    let mut winners = Vec::new();
    for (number, racer) in racers.into_iter().enumerate() {
        if racer.await.unwrap() {
            winners.push(instance(number));
        }
    }
    let glance = cloud.glance(&wanted(0)).await.unwrap();
    let slots: Vec<_> = glance.group_breaker.slots.iter().map(|slot| slot.instance.clone()).collect();
    assert_eq!(winners.len(), LIMIT);
    assert!(winners.iter().all(|winner| slots.contains(winner)), "{winners:?} {slots:?}");
    assert_eq!((glance.group_breaker.version, glance.account_breaker.version), (3, 3));
    let moved = cloud.calls().of("journal.commit").into_iter().filter(|call| call.error.is_some()).count();
    assert!(moved >= 49, "{moved} of the 49 who came too late were told so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_racers_for_one_transition_make_one_incident() {
    let cloud = cloud();
    let race = |number| {
        let cloud = cloud.clone();
        tokio::spawn(async move { cloud.commit(&first_intent(&format!("racer {number}"))).await })
    };
    let racers: Vec<_> = (0..50).map(race).collect();
    let mut recorded = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(()) => {}
            Err(CommitError::AlreadyRecorded) => recorded += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(recorded, 49);
    assert_eq!(cloud.incidents().len(), 1);
}

#[tokio::test]
async fn a_process_killed_before_its_commit_leaves_nothing_and_one_killed_after_it_leaves_all() {
    for (fault, incidents) in [(Fault::KillBefore, 0), (Fault::KillAfter, 1)] {
        let cloud = cloud();
        let faults = Faults::none().at(testkit::Calls::JournalWrites, 1, fault);
        let ports = faults.wrap(&cloud.ports());
        let intent = first_intent("one");
        let run = async {
            let _ = ports.journal.commit(&intent).await;
            ports.clock.sleep(Duration::from_secs(1)).await;
        };
        assert_eq!(faults.run(run).await, None);
        assert_eq!(cloud.incidents().len(), incidents, "{fault:?}");
        assert_eq!(cloud.now(), START, "a dead process went on sleeping");
    }
}
