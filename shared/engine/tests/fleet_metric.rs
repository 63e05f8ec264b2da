//! The fleet metric: what is published, and what an alarm on it leads to.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::ids::GroupName;
use containment::incident::IncidentState;
use containment::refusal::Refusal;
use engine::{MeasureError, MeasureReport, Measurement, Outcome};
use ports::ErrorKind;
use signal::InstanceId;
use support::*;
use testkit::{GROUP, Process, Scene, instance_id};
use time::Duration;

const GET: &str = "cloudwatch:GetMetricData";
const PUT: &str = "cloudwatch:PutMetricData";

async fn measure(process: &Process) -> Result<MeasureReport, MeasureError> {
    let ports = process.fleet_ports();
    let deadline = ports.clock.now() + Duration::seconds(60);
    Measurement { ports, deadline }.run().await
}

/// Instances by number that are in quarantine.
fn isolated(scene: &Scene, size: usize) -> Vec<usize> {
    let account = scene.account();
    let is = |number: &usize| {
        account.groups_of(&instance_id(*number)).concat().iter().all(|one| one.as_str() == "sg-quarantine")
    };
    (0..size).filter(is).collect()
}

/// A fleet in which these surge, and no instance has an alarm of its own.
fn surging(size: usize, numbers: &[usize]) -> Scene {
    let scene = Scene::fleet(size);
    let mut account = scene.account();
    account.alarms.clear();
    account.surging = numbers.iter().map(|number| instance_id(*number)).collect();
    drop(account);
    scene
}

