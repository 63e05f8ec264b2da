//! Deployments and changes of scale around an alarm.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

mod support;

use containment::refusal::Refusal;
use engine::EngineError;
use ports::{ErrorKind, Refresh};
use support::*;
use testkit::{Scene, instance_id};
use time::Duration;

/// Whether the first instance's attack is isolated, and what is told where it is not.
async fn isolated(scene: &Scene) -> Result<(), Refusal> {
    deliver(scene, &scene.signal(&first())).await.unwrap();
    incident(scene, &first()).judged.unwrap().allows()
}

fn is_recent_event(told: Result<(), Refusal>) -> bool {
    told.is_err_and(|refusal| refusal.pages() && refusal.to_string().contains("a deployment or change of scale was"))
}

#[tokio::test]
async fn a_deployment_under_way_or_within_the_hour_isolates_nobody_and_pages() {
    for (ended_ago, quiet) in [(None, true), (Some(50), true), (Some(70), false)] {
        let scene = Scene::fleet(6);
        let now = scene.account().now;
        let ended_at = ended_ago.map(|minutes| now - Duration::minutes(minutes));
        scene.account().refresh = Some(Refresh { ended_at });
        assert_eq!(is_recent_event(isolated(&scene).await), quiet, "{ended_ago:?}");
    }
}

#[tokio::test]
async fn a_change_of_scale_within_the_hour_isolates_nobody_and_a_step_of_an_autoscaler_is_none() {
    for (before, ago, quiet) in [(3, 30, true), (12, 30, true), (4, 30, false), (7, 30, false), (3, 90, false)] {
        let scene = Scene::fleet(6);
        let now = scene.account().now;
        scene.account().scaled = Some((now - Duration::minutes(ago), before));
        assert_eq!(is_recent_event(isolated(&scene).await), quiet, "{before} instances {ago} minutes ago");
    }
}

#[tokio::test]
async fn a_member_that_cordon_replaced_shields_nobody_in_a_small_group() {
    for (size, before) in [(2, 1), (3, 2), (2, 3)] {
        let scene = Scene::fleet(size);
        let now = scene.account().now;
        scene.account().scaled = Some((now - Duration::minutes(20), before));
        isolated(&scene).await.unwrap();
    }
    let scene = Scene::fleet(4);
    for number in [1, 2] {
        deliver(&scene, &scene.alarm(&instance_id(number))).await.unwrap();
    }
    let now = scene.account().now;
    scene.account().scaled = Some((now - Duration::minutes(20), 4));
    scene.account().surging = [first()].into();
    isolated(&scene).await.unwrap();
}

#[tokio::test]
async fn a_deployment_that_cannot_be_read_is_read_again_and_decides_nothing() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.fail("autoscaling:DescribeInstanceRefreshes", ErrorKind::Denied, 9);
    let outcome = engine(&process, settings()).handle(&scene.signal(&first())).await;
    assert!(matches!(outcome, Err(EngineError::Unread(_))), "{outcome:?}");
    assert!(scene.account().incidents().is_empty() && scene.account().moves.is_empty());
}
