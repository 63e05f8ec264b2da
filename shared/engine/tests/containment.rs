//! One alarm's way through the engine, for every kind of instance.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::authority::{Mode, StandaloneEntry};
use containment::guards::{Freeze, Guard};
use containment::ids::{GroupName, TargetGroupArn};
use containment::incident::IncidentState;
use containment::observed::{Lifecycle, PowerState, Target};
use containment::refusal::Refusal;
use containment::step::Step;
use engine::Outcome;
use ports::{ErrorKind, Severity};
use signal::AlarmState;
use support::*;
use testkit::{GROUP, Scene, instance_id};
use time::Duration;

fn refusal(outcomes: &[Outcome]) -> Refusal {
    match outcomes {
        [Outcome::Refused { reason, .. }] => reason.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn an_alarm_isolates_at_once_and_the_reconciler_sees_it_contained() {
    let scene = Scene::fleet(6);
    scene.account().add_interface(&first(), "subnet-2");
    let outcomes = deliver(&scene, &scene.signal(&first())).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Contained { state: IncidentState::Settling, isolated: true, .. }]));
    assert_eq!(scene.account().membership(&first()).unwrap().lifecycle, Lifecycle::Detaching);
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    let in_service = scene.account().groups[&GroupName::new(GROUP)].in_service().count();
    assert_eq!(in_service, 6, "a clean instance has replaced it");
    assert!(incident(&scene, &first()).severed_at.is_some());
}

#[tokio::test]
async fn reads_come_at_once_and_nothing_is_touched_before_the_commit() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    let calls = process.faults.calls();
    let first_change = calls.iter().position(|call| call.mutates).unwrap();
    assert_eq!(calls[first_change].operation, "dynamodb:TransactWriteItems");
    let before_stop = calls.iter().take_while(|call| call.operation != "ec2:StopInstances");
    assert!(before_stop.clone().any(|call| call.operation == "ec2:CreateSnapshots"));
    assert!(before_stop.clone().any(|call| call.operation == "autoscaling:DetachInstances"));
}

#[tokio::test]
async fn observe_records_a_plan_and_touches_nothing() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    let config = engine::Config { mode: Mode::Observe, ..settings() };
    let outcomes = engine(&process, config).handle(&scene.signal(&first())).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Observed { new: true, .. }]));
    let changes = process.faults.calls().into_iter().filter(|call| call.mutates).map(|call| call.operation);
    assert_eq!(changes.collect::<Vec<_>>(), ["dynamodb:TransactWriteItems", "sns:Publish"]);
    assert_eq!(scene.account().slots(), 0);
}

#[tokio::test]
async fn the_same_signal_again_changes_nothing_at_any_time() {
    let scene = Scene::fleet(6);
    let signal = scene.signal(&first());
    deliver(&scene, &signal).await.unwrap();
    for _ in 0..3 {
        let outcomes = deliver(&scene, &signal).await.unwrap();
        assert!(matches!(outcomes[..], [Outcome::Duplicate { .. }]), "{outcomes:?}");
        reconcile(&scene).await;
    }
    assert_contained(&scene, &first());
    assert_eq!(scene.account().snapshots.len(), 1);
    assert_eq!(scene.account().slots(), 1);
}

#[tokio::test]
async fn an_instance_that_is_held_is_not_contained_for_a_second_transition() {
    let scene = Scene::fleet(6);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    scene.pass(Duration::minutes(1));
    let again = scene.alarm(&first());
    assert!(matches!(refusal(&deliver(&scene, &again).await.unwrap()), Refusal::AlreadyContained { .. }));
}

#[tokio::test]
async fn a_refusal_is_recorded_once_and_its_page_is_sent_until_it_was() {
    let scene = Scene::fleet(6);
    scene.account().freeze(Some(Freeze { by: "ana".to_owned(), reason: "sale".to_owned(), expires_at: None }));
    let signal = scene.signal(&first());
    let process = scene.process();
    process.faults.fail("sns:Publish", ErrorKind::Throttled, 1);
    assert!(engine(&process, settings()).handle(&signal).await.is_err(), "Lambda delivers it again");
    let outcomes = deliver(&scene, &signal).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Refused { new: false, .. }]), "{outcomes:?}");
    let account = scene.account();
    assert_eq!(account.incidents().len(), 1);
    assert_eq!(account.notices.iter().map(|notice| notice.severity).collect::<Vec<_>>(), [Severity::Page]);
}