fn reason(scene: &Scene) -> Refusal {
    let account = scene.account();
    let incidents: Vec<_> = account.incidents().into_iter().collect();
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    match &incidents[0].state {
        IncidentState::Refused { reason } => reason.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

async fn look(scene: &Scene) -> Vec<Outcome> {
    engine(&scene.process(), settings()).look_again().await.unwrap()
}

#[tokio::test]
async fn one_group_of_five_hundred_is_measured_in_three_calls() {
    let scene = surging(500, &[7]);
    let process = scene.process();
    let report = measure(&process).await.unwrap();
    let calls: Vec<_> = process.faults.calls().iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["autoscaling:DescribeAutoScalingGroups", GET, PUT]);
    let group = &report.groups[0];
    assert_eq!((group.instances, group.reporting, report.published), (500, 500, 3));
    let account = scene.account();
    assert!(account.fleet_metric.iter().all(|one| one.group.as_str() == GROUP && one.log_ratio > 2.0));
    let age = |at| account.now - at;
    assert!(account.fleet_metric.iter().all(|one| age(one.at) >= Duration::minutes(6)), "periods that are over");
}

#[tokio::test]
async fn groups_are_packed_together_and_only_those_that_opt_in_are_read() {
    let scene = Scene::empty();
    for (name, from) in [("a", 0), ("b", 200), ("c", 400), ("none", 600), ("caf\u{e9}", 800)] {
        let members: Vec<InstanceId> = (from..from + 200).map(instance_id).collect();
        scene.account().add_group(&GroupName::new(name), &members);
    }
    scene.account().groups.get_mut(&GroupName::new("none")).unwrap().tags.clear();
    let process = scene.process();
    let report = measure(&process).await.unwrap();
    let count = |operation| process.faults.calls().iter().filter(|call| call.operation == operation).count();
    assert_eq!((count(GET), count(PUT)), (2, 1), "six hundred instances");
    let names: Vec<_> = report.groups.iter().map(|one| one.group.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn fewer_than_five_that_report_are_published_as_nothing() {
    let scene = surging(8, &[0]);
    scene.account().silent = (4..8).map(instance_id).collect();
    let process = scene.process();
    let report = measure(&process).await.unwrap();
    assert_eq!((report.groups[0].reporting, report.published), (4, 0));
    assert!(process.faults.calls().iter().all(|call| call.operation != PUT));
    deliver(&scene, &scene.fleet_alarm()).await.unwrap();
    assert!(matches!(reason(&scene), Refusal::NothingStandsOut { why } if why.contains("too few")));
}

#[tokio::test]
async fn what_cannot_be_read_or_published_fails_the_run() {
    for (operation, published) in [(GET, 0), (PUT, 0)] {
        let scene = surging(6, &[]);
        let process = scene.process();
        process.faults.fail(operation, ErrorKind::Throttled, 9);
        assert!(measure(&process).await.is_err());
        assert_eq!(scene.account().fleet_metric.len(), published);
    }
    let scene = surging(6, &[]);
    let ports = scene.process().fleet_ports();
    let deadline = ports.clock.now() + Duration::seconds(5);
    let late = Measurement { ports, deadline }.run().await;
    assert_eq!(late, Err(MeasureError::OutOfTime { left: 6, what: "instances" }));
}

#[tokio::test]
async fn a_young_instance_that_its_groups_alarm_points_at_is_contained() {
    let scene = surging(8, &[3]);
    let now = scene.account().now;
    scene.account().instance(&instance_id(3)).launched_at = Some(now - Duration::hours(2));
    let signal = scene.fleet_alarm();
    let outcomes = deliver(&scene, &signal).await.unwrap();
    assert_eq!(outcomes.len(), 1);
    reconcile(&scene).await;
    assert_contained(&scene, &instance_id(3));
    assert_eq!(isolated(&scene, 8), [3]);
    assert_eq!(incident(&scene, &instance_id(3)).alarm, Some(signal.alarm.clone()));
    deliver(&scene, &signal).await.unwrap();
    assert_eq!(isolated(&scene, 8), [3], "its message twice changes nothing");
}

#[tokio::test]
async fn a_forged_fleet_metric_isolates_nobody() {
    let scene = surging(8, &[]);
    deliver(&scene, &scene.fleet_alarm()).await.unwrap();
    let refusal = reason(&scene);
    assert!(matches!(&refusal, Refusal::NothingStandsOut { .. }) && !refusal.pages(), "{refusal}");
    assert!(scene.account().moves.is_empty());
}

#[tokio::test]
async fn a_message_of_a_fleet_alarm_that_names_an_instance_is_believed_only_of_one_that_stands_out() {
    let scene = surging(8, &[3]);
    let forged = signal::AlarmSignal { nominated: vec![instance_id(5)], ..scene.fleet_alarm() };
    deliver(&scene, &forged).await.unwrap();
    assert!(matches!(reason(&scene), Refusal::NothingStandsOut { .. }));
    assert!(scene.account().moves.is_empty());
}

#[tokio::test]
async fn a_fleet_that_surges_together_has_nobody_who_stands_out() {
    let scene = surging(8, &[0, 1, 2, 3, 4, 5, 6, 7]);
    deliver(&scene, &scene.fleet_alarm()).await.unwrap();
    assert!(matches!(reason(&scene), Refusal::NothingStandsOut { .. }));
    assert!(scene.account().moves.is_empty());
}

#[tokio::test]
async fn where_several_stand_out_five_are_judged_and_a_surge_of_a_part_isolates_nobody() {
    let scene = surging(16, &[0, 1, 2, 3, 4, 5, 6]);
    let outcomes = deliver(&scene, &scene.fleet_alarm()).await.unwrap();
    assert_eq!(outcomes.len(), 5);
    assert!(outcomes.iter().all(|one| matches!(one, Outcome::Refused { reason: Refusal::InDoubt { .. }, .. })));
    assert!(scene.account().moves.is_empty());
}

#[tokio::test]
async fn a_group_that_has_not_opted_in_is_not_touched() {
    let scene = surging(8, &[3]);
    scene.account().groups.get_mut(&GroupName::new(GROUP)).unwrap().tags.clear();
    deliver(&scene, &scene.fleet_alarm()).await.unwrap();
    assert_eq!(reason(&scene), Refusal::NotOptedIn);
}

#[tokio::test]
async fn a_fleet_alarm_that_rings_is_looked_at_again_and_finds_the_next_one() {
    let scene = surging(10, &[3]);
    scene.fleet_alarm();
    scene.pass(Duration::minutes(2));
    assert_eq!(look(&scene).await.len(), 1, "its message was lost");
    assert!(look(&scene).await.is_empty(), "it is held by then");
    scene.account().surging.insert(instance_id(6));
    assert_eq!(look(&scene).await.len(), 1, "the alarm has not changed, and another stands out");
    assert_eq!(isolated(&scene, 10), [3, 6]);
    scene.account().surging.clear();
    assert!(look(&scene).await.is_empty());
}
