//! Killed at every call, failing at every call, racing: the end is always the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::guards::Freeze;
use containment::ids::TargetGroupArn;
use containment::incident::IncidentState;
use containment::observed::{Lifecycle, Target};
use containment::step::Step;
use engine::{Config, Outcome};
use futures::future::join_all;
use ports::ErrorKind;
use support::*;
use testkit::{Fault, Scene, instance_id};
use time::Duration;

/// In memory a run takes a millisecond or two; one that takes this long was killed.
const KILLED: std::time::Duration = std::time::Duration::from_millis(100);

/// Calls of one undisturbed run.
async fn undisturbed_calls() -> usize {
    let scene = Scene::fleet(6);
    let process = scene.process();
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    process.faults.calls().len()
}

/// A run that meets `fault` at call `number`; then Lambda's retry, and the reconciler.
async fn disturbed(number: usize, fault: Fault) -> Scene {
    let scene = Scene::fleet(6);
    let signal = scene.signal(&first());
    let process = scene.process();
    process.faults.at(number, fault);
    {
        let engine = engine(&process, settings());
        let run = engine.handle(&signal);
        // A killed run never ends; everything else in this account takes no real time.
        let _ = tokio::time::timeout(KILLED, run).await;
    }
    scene.pass(Duration::minutes(1));
    deliver(&scene, &signal).await.unwrap_or_else(|error| panic!("call {number}, {fault:?}: the retry: {error}"));
    reconcile(&scene).await;
    scene
}

#[tokio::test]
async fn a_run_killed_at_any_call_ends_contained() {
    for number in 0..undisturbed_calls().await {
        for fault in [Fault::KillsBefore, Fault::KillsAfter] {
            let scene = disturbed(number, fault).await;
            assert_contained(&scene, &first());
            assert_eq!(scene.account().slots(), 1, "call {number}, {fault:?}");
            assert_eq!(scene.account().snapshots.len(), 1, "call {number}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn any_one_call_that_fails_or_loses_its_answer_ends_contained() {
    let faults = [
        Fault::Fails(ErrorKind::Throttled),
        Fault::Fails(ErrorKind::Denied),
        Fault::Fails(ErrorKind::Conflict),
        Fault::Fails(ErrorKind::Transient),
        Fault::Fails(ErrorKind::Rejected),
        Fault::LosesItsAnswer,
    ];
    for number in 0..undisturbed_calls().await {
        for fault in faults {
            let scene = disturbed(number, fault).await;
            assert_contained(&scene, &first());
            assert_eq!(scene.account().slots(), 1, "call {number}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn the_reconciler_killed_at_any_call_leaves_the_rest_to_the_next_one() {
    for number in 0..40 {
        let scene = Scene::fleet(6);
        let process = scene.process();
        process.faults.at(20, Fault::KillsAfter);
        let run = engine(&process, settings());
        let _ = tokio::time::timeout(KILLED, run.handle(&scene.signal(&first()))).await;
        scene.pass(Duration::minutes(1));
        let reconciler = scene.process();
        reconciler.faults.at(number, Fault::KillsAfter);
        let run = engine(&reconciler, settings());
        let killed = async {
            for id in run.open_incidents().await.unwrap() {
                let _ = run.settle(&id).await;
            }
        };
        let _ = tokio::time::timeout(KILLED, killed).await;
        scene.pass(Duration::minutes(1));
        reconcile(&scene).await;
        assert_contained(&scene, &first());
    }
}

#[tokio::test]
async fn a_step_that_keeps_failing_does_not_hold_up_the_others_and_is_left_to_people_in_the_end() {
    for (operation, step) in [
        ("ec2:CreateSnapshots", Step::SnapshotVolumes),
        ("s3:PutObject", Step::CaptureMetadata),
        ("lambda:InvokeFunction", Step::RevokeCredentials),
        ("ec2:CreateTags", Step::TagInstance),
    ] {
        let scene = Scene::fleet(6);
        let process = scene.process();
        process.faults.fail(operation, ErrorKind::Denied, 10);
        engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
        let incident = incident(&scene, &first());
        assert_eq!(incident.state, IncidentState::Partial { steps: vec![step] });
        assert!(incident.isolated_at.is_some() && incident.is_open());
        assert_ne!(scene.account().instance(&first()).state, containment::observed::PowerState::Running);
        reconcile(&scene).await;
        assert_contained(&scene, &first());
    }
}

#[tokio::test]
async fn an_instance_that_cannot_leave_its_group_is_never_stopped() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.fail("autoscaling:DetachInstances", ErrorKind::Denied, 100);
    process.faults.fail("autoscaling:EnterStandby", ErrorKind::Denied, 100);
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    assert!(!process.faults.calls().iter().any(|call| call.operation == "ec2:StopInstances"));
    assert_eq!(incident(&scene, &first()).state, IncidentState::Partial { steps: vec![Step::DetachFromGroup] });
    assert_eq!(scene.account().lost_volumes, []);
    scene.account().groups.clear();
    reconcile(&scene).await;
    let end = incident(&scene, &first());
    assert_eq!(
        end.state,
        IncidentState::Contained,
        "somebody detached it by hand, and it was stopped: {:#?}",
        end.steps
    );
}

#[tokio::test]
async fn an_instance_that_cannot_be_detached_goes_into_standby_first() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.fail("autoscaling:DetachInstances", ErrorKind::Conflict, 100);
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    assert_eq!(scene.account().membership(&first()).unwrap().lifecycle, Lifecycle::Standby);
    assert_eq!(incident(&scene, &first()).state, IncidentState::Partial { steps: vec![Step::DetachFromGroup] });
    reconcile(&scene).await;
    assert_contained(&scene, &first());
}

#[tokio::test]
async fn of_fifty_alarming_at_once_in_three_hundred_exactly_the_limit_is_contained() {
    let scene = Scene::fleet(300);
    // A sixth of the fleet: fewer than make it the fleet's own doing.
    let signals: Vec<_> = (0..50).map(|number| scene.alarm(&instance_id(6 * number))).collect();
    let mut config: Config = settings();
    config.limits.group_count = 3;
    let runs = signals.iter().map(|signal| {
        let engine = engine(&scene.process(), config.clone());
        async move { engine.handle(signal).await.unwrap() }
    });
    let outcomes: Vec<Outcome> = join_all(runs).await.into_iter().flatten().collect();
    let contained = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Contained { .. })).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Refused { .. })).count();
    assert_eq!((contained, refused), (3, 47));
    assert_eq!(scene.account().slots(), 3);
}

