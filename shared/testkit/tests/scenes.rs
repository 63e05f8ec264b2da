//! What a scene's alarms send is what AWS confirms, and what the deployment may act on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected should stop at once"
)]

mod support;

use containment::authority::{Mode, of_group};
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, seal};
use containment::observed::Protection;
use containment::prior::PriorState;
use containment::refusal::Refusal;
use containment::revocation::policy_name;
use containment::verify::{AlarmEvidence, VerifiedAlarm, verify};
use ports::{Journal, Revocation};
use signal::AlarmSignal;
use support::opening;
use testkit::{PROFILE, START, Scene};
use time::Duration;

async fn verified(scene: &Scene, signal: &AlarmSignal, drills_allowed: bool) -> Result<VerifiedAlarm, Refusal> {
    let alarms = scene.ports().alarms;
    let children = signal.triggering_children.iter();
    let names: Vec<String> =
        std::iter::once(&signal.alarm).chain(children).map(|alarm| alarm.name().to_owned()).collect();
    let evidence = AlarmEvidence {
        alarms: alarms.describe(&names).await.unwrap(),
        contributors: alarms.contributors(&names[0]).await.unwrap(),
        history: alarms.history(&names[0], START, START + Duration::hours(1)).await.unwrap(),
    };
    let mut deployment = scene.deployment.clone();
    deployment.drills_allowed = drills_allowed;
    verify(signal, &signal.nominated[0], &evidence, &deployment)
}

#[tokio::test]
async fn every_kind_of_signal_of_a_scene_is_confirmed() {
    let scene = Scene::fleet(3);
    let second = &scene.instances[1];
    for signal in [
        scene.signal_for(scene.first()),
        scene.alarm(second),
        scene.composite_alarm(second),
        scene.multi_series_alarm(second),
    ] {
        let confirmed = verified(&scene, &signal, false).await.unwrap();
        assert_eq!((confirmed.transitioned_at, confirmed.drill), (signal.transition.at, false), "{}", signal.alarm);
    }
    let alone = Scene::standalone();
    assert!(verified(&alone, &alone.signal_for(alone.first()), false).await.is_ok());
}

#[tokio::test]
async fn an_alarm_in_ok_and_a_drill_that_nobody_allowed_are_refused() {
    let scene = Scene::fleet(3);
    let calm = scene.signal_for(&scene.instances[1]);
    assert!(matches!(verified(&scene, &calm, false).await, Err(Refusal::NotInAlarm { .. })));
    let drill = scene.drill(&scene.instances[2]);
    assert!(matches!(verified(&scene, &drill, false).await, Err(Refusal::DrillNotAllowed { .. })));
    assert!(verified(&scene, &drill, true).await.unwrap().drill);
}

#[tokio::test]
async fn a_fleet_is_opted_in_to_enforce() {
    let scene = Scene::fleet(2);
    let group = scene.cloud.group(scene.group.as_ref().unwrap());
    assert_eq!(of_group(&group).unwrap().mode, Mode::Enforce);
    assert_eq!(group.in_service().count(), 2);
}

#[tokio::test]
async fn two_interfaces_are_in_different_groups_of_one_vpc() {
    let scene = Scene::two_interfaces();
    let interfaces = scene.ports().network.interfaces(scene.first()).await.unwrap();
    assert_eq!(interfaces.len(), 2);
    assert_eq!(interfaces[0].vpc, interfaces[1].vpc);
    assert_ne!(interfaces[0].groups, interfaces[1].groups);
}

#[tokio::test]
async fn credentials_are_revoked_only_where_the_role_is_listed() {
    for listed in [true, false] {
        let scene = Scene::standalone();
        scene.cloud.world(|world| world.roles.get_mut(PROFILE).unwrap().listed = listed);
        let instance = scene.cloud.instance(scene.first()).unwrap();
        let mut opening = opening(1, IncidentState::Committed);
        opening.instance = Some(instance.id.clone());
        opening.prior = Some(PriorState::of(&instance, &[], Protection::default(), None, None));
        let incident = Incident::opened(&opening, START);
        let body = EventBody::Opened(Box::new(opening));
        let (event, head) = seal(&incident.id, &Head::start(), START, "one", body).unwrap();
        scene.cloud.record(&incident, &event, &head).await.unwrap();

        let answer = scene.ports().credentials.revoke(&incident.id).await.unwrap();
        let policy = scene.cloud.roles().inline_policy("web", &policy_name(&incident.id)).await.unwrap();
        assert_eq!(matches!(answer, Revocation::Revoked { .. }), listed);
        assert_eq!(policy.is_some_and(|policy| policy.contains(instance.id.as_str())), listed);
    }
}
