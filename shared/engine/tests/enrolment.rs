//! Enrolment through the ports, against an account with CloudWatch's rates and quotas.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken test must stop at once")]

use containment::ids::GroupName;
use engine::Enrolment;
use enrolment::{Detector, Price, Report, Settings, Stopped, Why};
use ports::ErrorKind;
use signal::InstanceId;
use std::collections::BTreeSet;
use testkit::{Fault, Process, Scene, WatchingAlarm, instance_id};
use time::Duration;

const PUT_ALARM: &str = "cloudwatch:PutMetricAlarm";
const PUT_DETECTOR: &str = "cloudwatch:PutAnomalyDetector";
const DELETE_ALARMS: &str = "cloudwatch:DeleteAlarms";
const DELETE_DETECTOR: &str = "cloudwatch:DeleteAnomalyDetector";

const FLEET: &str = "cordon/web/fleet/FleetLogRatio";

fn settings() -> Settings {
    Settings {
        metrics: vec!["NetworkOut".parse().unwrap()],
        width: "3".parse().unwrap(),
        datapoints: 3,
        periods: 3,
        topic: "arn:aws:sns:eu-west-1:123456789012:cordon-alarms".to_owned(),
        quota: 5000,
        detailed_monitoring: false,
        price: Price::LIST,
    }
}

fn scene(size: usize) -> Scene {
    let scene = Scene::empty();
    let members: Vec<InstanceId> = (0..size).map(instance_id).collect();
    scene.account().add_group(&GroupName::new("web"), &members);
    scene.account().enrolment.quota = 5000;
    scene
}

fn run_of(process: &Process, settings: Settings, seconds: i64) -> Enrolment {
    let ports = process.enrolment_ports();
    let now = ports.clock.now();
    Enrolment { ports, settings, owner: format!("run at {now}"), deadline: now + Duration::seconds(seconds) }
}

async fn enrol(scene: &Scene) -> Report {
    run_of(&scene.process(), settings(), 120).run(None).await.unwrap()
}

fn name(number: usize) -> String {
    format!("cordon/web/{}/NetworkOut", instance_id(number))
}

/// Every instance of these has its alarm and its detector, the opted-in group its own alarm, and nothing else has.
fn enrolled(scene: &Scene, numbers: impl IntoIterator<Item = usize>) -> bool {
    let numbers: Vec<usize> = numbers.into_iter().collect();
    let account = scene.account();
    let opted_in = account.groups.values().any(|group| group.tags.contains_key("cordon:mode"));
    let fleet = opted_in.then(|| FLEET.to_owned());
    let alarms: BTreeSet<String> = numbers.iter().map(|number| name(*number)).chain(fleet).collect();
    let detectors: BTreeSet<Detector> = numbers
        .iter()
        .map(|number| Detector { instance: instance_id(*number), metric: "NetworkOut".parse().unwrap() })
        .collect();
    account.enrolment.alarms.keys().cloned().collect::<BTreeSet<_>>() == alarms
        && account.enrolment.detectors == detectors
}

#[tokio::test]
async fn each_instance_gets_its_detector_its_alarm_and_its_vpc_a_quarantine_group_and_then_nothing_is_left_to_do() {
    let scene = scene(4);
    let report = enrol(&scene).await;
    assert!(enrolled(&scene, 0..4));
    assert_eq!(report.calls.values().sum::<usize>(), 1 + 4 + 4 + 1);
    assert!(scene.account().security_groups.iter().all(|group| group.tagged && group.egress_rules == 0));
    assert_eq!(scene.account().enrolment.record.made.len(), 4);
    let again = enrol(&scene).await;
    assert!(again.calls.is_empty());
    assert_eq!((again.groups[0].instances, again.groups[0].enrolled), (4, 4));
    assert_eq!(again.cost.unwrap().usd_a_month, "1.95", "with the fleet metric, its alarm and its reads");
}

