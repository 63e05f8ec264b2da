//! Snapshots are locked, beside the containment and never in its way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::incident::{Incident, IncidentState, MAX_FAILURES};
use containment::snapshot_lock::{LockMode, LockStatus, LockTerms, ObservedLock, SnapshotLock};
use engine::{Config, Outcome};
use ports::ErrorKind;
use support::*;
use testkit::{Process, Scene};
use time::Duration;

const LOCK: &str = "ec2:LockSnapshot";
const LOCKS: &str = "ec2:DescribeLockedSnapshots";

fn operations(process: &Process) -> Vec<&'static str> {
    process.faults.calls().iter().map(|call| call.operation).collect()
}

async fn contain(scene: &Scene, config: Config) -> Process {
    let process = scene.process();
    engine(&process, config).handle(&scene.signal(&first())).await.unwrap();
    process
}

async fn settle(scene: &Scene, process: &Process) -> Incident {
    let id = incident(scene, &first()).id;
    engine(process, settings()).settle(&id).await.unwrap();
    incident(scene, &first())
}

fn only(incident: &Incident) -> &SnapshotLock {
    assert_eq!(incident.locks.snapshots.len(), 1, "{:?}", incident.locks);
    &incident.locks.snapshots[0]
}

#[tokio::test]
async fn a_snapshot_is_locked_while_it_is_made_and_until_when_is_known_once_it_is_complete() {
    let scene = Scene::fleet(6);
    let calls = operations(&contain(&scene, settings()).await);
    assert!(calls.contains(&LOCK) && !calls.contains(&LOCKS), "{calls:?}");
    let pending = ObservedLock { mode: LockMode::Governance, days: 90, until: None };
    assert_eq!(only(&incident(&scene, &first())).status, LockStatus::Held(pending));
    reconcile(&scene).await;
    let complete = scene.account().snapshots[0].1;
    let until = Some(complete + Duration::days(90));
    assert_eq!(only(&incident(&scene, &first())).status, LockStatus::Held(ObservedLock { until, ..pending }));
}

#[tokio::test]
async fn isolation_and_stop_wait_for_no_lock() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.never_answer(LOCK);
    let engine = engine(&process, settings());
    let signal = scene.signal(&first());
    // In memory a run takes a millisecond or two.
    let run = tokio::time::timeout(std::time::Duration::from_millis(100), engine.handle(&signal)).await;
    assert!(run.is_err(), "the end of the run waits for it");
    let calls = operations(&process);
    for done in ["ec2:ModifyNetworkInterfaceAttribute", "ec2:StopInstances"] {
        assert!(calls.contains(&done), "{done} is missing: {calls:?}");
    }
    scene.pass(Duration::minutes(1));
    reconcile(&scene).await;
    assert_contained(&scene, &first());
}

#[tokio::test]
async fn a_lock_that_fails_is_loud_stops_nothing_and_is_tried_again() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.fail(LOCK, ErrorKind::Denied, 1);
    let outcomes = engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    assert!(matches!(outcomes[0], Outcome::Contained { isolated: true, state: IncidentState::Settling, .. }));
    let missing = only(&incident(&scene, &first())).to_string();
    assert!(missing.contains("NOT LOCKED") && missing.contains("Injected"), "{missing}");
    assert!(scene.account().notices[0].text.contains("NOT LOCKED"));
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert_eq!(incident(&scene, &first()).locks.failures, 1);
}

#[tokio::test]
async fn a_lock_that_always_fails_is_left_to_people_who_are_told() {
    let scene = Scene::fleet(6);
    let mut tries = 0;
    for minute in 0..100 {
        let process = scene.process();
        process.faults.fail(LOCK, ErrorKind::Rejected, 9);
        match minute {
            0 => drop(engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap()),
            _ => drop(settle(&scene, &process).await),
        }
        tries += operations(&process).iter().filter(|operation| **operation == LOCK).count();
        scene.pass(Duration::minutes(1));
    }
    let incident = incident(&scene, &first());
    assert_eq!((incident.state.name(), incident.is_open()), ("Contained", false));
    assert!(incident.locks.has_given_up() && only(&incident).is_missing());
    assert_eq!(tries, MAX_FAILURES as usize);
    let notices = &scene.account().notices;
    // At the end of the first run, when it was contained, and when locking was given up.
    assert_eq!(notices.iter().filter(|notice| notice.text.contains("NOT LOCKED")).count(), 3, "{notices:#?}");
}

#[tokio::test]
async fn a_lock_that_cannot_be_read_is_not_taken_for_one_that_holds() {
    let scene = Scene::fleet(6);
    contain(&scene, settings()).await;
    scene.pass(Duration::minutes(5));
    let process = scene.process();
    process.faults.fail(LOCKS, ErrorKind::Denied, 1);
    assert!(only(&settle(&scene, &process).await).is_missing());
    assert!(!operations(&process).contains(&LOCK), "a lock that can only be extended would refuse it");
    reconcile(&scene).await;
    assert_contained(&scene, &first());
}

#[tokio::test]
async fn a_lock_that_somebody_took_off_or_cut_short_meanwhile_is_set_again() {
    for shorter in [None, Some(LockTerms { mode: LockMode::Governance, days: 1 })] {
        let scene = Scene::fleet(6);
        contain(&scene, settings()).await;
        {
            let mut account = scene.account();
            let now = account.now;
            let (snapshot, _) = account.locks.pop_first().unwrap();
            account.locks.extend(shorter.map(|terms| (snapshot, (terms, now))));
        }
        reconcile(&scene).await;
        assert_contained(&scene, &first());
        assert_eq!(scene.account().locks.values().next().unwrap().0.days, 90);
    }
}

#[tokio::test]
async fn snapshots_are_not_locked_where_that_is_off() {
    let scene = Scene::fleet(6);
    contain(&scene, Config { snapshot_lock: None, ..settings() }).await;
    reconcile(&scene).await;
    let incident = incident(&scene, &first());
    assert_eq!((incident.state.name(), incident.locks.is_empty()), ("Contained", true));
    assert!(scene.account().locks.is_empty());
}

#[tokio::test]
async fn the_terms_of_an_incident_are_those_of_its_plan() {
    let scene = Scene::fleet(6);
    let config = Config { snapshot_lock: Some(LockTerms { mode: LockMode::Compliance, days: 7 }), ..settings() };
    contain(&scene, config).await;
    reconcile(&scene).await;
    let incident = incident(&scene, &first());
    assert!(only(&incident).to_string().contains("is locked (compliance) until"), "{}", only(&incident));
}

#[tokio::test]
async fn a_release_leaves_the_locks_and_says_so() {
    let scene = contained_scene().await;
    let locks = scene.account().locks.clone();
    let outcome = engine(&scene.process(), settings()).release(&release_of(&scene, false)).await.unwrap();
    let Outcome::Released { release: Some(release), state: IncidentState::Released, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(release.plan.kept, incident(&scene, &first()).locks.snapshots);
    assert_eq!((scene.account().locks.clone(), locks.len()), (locks, 1));
}
