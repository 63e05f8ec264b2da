//! What EC2's own counts decide about an alarm that AWS confirmed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::figure::Amount;
use containment::incident::IncidentState;
use containment::refusal::Refusal;
use detection::reason::DetectorState;
use engine::EngineError;
use ports::ErrorKind;
use support::*;
use testkit::{GROUP, Scene, instance_id};

/// Why the first instance's alarm contained nobody.
async fn refused(scene: &Scene) -> Refusal {
    deliver(scene, &scene.signal(&first())).await.unwrap();
    let incident = incident(scene, &first());
    assert!(scene.account().moves.is_empty(), "nothing was touched");
    match incident.state {
        IncidentState::Refused { reason } => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn is_in_doubt(refusal: &Refusal, why: &str) -> bool {
    matches!(refusal, Refusal::InDoubt { .. }) && refusal.to_string().contains(why)
}

#[tokio::test]
async fn what_the_verdict_rests_on_is_in_the_journal() {
    let scene = Scene::fleet(6);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let judged = incident(&scene, &first()).judged.unwrap();
    assert!(judged.allows().is_ok() && judged.data_until.is_some());
    assert!(judged.reasons[0].starts_with("sent 3.0 MB/s for "), "{:?}", judged.reasons);
}

#[tokio::test]
async fn an_alarm_without_unusual_traffic_contains_nobody() {
    let scene = Scene::fleet(6);
    scene.account().surging.clear();
    let refusal = refused(&scene).await;
    assert!(matches!(refusal, Refusal::NotUnusual { .. }) && !refusal.pages(), "{refusal}");
}

#[tokio::test]
async fn a_fleet_that_surges_together_is_isolated_nowhere_and_people_are_told() {
    let scene = Scene::fleet(8);
    scene.account().surging = (0..8).map(instance_id).collect();
    let refusal = refused(&scene).await;
    assert!(is_in_doubt(&refusal, "the fleet does it") && refusal.pages(), "{refusal}");
}

#[tokio::test]
async fn a_young_instance_is_judged_by_its_peers_and_alone_by_nobody() {
    for (size, isolated) in [(8, true), (3, false)] {
        let scene = Scene::fleet(size);
        let now = scene.account().now;
        scene.account().instance(&first()).launched_at = Some(now - time::Duration::hours(2));
        deliver(&scene, &scene.signal(&first())).await.unwrap();
        let judged = incident(&scene, &first()).judged.unwrap();
        assert_eq!(judged.allows().is_ok(), isolated, "{:?}", judged.reasons);
    }
}

#[tokio::test]
async fn a_model_that_is_not_trained_isolates_nobody() {
    for state in [DetectorState::PendingTraining, DetectorState::TrainedInsufficientData, DetectorState::Unknown] {
        let scene = Scene::fleet(6);
        let signal = scene.alarm(&first());
        scene.account().alarms[0].figure.as_mut().unwrap().upper = Amount::new(1e6);
        scene.account().detector = state;
        deliver(&scene, &signal).await.unwrap();
        let judged = incident(&scene, &first()).judged.unwrap();
        assert!(judged.allows().is_err(), "{state:?}: {:?}", judged.reasons);
    }
}

#[tokio::test]
async fn a_misspelt_figure_of_a_group_isolates_nobody() {
    let scene = Scene::fleet(6);
    let group = containment::ids::GroupName::new(GROUP);
    let tag = ("cordon:detect-flor".to_owned(), "1".to_owned());
    scene.account().groups.get_mut(&group).unwrap().tags.extend([tag]);
    assert!(is_in_doubt(&refused(&scene).await, "cordon:detect-flor"));
}

#[tokio::test]
async fn traffic_that_cannot_be_read_is_read_again_and_decides_nothing() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.fail("cloudwatch:GetMetricData", ErrorKind::Denied, 9);
    let outcome = engine(&process, settings()).handle(&scene.signal(&first())).await;
    assert!(matches!(outcome, Err(EngineError::Unread(_))), "{outcome:?}");
    assert!(scene.account().incidents().is_empty() && scene.account().moves.is_empty());
}

#[tokio::test]
async fn what_was_not_beyond_doubt_is_contained_once_it_is_and_once() {
    let scene = Scene::fleet(6);
    scene.alarm(&first());
    scene.account().surging.clear();
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    assert!(matches!(incident(&scene, &first()).state, IncidentState::Refused { .. }));
    let look = async |scene: &Scene| engine(&scene.process(), settings()).look_again().await.unwrap();
    scene.pass(time::Duration::minutes(5));
    assert!(look(&scene).await.is_empty(), "calm traffic stays refused, and nobody is told again");
    assert_eq!(scene.account().incidents().len(), 1);
    scene.account().surging = [first()].into();
    assert_eq!(look(&scene).await.len(), 1);
    assert!(scene.account().groups_of(&first()).iter().all(|groups| groups[0].as_str() == "sg-quarantine"));
    assert!(look(&scene).await.is_empty(), "it is held by then");
    assert_eq!(scene.account().incidents().len(), 2);
}

#[tokio::test]
async fn an_alarm_whose_message_was_lost_is_found_by_the_second_look() {
    let scene = Scene::fleet(6);
    scene.alarm(&first());
    let look = async |scene: &Scene| engine(&scene.process(), settings()).look_again().await.unwrap();
    assert!(look(&scene).await.is_empty(), "its message goes first");
    scene.pass(time::Duration::minutes(2));
    assert_eq!(look(&scene).await.len(), 1);
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert!(look(&scene).await.is_empty());
}

#[tokio::test]
async fn a_group_that_only_observes_is_told_once() {
    let scene = Scene::fleet(6);
    scene.alarm(&first());
    let group = containment::ids::GroupName::new(GROUP);
    let tag = ("cordon:mode".to_owned(), "observe".to_owned());
    scene.account().groups.get_mut(&group).unwrap().tags.extend([tag]);
    scene.pass(time::Duration::minutes(2));
    for _ in 0..3 {
        engine(&scene.process(), settings()).look_again().await.unwrap();
        scene.pass(time::Duration::minutes(5));
    }
    assert_eq!(scene.account().notices.len(), 1);
    assert_eq!(incident(&scene, &first()).state, IncidentState::Observed);
}