#[tokio::test]
async fn two_thousand_instances_enrol_across_invocations_with_no_call_more_than_needed_and_under_the_rates() {
    let scene = scene(2000);
    let begun = scene.account().now;
    let mut invocations = 0;
    while !enrolled(&scene, 0..2000) {
        invocations += 1;
        assert!(invocations < 20);
        let report = enrol(&scene).await;
        assert!(report.failures.is_empty());
        assert!(matches!(report.stopped, Some(Stopped::Deadline) | None));
        scene.pass(Duration::seconds(1));
    }
    let account = scene.account();
    // The least possible is one of each an instance, and the group's. The account throttles whoever exceeds a rate, and took
    // all of them.
    assert_eq!(account.enrolment.count(PUT_ALARM), 2001);
    assert_eq!(account.enrolment.count(PUT_DETECTOR), 2000);
    assert!(account.now - begun < Duration::minutes(12), "{}", account.now - begun);
    println!("{invocations} invocations, {}", account.now - begun);
}

#[tokio::test]
async fn a_run_killed_at_any_call_leaves_nothing_that_the_next_does_not_finish() {
    for fault in [Fault::KillsBefore, Fault::KillsAfter, Fault::LosesItsAnswer, Fault::Fails(ErrorKind::Transient)] {
        for number in 0..40 {
            let scene = changing_scene().await;
            let process = scene.process();
            process.faults.at(number, fault);
            let run = run_of(&process, settings(), 60);
            // A killed run never answers.
            let _ = tokio::time::timeout(std::time::Duration::from_millis(40), run.run(None)).await;
            let calls = process.faults.calls().len();
            scene.pass(Duration::minutes(3));
            for _ in 0..2 {
                enrol(&scene).await;
            }
            assert!(enrolled(&scene, 2..6), "{fault:?} at {number}");
            let account = scene.account();
            assert_eq!(account.enrolment.record.made, account.enrolment.detectors, "{fault:?} at {number}");
            assert_eq!(account.enrolment.lease, None);
            if calls <= number {
                break;
            }
        }
    }
}

/// Two instances that were enrolled are gone, and two are new.
async fn changing_scene() -> Scene {
    let scene = scene(6);
    let newer: Vec<_> = scene.account().groups.get_mut(&GroupName::new("web")).unwrap().members.split_off(4);
    enrol(&scene).await;
    let mut account = scene.account();
    account.terminate_member(&instance_id(0));
    account.terminate_member(&instance_id(1));
    account.groups.get_mut(&GroupName::new("web")).unwrap().members.extend(newer);
    account.enrolment.writes.clear();
    drop(account);
    scene
}

#[tokio::test]
async fn what_is_gone_loses_its_alarm_before_its_detector() {
    let scene = changing_scene().await;
    enrol(&scene).await;
    assert!(enrolled(&scene, 2..6));
    let account = scene.account();
    let order: Vec<&str> = account.enrolment.writes.iter().map(|(_, operation, _)| *operation).collect();
    let first = |wanted: &str| order.iter().position(|operation| *operation == wanted).unwrap();
    assert!(first(DELETE_ALARMS) < first(DELETE_DETECTOR));
    assert_eq!(account.enrolment.count(DELETE_ALARMS), 1);
}

#[tokio::test]
async fn a_detector_stays_while_its_alarm_could_not_be_deleted() {
    let scene = changing_scene().await;
    let process = scene.process();
    process.faults.fail(DELETE_ALARMS, ErrorKind::Denied, 1);
    let report = run_of(&process, settings(), 60).run(None).await.unwrap();
    assert_eq!(scene.account().enrolment.count(DELETE_DETECTOR), 0);
    // Loud, and nothing else is left undone for it.
    assert_eq!(report.lasting().count(), 1);
    assert!(scene.account().enrolment.alarms.contains_key(&name(5)));
}

#[tokio::test]
async fn a_held_instance_keeps_alarm_and_detector_with_actions_off_until_it_is_released() {
    let scene = scene(3);
    enrol(&scene).await;
    scene.account().hold(&instance_id(0));
    scene.account().terminate_member(&instance_id(0));
    enrol(&scene).await;
    assert!(enrolled(&scene, 0..3));
    assert!(!scene.account().enrolment.alarms[&name(0)].actions_enabled);
    assert!(scene.account().enrolment.alarms[&name(1)].actions_enabled);
    scene.account().release_hold(&instance_id(0));
    enrol(&scene).await;
    assert!(enrolled(&scene, 1..3));
}

