//! What a released incident leaves behind: a time that nobody learns from, and that nobody else can make up.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

mod support;

use containment::attack::TimeRange;
use containment::refusal::Refusal;
use engine::Enrolment;
use enrolment::{Detector, Price, Report, Settings, Training};
use ports::ErrorKind;
use signal::OperatorAction;
use support::*;
use testkit::{Process, Scene, instance_id};
use time::Duration;

const PUT_DETECTOR: &str = "cloudwatch:PutAnomalyDetector";

fn run_of(process: &Process) -> Enrolment {
    let ports = process.enrolment_ports();
    let now = ports.clock.now();
    let settings = Settings {
        metrics: vec!["NetworkOut".parse().unwrap()],
        width: "3".parse().unwrap(),
        datapoints: 3,
        periods: 3,
        topic: "arn:aws:sns:eu-west-1:123456789012:cordon-alarms".to_owned(),
        quota: 500,
        detailed_monitoring: false,
        price: Price::LIST,
    };
    Enrolment { ports, settings, owner: format!("run at {now}"), deadline: now + Duration::seconds(60) }
}

async fn enrol(scene: &Scene) -> Report {
    run_of(&scene.process()).run(None).await.unwrap()
}

fn detector() -> Detector {
    Detector { instance: first(), metric: "NetworkOut".parse().unwrap() }
}

fn excluded(scene: &Scene) -> Vec<TimeRange> {
    let trained = scene.account().enrolment.trained.get(&detector()).cloned().unwrap_or_default();
    trained.excluded.into_iter().collect()
}

/// The first instance was enrolled, contained and released, and is back in service; enrolment has not looked yet.
async fn released_scene(false_alarm: bool) -> Scene {
    let scene = Scene::fleet(6);
    scene.account().groups.values_mut().for_each(|group| group.max = 9);
    enrol(&scene).await;
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    enrol(&scene).await;
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert_eq!(excluded(&scene), [], "not while it is held");
    let action = OperatorAction::Release {
        incident: incident(&scene, &first()).id.to_string(),
        accept_drift: false,
        false_alarm,
    };
    for _ in 0..9 {
        let _ = operate_release(&scene, action.clone()).await;
        scene.pass(Duration::minutes(2));
    }
    assert_eq!(incident(&scene, &first()).state.name(), "Released");
    scene.account().surging.clear();
    scene
}

async fn operate_release(scene: &Scene, action: OperatorAction) -> Result<engine::Outcome, engine::EngineError> {
    let request = ask(scene, ALICE, action);
    engine(&scene.process(), settings()).release(&request).await
}

#[tokio::test]
async fn a_released_attack_is_excluded_from_the_instances_model_and_a_false_alarm_is_not() {
    for false_alarm in [false, true] {
        let scene = released_scene(false_alarm).await;
        enrol(&scene).await;
        let incident = incident(&scene, &first());
        assert_eq!(excluded(&scene), incident.attack().into_iter().collect::<Vec<_>>());
        assert_eq!(incident.attack().is_none(), false_alarm);
        assert!(scene.account().enrolment.alarms.values().all(|alarm| alarm.actions_enabled));
        let puts = scene.account().enrolment.count(PUT_DETECTOR);
        enrol(&scene).await;
        assert_eq!(scene.account().enrolment.count(PUT_DETECTOR), puts, "once is enough");
    }
}

#[tokio::test]
async fn an_attack_that_could_not_be_excluded_is_excluded_by_a_later_run_and_until_then_the_alarm_stays_off() {
    let scene = released_scene(false).await;
    let process = scene.process();
    process.faults.fail(PUT_DETECTOR, ErrorKind::Transient, 1);
    run_of(&process).run(None).await.unwrap();
    let is_on = |scene: &Scene| {
        let name = format!("cordon/{}/{}/NetworkOut", testkit::GROUP, first());
        scene.account().enrolment.alarms[&name].actions_enabled
    };
    assert!(excluded(&scene).is_empty() && !is_on(&scene));
    enrol(&scene).await;
    assert!(!excluded(&scene).is_empty() && is_on(&scene));
}

#[tokio::test]
async fn what_people_excluded_and_set_stays() {
    let scene = released_scene(false).await;
    let theirs = TimeRange { from_s: 1_789_000_000 / 60 * 60, until_s: 1_789_000_000 / 60 * 60 + 7200 };
    let training = Training {
        excluded: [theirs].into(),
        time_zone: Some("Europe/Zurich".to_owned()),
        periodic_spikes: Some(true),
    };
    scene.account().enrolment.trained.insert(detector(), training.clone());
    enrol(&scene).await;
    let trained = scene.account().enrolment.trained[&detector()].clone();
    assert!(trained.excluded.contains(&theirs) && trained.excluded.len() == 2);
    assert_eq!(Training { excluded: training.excluded.clone(), ..trained }, training);
}

#[tokio::test]
async fn a_detector_that_is_made_anew_does_not_learn_the_attack_either() {
    let scene = released_scene(false).await;
    enrol(&scene).await;
    let before = excluded(&scene);
    scene.account().enrolment.detectors.remove(&detector());
    scene.account().enrolment.trained.clear();
    enrol(&scene).await;
    assert!(!before.is_empty());
    assert_eq!(excluded(&scene), before);
}

/// The first instance surges as it did two days before.
fn surged_before(scene: &Scene) -> TimeRange {
    let now_s = scene.account().now.unix_timestamp();
    let before = TimeRange { from_s: now_s - 48 * 3600, until_s: now_s - 46 * 3600 };
    scene.account().surged.push((first(), before));
    before
}

#[tokio::test]
async fn an_attack_that_was_released_is_not_seen_before() {
    let scene = Scene::fleet(6);
    let before = surged_before(&scene);
    scene.account().attacks(&first()).insert(before);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let incident = incident(&scene, &first());
    assert!(incident.judged.as_ref().unwrap().allows().is_ok(), "{:?}", incident.judged);
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert!(scene.account().attacks(&first()).contains(&before), "the commit keeps it on record");
}

#[tokio::test]
async fn ranges_that_somebody_else_excluded_make_nothing_new() {
    let scene = Scene::fleet(6);
    surged_before(&scene);
    let now_s = scene.account().now.unix_timestamp();
    let all = TimeRange { from_s: now_s - 14 * 86_400, until_s: now_s - 3600 };
    let training = Training { excluded: [all].into(), ..Training::default() };
    scene.account().enrolment.trained.insert(detector(), training);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let judged = incident(&scene, &first()).judged.unwrap();
    assert!(matches!(judged.allows(), Err(Refusal::NotUnusual { .. })), "{:?}", judged.reasons);
    assert!(scene.account().moves.is_empty());
}

#[tokio::test]
async fn an_attack_of_another_instance_excludes_nothing_here() {
    let scene = Scene::fleet(6);
    let before = surged_before(&scene);
    scene.account().attacks(&instance_id(1)).insert(before);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    assert!(incident(&scene, &first()).judged.unwrap().allows().is_err());
}