#[tokio::test]
async fn the_same_alarm_in_many_processes_at_once_is_one_incident() {
    let scene = Scene::fleet(6);
    let signal = scene.signal(&first());
    let runs = (0..12).map(|_| {
        let engine = engine(&scene.process(), settings());
        let signal = signal.clone();
        async move { engine.handle(&signal).await.unwrap() }
    });
    let outcomes: Vec<Outcome> = join_all(runs).await.into_iter().flatten().collect();
    let contained = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Contained { .. })).count();
    assert_eq!(contained, 1, "{outcomes:?}");
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert_eq!(scene.account().slots(), 1);
    assert_eq!(scene.account().snapshots.len(), 1);
}

#[tokio::test]
async fn two_reconcilers_at_once_do_not_act_on_one_incident_together() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.at(14, Fault::KillsAfter);
    let run = engine(&process, settings());
    let _ = tokio::time::timeout(KILLED, run.handle(&scene.signal(&first()))).await;
    scene.pass(Duration::minutes(1));
    let settle = || async {
        let engine = engine(&scene.process(), settings());
        let id = engine.open_incidents().await.unwrap().remove(0);
        engine.settle(&id).await.unwrap()
    };
    let outcomes = join_all([settle(), settle(), settle()]).await;
    let away = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::HandedOver { .. })).count();
    assert_eq!(away, 2, "{outcomes:?}");
}

#[tokio::test]
async fn a_freeze_that_comes_between_reading_and_committing_holds() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    let run = engine(&process, settings());
    let signal = scene.signal(&first());
    let mut handling = Box::pin(run.handle(&signal));
    // Far enough for the reads to have been made, not for the commit.
    while !process.faults.calls().iter().any(|call| call.operation == "dynamodb:BatchGetItem") {
        assert!(futures::poll!(&mut handling).is_pending());
    }
    scene.account().freeze(Some(Freeze { by: "ana".to_owned(), reason: "now".to_owned(), expires_at: None }));
    let outcomes = handling.await.unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Refused { .. }]), "{outcomes:?}");
    assert_eq!(scene.account().groups_of(&first())[0][0].as_str(), "sg-service");
}

#[tokio::test]
async fn a_journal_that_was_altered_is_not_acted_on() {
    let scene = Scene::fleet(6);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let id = incident(&scene, &first()).id;
    {
        let mut account = scene.account();
        let (events, _) = account.journal(&id);
        events[0].document = events[0].document.replacen("sg-service", "sg-forged", 1);
    }
    let process = scene.process();
    assert!(engine(&process, settings()).settle(&id).await.is_err());
    let changes =
        process.faults.calls().into_iter().filter(|call| call.mutates && !call.operation.starts_with("dynamodb:"));
    assert_eq!(changes.count(), 0);
}

#[tokio::test]
async fn a_denied_look_up_of_targets_holds_up_nothing_and_is_never_taken_for_none() {
    for operation in ["elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"] {
        let scene = Scene::fleet(6);
        let arn = TargetGroupArn::new("tg-foreign");
        let target = Target { group: arn.clone(), id: first().to_string(), port: Some(443), draining: false };
        scene.account().target_groups.insert(arn.clone(), vec![target]);
        let process = scene.process();
        process.faults.fail(operation, ErrorKind::Denied, 10);
        engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
        let cut_off = incident(&scene, &first());
        assert!(cut_off.isolated_at.is_some(), "{operation}");
        assert_eq!(cut_off.state, IncidentState::Partial { steps: vec![Step::DeregisterTargets] }, "{operation}");
        reconcile(&scene).await;
        assert_contained(&scene, &first());
        assert_eq!(scene.account().target_groups[&arn], [], "{operation}");
    }
}