#[tokio::test]
async fn an_instance_that_came_back_from_an_incident_has_its_actions_on_again() {
    let scene = scene(2);
    enrol(&scene).await;
    scene.account().hold(&instance_id(0));
    scene.account().enrolment.alarms.get_mut(&name(0)).unwrap().quiet = false;
    enrol(&scene).await;
    assert!(!scene.account().enrolment.alarms[&name(0)].actions_enabled);
    scene.account().release_hold(&instance_id(0));
    enrol(&scene).await;
    assert!(scene.account().enrolment.alarms[&name(0)].actions_enabled);
    assert_eq!(scene.account().enrolment.count(PUT_ALARM), 3);
}

#[tokio::test]
async fn opting_out_leaves_nothing_behind_and_a_tag_that_is_not_understood_changes_nothing() {
    let scene = scene(3);
    enrol(&scene).await;
    let tag = |value: &str| {
        let mut account = scene.account();
        let group = account.groups.get_mut(&GroupName::new("web")).unwrap();
        group.tags.insert("cordon:mode".to_owned(), value.to_owned());
    };
    tag("Enforced");
    let report = enrol(&scene).await;
    assert!(enrolled(&scene, 0..3));
    assert!(report.warnings.iter().any(|warning| warning.contains("neither observe nor enforce")));
    scene.account().groups.get_mut(&GroupName::new("web")).unwrap().tags.clear();
    enrol(&scene).await;
    assert!(enrolled(&scene, []));
    assert!(scene.account().enrolment.record.made.is_empty());
}

#[tokio::test]
async fn somebody_elses_alarm_and_detector_are_left_alone_and_told() {
    let scene = scene(2);
    let foreign = WatchingAlarm { shape: None, tag: None, actions_enabled: false, quiet: true };
    let of_a_stranger = Detector { instance: instance_id(77), metric: "NetworkOut".parse().unwrap() };
    scene.account().enrolment.alarms.insert(name(0), foreign.clone());
    scene.account().enrolment.alarms.insert(name(9), foreign.clone());
    scene.account().enrolment.detectors.insert(of_a_stranger.clone());
    let report = enrol(&scene).await;
    let account = scene.account();
    assert_eq!(account.enrolment.alarms[&name(0)], foreign);
    assert_eq!(account.enrolment.alarms[&name(9)], foreign);
    assert!(account.enrolment.detectors.contains(&of_a_stranger));
    assert_eq!(report.unwatched.iter().map(|one| one.why).collect::<Vec<_>>(), [Why::ForeignAlarm]);
    let put = account.enrolment.writes.iter().filter(|(_, operation, _)| *operation == PUT_ALARM);
    assert_eq!(put.map(|(_, _, name)| name.clone()).collect::<Vec<_>>(), [FLEET.to_owned(), name(1)]);
}

#[tokio::test]
async fn another_deployments_alarms_are_somebody_elses() {
    let scene = scene(1);
    enrol(&scene).await;
    let topic = "arn:aws:sns:eu-west-1:123456789012:other".to_owned();
    let report = run_of(&scene.process(), Settings { topic, ..settings() }, 60).run(None).await.unwrap();
    assert_eq!(report.unwatched[0].why, Why::ForeignAlarm);
    assert!(report.warnings.iter().any(|warning| warning.contains("its fleet alarm")) && !report.groups[0].fleet_alarm);
    assert_eq!(scene.account().enrolment.count(PUT_ALARM), 2);
}

#[tokio::test]
async fn beyond_the_quota_instances_are_on_the_fleet_alarm_and_the_report_says_which() {
    let scene = scene(10);
    scene.account().enrolment.other_detectors = 494;
    let report = run_of(&scene.process(), Settings { quota: 500, ..settings() }, 60).run(None).await.unwrap();
    assert_eq!((report.groups[0].fleet_only, report.groups[0].fleet_alarm), (4, true));
    assert_eq!(report.unwatched.iter().filter(|one| one.why == Why::Quota).count(), 4);
    assert!(enrolled(&scene, 0..6));
}

#[tokio::test]
async fn a_quota_that_aws_has_lower_than_the_parameter_ends_the_making_and_is_loud() {
    let scene = scene(10);
    scene.account().enrolment.quota = 3;
    let report = enrol(&scene).await;
    assert!(enrolled(&scene, 0..3));
    assert_eq!(scene.account().enrolment.count(PUT_DETECTOR), 4);
    assert_eq!(report.lasting().count(), 1);
}