#[tokio::test]
async fn a_read_that_lags_behind_the_message_does_not_turn_it_away() {
    let scene = Scene::fleet(6);
    let signal = scene.signal(&first());
    scene.account().alarms[0].state = AlarmState::Ok;
    let process = scene.process();
    let run = engine(&process, settings());
    let mut handling = Box::pin(run.handle(&signal));
    while process.faults.calls().iter().filter(|call| call.operation == "cloudwatch:DescribeAlarms").count() < 3 {
        assert!(futures::poll!(&mut handling).is_pending());
    }
    scene.account().alarms[0].state = AlarmState::Alarm;
    assert!(matches!(handling.await.unwrap()[..], [Outcome::Contained { .. }]));
}

#[tokio::test]
async fn a_forged_signal_is_recorded_under_an_id_of_its_own() {
    let scene = Scene::fleet(6);
    let signal = scene.signal(&first());
    scene.account().alarms[0].state = AlarmState::Ok;
    assert!(matches!(refusal(&deliver(&scene, &signal).await.unwrap()), Refusal::NotInAlarm { .. }));
    assert!(incident(&scene, &first()).id.as_str().starts_with("ref-"));
    scene.account().alarms[0].state = AlarmState::Alarm;
    let outcomes = deliver(&scene, &signal).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Contained { .. }]), "the forgery does not stand in the way of the truth");
}

#[tokio::test]
async fn ok_and_insufficient_data_read_nothing() {
    let scene = Scene::fleet(6);
    for to in [AlarmState::Ok, AlarmState::InsufficientData] {
        let mut signal = scene.signal(&first());
        signal.transition.to = to;
        let process = scene.process();
        engine(&process, settings()).handle(&signal).await.unwrap();
        assert_eq!(process.faults.calls(), []);
    }
}

#[tokio::test]
async fn a_standalone_instance_on_the_list_is_contained() {
    let scene = Scene::fleet(6);
    scene.account().groups.clear();
    let entry = StandaloneEntry { mode: Some(Mode::Enforce), protected: false, drills_allowed: false };
    scene.account().list_standalone(&first(), entry);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    assert_contained(&scene, &first());
}

#[tokio::test]
async fn a_member_in_standby_is_detached_and_contained() {
    let scene = Scene::fleet(6);
    scene.account().set_lifecycle(&first(), Lifecycle::Standby);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    assert_contained(&scene, &first());
}

#[tokio::test]
async fn a_pending_member_is_isolated_at_once_and_stopped_when_its_group_lets_go() {
    let scene = Scene::fleet(6);
    scene.account().set_lifecycle(&first(), Lifecycle::Pending);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let isolated = incident(&scene, &first());
    assert!(isolated.isolated_at.is_some());
    assert_eq!(scene.account().instance(&first()).state, PowerState::Running);
    scene.account().set_lifecycle(&first(), Lifecycle::InService);
    reconcile(&scene).await;
    assert_contained(&scene, &first());
}

#[tokio::test]
async fn a_terminating_member_is_isolated_and_its_volumes_are_kept() {
    let scene = Scene::fleet(6);
    scene.account().set_lifecycle(&first(), Lifecycle::Terminating);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    assert!(!scene.account().instance(&first()).volumes[0].delete_on_termination);
    scene.account().instance(&first()).state = PowerState::Terminated;
    reconcile(&scene).await;
    assert_eq!(incident(&scene, &first()).state, IncidentState::Contained);
    assert_eq!(scene.account().snapshots.len(), 1);
}

#[tokio::test]
async fn instances_that_cannot_be_stopped_end_partial_isolated_and_said() {
    for unstoppable in ["warm pool", "spot", "instance store"] {
        let scene = Scene::fleet(6);
        match unstoppable {
            "warm pool" => scene.account().set_lifecycle(&first(), Lifecycle::Warmed),
            "spot" => scene.account().instance(&first()).spot = true,
            _ => scene.account().instance(&first()).root_is_instance_store = true,
        }
        deliver(&scene, &scene.signal(&first())).await.unwrap();
        reconcile(&scene).await;
        let incident = incident(&scene, &first());
        let IncidentState::Partial { steps } = &incident.state else { panic!("{unstoppable}: {:?}", incident.state) };
        assert!(steps.contains(&Step::StopInstance), "{unstoppable}");
        assert!(!incident.is_open() && incident.isolated_at.is_some(), "{unstoppable}: {:#?}", incident.steps);
        assert_eq!(scene.account().lost_volumes, []);
        assert!(scene.account().notices.iter().any(|notice| notice.severity == Severity::Page), "{unstoppable}");
    }
}

#[tokio::test]
async fn stop_protection_is_cleared_and_recorded() {
    let scene = Scene::fleet(6);
    scene.account().protection(&first()).stop = true;
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert!(incident(&scene, &first()).prior.unwrap().protection.stop, "a release can set it again");
}

#[tokio::test]
async fn foreign_target_groups_are_left_and_their_registrations_are_on_record() {
    let scene = Scene::fleet(6);
    let arn = TargetGroupArn::new("tg-foreign");
    let target = Target { group: arn.clone(), id: first().to_string(), port: Some(443), draining: false };
    let other = Target { id: instance_id(1).to_string(), ..target.clone() };
    scene.account().target_groups.insert(arn.clone(), vec![target.clone(), other.clone()]);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    assert_eq!(incident(&scene, &first()).prior.unwrap().targets.unwrap(), [target]);
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert_eq!(scene.account().target_groups[&arn], [other]);
}

#[tokio::test]
async fn a_missing_quarantine_group_is_made_and_an_open_one_is_emptied_first() {
    for prepare in ["missing", "open"] {
        let scene = Scene::fleet(6);
        match prepare {
            "missing" => scene.account().security_groups.clear(),
            _ => scene.account().security_groups[0].ingress_rules = 3,
        }
        deliver(&scene, &scene.signal(&first())).await.unwrap();
        assert!(incident(&scene, &first()).isolated_at.is_some(), "{prepare}");
        assert!(scene.account().security_groups.iter().all(|group| group.is_empty()), "{prepare}");
    }
}

#[tokio::test]
async fn a_squatted_quarantine_group_is_never_used_and_the_instance_is_stopped() {
    let scene = Scene::fleet(6);
    scene.account().security_groups[0].tagged = false;
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    assert_eq!(scene.account().groups_of(&first())[0][0].as_str(), "sg-service");
    let incident = incident(&scene, &first());
    assert!(matches!(&incident.state, IncidentState::Partial { steps } if steps.contains(&Step::QuarantineNetwork)));
    assert_eq!(scene.account().instance(&first()).state, PowerState::Stopping);
}

#[tokio::test]
async fn a_managed_interface_is_left_and_said() {
    let scene = Scene::fleet(6);
    scene.account().interfaces[0].1.managed_by = Some("amazon-elb".to_owned());
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    let incident = incident(&scene, &first());
    assert!(matches!(&incident.state, IncidentState::Partial { steps } if steps == &[Step::QuarantineNetwork]));
    assert!(incident.plan.warnings.iter().any(|warning| warning.contains("amazon-elb")));
}

#[tokio::test]
async fn an_interface_attached_meanwhile_is_quarantined_with_its_prior_groups_on_record() {
    let scene = Scene::fleet(6);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let attached = scene.account().add_interface(&first(), "subnet-9");
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    let prior = incident(&scene, &first()).prior.unwrap().interfaces;
    let known = prior.iter().find(|interface| interface.id == attached).unwrap();
    assert_eq!(known.groups[0].as_str(), "sg-service");
}

#[tokio::test]
async fn a_role_that_is_not_listed_loses_its_profile_instead() {
    let scene = Scene::fleet(6);
    scene.account().roles_are_listed = false;
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    assert!(!scene.account().has_profile(&first()));
    let detail = incident(&scene, &first()).steps[&Step::RevokeCredentials].detail.clone().unwrap();
    assert!(detail.contains("stay valid"), "{detail}");
}

#[tokio::test]
async fn a_hint_that_names_another_group_is_not_believed() {
    let scene = Scene::fleet(6);
    {
        let mut account = scene.account();
        let mut group = account.groups.remove(&GroupName::new(GROUP)).unwrap();
        group.name = GroupName::new("real");
        group.tags.insert("cordon:protected".to_owned(), "true".to_owned());
        account.groups.insert(group.name.clone(), group);
    }
    let reason = refusal(&deliver(&scene, &scene.signal(&first())).await.unwrap());
    assert!(matches!(reason, Refusal::Guarded { guard: Guard::Protected, .. }), "{reason}");
}

#[tokio::test]
async fn a_fleet_event_contains_nobody() {
    let scene = Scene::fleet(6);
    let signals: Vec<_> = (0..6).map(|number| scene.alarm(&instance_id(number))).collect();
    for (number, signal) in signals.iter().enumerate() {
        // Each is unusual by itself: only that all alarm at once speaks for an event of the fleet.
        scene.account().surging = [instance_id(number)].into();
        let reason = refusal(&deliver(&scene, signal).await.unwrap());
        assert!(matches!(reason, Refusal::Guarded { guard: Guard::FleetEvent, .. }), "{reason}");
    }
    assert_eq!(scene.account().slots(), 0);
}