#[tokio::test]
async fn of_two_runs_at_once_one_makes_the_calls() {
    let scene = scene(5);
    let (one, other) = (scene.process(), scene.process());
    let mut second = run_of(&other, settings(), 60);
    second.owner = "another".to_owned();
    let first = run_of(&one, settings(), 60);
    let (first, second) = tokio::join!(first.run(None), second.run(None));
    let stopped = [first.unwrap().stopped, second.unwrap().stopped];
    assert!(stopped.contains(&Some(Stopped::Busy)) && stopped.contains(&None));
    assert_eq!(scene.account().enrolment.count(PUT_ALARM), 6);
}

#[tokio::test]
async fn the_nominated_group_comes_first_and_the_next_run_goes_on_where_the_last_stopped() {
    let scene = scene(30);
    let api: Vec<InstanceId> = (100..110).map(instance_id).collect();
    scene.account().add_group(&GroupName::new("zz-api"), &api);
    let group = GroupName::new("zz-api");
    run_of(&scene.process(), settings(), 7).run(Some(&group)).await.unwrap();
    let made = |scene: &Scene| scene.account().enrolment.alarms.keys().cloned().collect::<Vec<_>>();
    assert!(made(&scene).len() >= 8 && made(&scene).iter().all(|name| name.starts_with("cordon/zz-api/")));
    let cursor = scene.account().enrolment.record.cursor.clone().unwrap();
    let before = scene.account().enrolment.writes.len();
    run_of(&scene.process(), settings(), 5).run(None).await.unwrap();
    assert!(scene.account().enrolment.writes[before].2.contains(cursor.instance.as_str()));
    enrol(&scene).await;
    assert_eq!(made(&scene).len(), 42);
}

#[tokio::test]
async fn a_throttled_account_slows_a_run_down_and_the_next_goes_on() {
    let scene = scene(20);
    // Somebody else uses most of the rate.
    scene.account().enrolment.rates.insert(PUT_ALARM, 1);
    let mut runs = 0;
    while !enrolled(&scene, 0..20) {
        runs += 1;
        assert!(runs < 20);
        let report = run_of(&scene.process(), settings(), 15).run(None).await.unwrap();
        assert!(report.failures.is_empty());
        scene.pass(Duration::seconds(1));
    }
    assert!(runs > 1);
    assert_eq!(scene.account().enrolment.count(PUT_ALARM), 21);
}

#[tokio::test]
async fn one_read_that_fails_changes_nothing() {
    for operation in [
        "autoscaling:DescribeAutoScalingGroups",
        "ec2:DescribeInstances",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:DescribeAnomalyDetectors",
        "ec2:DescribeSecurityGroups",
        "dynamodb:BatchGetItem",
        "cloudwatch:ListTagsForResource",
    ] {
        let scene = changing_scene().await;
        let process = scene.process();
        process.faults.fail(operation, ErrorKind::Denied, 1);
        assert!(run_of(&process, settings(), 60).run(None).await.is_err(), "{operation}");
        assert!(scene.account().enrolment.writes.is_empty(), "{operation}");
        assert_eq!(scene.account().enrolment.lease, None, "{operation}");
    }
}

#[tokio::test]
async fn where_it_is_asked_for_detailed_monitoring_is_on_before_an_alarm_counts_on_it() {
    let scene = scene(2);
    let wanted = || Settings { detailed_monitoring: true, ..settings() };
    let process = scene.process();
    process.faults.fail("ec2:MonitorInstances", ErrorKind::Denied, 1);
    let report = run_of(&process, wanted(), 60).run(None).await.unwrap();
    assert!(enrolled(&scene, []) && report.lasting().count() == 1);
    run_of(&scene.process(), wanted(), 60).run(None).await.unwrap();
    let account = scene.account();
    assert_eq!(account.enrolment.detailed.len(), 2);
    let of_instances = account.enrolment.alarms.iter().filter(|(name, _)| *name != FLEET);
    assert!(of_instances.into_iter().all(|(_, alarm)| alarm.shape.as_ref().unwrap().period == 60));
}
