//! What a release brings back, in which order, and when it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::ids::{GroupName, SecurityGroupId, TargetGroupArn, VpcId};
use containment::incident::IncidentState;
use containment::observed::{Lifecycle, PowerState, Protection, Target};
use containment::release::ReleaseRefusal;
use containment::step::Step;
use engine::{EngineError, Outcome};
use signal::OperatorAction;
use support::*;
use testkit::{Fault, GROUP, Scene};
use time::Duration;

async fn release(scene: &Scene, accept_drift: bool) -> Outcome {
    engine(&scene.process(), settings()).release(&release_of(scene, accept_drift)).await.unwrap()
}

fn refusal(outcome: Outcome) -> ReleaseRefusal {
    match outcome {
        Outcome::ReleaseRefused { reason, .. } => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn assert_released(scene: &Scene) {
    let incident = incident(scene, &first());
    assert_eq!(incident.state, IncidentState::Released, "{:#?}", incident.release);
    assert!(incident.release.as_ref().unwrap().released_at.is_some());
    let mut account = scene.account();
    assert!(account.groups_of(&first()).iter().all(|groups| *groups == [SecurityGroupId::new("sg-service")]));
    assert_eq!(account.instance(&first()).state, PowerState::Running);
    assert!(account.membership(&first()).is_some());
    assert!(account.instance(&first()).volumes.iter().all(|volume| volume.delete_on_termination));
    assert_eq!(*account.protection(&first()), Protection::default());
    assert!(account.instance(&first()).tags.is_empty());
    assert!(account.revoked.is_empty() && account.has_profile(&first()));
    let (events, head) = account.journal(&incident.id);
    assert_eq!(containment::journal::replay(events, &head).unwrap(), incident);
}

#[tokio::test]
async fn a_release_brings_back_what_the_containment_took() {
    let scene = contained_scene().await;
    let outcome = release(&scene, false).await;
    assert!(matches!(outcome, Outcome::Released { state: IncidentState::Released, .. }), "{outcome:?}");
    assert_released(&scene);
    let release = incident(&scene, &first()).release.unwrap();
    assert_eq!((release.by.arn.as_str(), release.reason.as_str()), (ALICE, "case 4711"));
    scene.pass(Duration::minutes(5));
    assert_eq!(scene.account().membership(&first()).unwrap().lifecycle, Lifecycle::InService);
}

#[tokio::test]
async fn the_network_opens_before_the_start_and_load_balancers_come_last() {
    let scene = Scene::fleet(6);
    let foreign = TargetGroupArn::new("arn:tg/foreign");
    let target = Target { group: foreign.clone(), id: first().to_string(), port: Some(80), draining: false };
    scene.account().target_groups.insert(foreign.clone(), vec![target.clone()]);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    let process = scene.process();
    engine(&process, settings()).release(&release_of(&scene, false)).await.unwrap();
    let calls = process.faults.calls();
    let at = |operation: &str| {
        calls.iter().position(|call| call.operation == operation).unwrap_or_else(|| panic!("{operation}"))
    };
    let order = [
        "lambda:InvokeFunction",
        "ec2:ModifyNetworkInterfaceAttribute",
        "ec2:StartInstances",
        "autoscaling:AttachInstances",
        "elasticloadbalancing:RegisterTargets",
        "ec2:ModifyInstanceAttribute",
        "ec2:DeleteTags",
    ];
    assert!(order.is_sorted_by_key(|operation| at(operation)), "{calls:?}");
    assert_eq!(scene.account().target_groups[&foreign], [target]);
}

#[tokio::test]
async fn a_released_instance_can_be_contained_again() {
    let scene = contained_scene().await;
    release(&scene, false).await;
    scene.pass(Duration::hours(2));
    deliver(&scene, &scene.alarm(&first())).await.unwrap();
    reconcile(&scene).await;
    let contained = |account: &testkit::Account| {
        account.incidents().iter().filter(|incident| incident.state == IncidentState::Contained).count()
    };
    assert_eq!(contained(&scene.account()), 1);
}

#[tokio::test]
async fn release_refuses_when_security_groups_changed_since_containment() {
    let scene = contained_scene().await;
    scene.account().interfaces[0].1.groups.push(SecurityGroupId::new("sg-service-2"));
    let ReleaseRefusal::Drifted { differences } = refusal(release(&scene, false).await) else { panic!("not drift") };
    assert_eq!(differences.len(), 1);
    assert!(differences[0].to_string().contains("sg-service-2"), "{}", differences[0]);
    assert_eq!(incident(&scene, &first()).state, IncidentState::Contained);
    release(&scene, true).await;
    assert_released(&scene);
    let accepted = incident(&scene, &first()).release.unwrap().plan.accepted;
    assert_eq!(accepted, differences, "what was accepted is in the journal");
}

#[tokio::test]
async fn a_false_alarm_stays_one_when_its_release_is_gone_on_with() {
    let scene = contained_scene().await;
    let OperatorAction::Release { incident: id, .. } = release_of(&scene, false).action else { panic!("no release") };
    scene.account().fail_starts(&first(), Some("Client.InternalError: Client error on launch"));
    for false_alarm in [true, false] {
        let action = OperatorAction::Release { incident: id.clone(), accept_drift: false, false_alarm };
        engine(&scene.process(), settings()).release(&ask(&scene, ALICE, action)).await.unwrap();
    }
    assert!(incident(&scene, &first()).false_alarm);
    let month = scene.account().now.date().replace_day(1).unwrap();
    let listed = scene.process().ports().journal.opened_in(month, 9).await.unwrap();
    assert!(listed.iter().all(|incident| incident.false_alarm) && !listed.is_empty());
}

#[tokio::test]
async fn rules_in_the_quarantine_group_are_drift_in_its_own_vpc_alone() {
    let scene = contained_scene().await;
    let mut elsewhere = scene.account().security_groups[0].clone();
    (elsewhere.id, elsewhere.vpc, elsewhere.egress_rules) =
        (SecurityGroupId::new("sg-made"), VpcId::new("vpc-other"), 1);
    scene.account().security_groups.push(elsewhere);
    scene.account().security_groups[0].egress_rules = 1;
    let ReleaseRefusal::Drifted { differences } = refusal(release(&scene, false).await) else { panic!("not drift") };
    assert!(differences.iter().any(|difference| difference.to_string().contains("sg-quarantine")), "{differences:?}");
    assert!(!differences.iter().any(|difference| difference.to_string().contains("sg-made")), "{differences:?}");
    scene.account().security_groups[0].egress_rules = 0;
    release(&scene, false).await;
    assert_released(&scene);
}

#[tokio::test]
async fn release_refuses_an_instance_that_somebody_started_or_gave_another_interface_or_volume() {
    type Touch = fn(&Scene);
    let touches: [(Touch, &str); 4] = [
        (|scene| scene.account().instance(&first()).state = PowerState::Running, "power"),
        (|scene| drop(scene.account().add_interface(&first(), "subnet-3")), "interface"),
        (|scene| scene.account().instance(&first()).volumes.clear(), "volume"),
        (|scene| scene.account().security_groups[0].ingress_rules = 1, "quarantine group"),
    ];
    for (touch, what) in touches {
        let scene = contained_scene().await;
        touch(&scene);
        match refusal(release(&scene, false).await) {
            ReleaseRefusal::Drifted { differences } => {
                assert!(differences.iter().any(|difference| difference.what.contains(what)), "{what}: {differences:?}");
            }
            other => panic!("{what}: {other}"),
        }
    }
}

#[tokio::test]
async fn release_refuses_what_cannot_be_released() {
    let scene = contained_scene().await;
    scene.account().groups.get_mut(&GroupName::new(GROUP)).unwrap().max = 6;
    assert!(matches!(refusal(release(&scene, false).await), ReleaseRefusal::GroupFull { desired: 6, max: 6, .. }));
    scene.account().groups.clear();
    assert!(matches!(refusal(release(&scene, false).await), ReleaseRefusal::GroupGone { .. }));
    scene.account().instance(&first()).state = PowerState::Terminated;
    assert_eq!(refusal(release(&scene, true).await), ReleaseRefusal::InstanceGone);

    let scene = contained_scene().await;
    scene.account().instance(&first()).tags.clear();
    assert!(matches!(refusal(release(&scene, true).await), ReleaseRefusal::Untagged { .. }));

    let scene = Scene::fleet(6);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let stopping = refusal(release(&scene, true).await);
    assert_eq!(stopping, ReleaseRefusal::StillStopping);
    reconcile(&scene).await;
    release(&scene, false).await;
    assert_eq!(refusal(release(&scene, false).await), ReleaseRefusal::AlreadyReleased);
}

#[tokio::test]
async fn a_group_that_is_gone_is_given_up_only_if_the_operator_accepts() {
    let scene = contained_scene().await;
    scene.account().groups.clear();
    release(&scene, true).await;
    let incident = incident(&scene, &first());
    assert_eq!(incident.state, IncidentState::Released);
    assert!(incident.release.unwrap().plan.not_needed.iter().any(|omission| omission.step == Step::DetachFromGroup));
    assert_eq!(scene.account().instance(&first()).state, PowerState::Running);
}

/// The instance's one interface was in two groups before.
async fn contained_from_two_groups(deleted: &[&str]) -> Scene {
    let scene = Scene::fleet(6);
    scene.account().interfaces[0].1.groups = ["sg-service", "sg-service-2"].map(SecurityGroupId::new).to_vec();
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    scene.account().deleted_groups = deleted.iter().copied().map(SecurityGroupId::new).collect();
    scene
}

#[tokio::test]
async fn a_deleted_security_group_is_left_out_only_if_the_operator_accepts() {
    let scene = contained_from_two_groups(&["sg-service-2"]).await;
    let ReleaseRefusal::Drifted { differences } = refusal(release(&scene, false).await) else { panic!("no drift") };
    assert_eq!(differences[0].to_string(), "former security group sg-service-2: left there, found deleted");
    release(&scene, true).await;
    assert_released(&scene);
}

#[tokio::test]
async fn an_interface_without_any_former_group_stays_in_quarantine_until_a_person_moves_it() {
    let scene = contained_from_two_groups(&["sg-service", "sg-service-2"]).await;
    let Outcome::Released { release: Some(record), .. } = release(&scene, true).await else { panic!("refused") };
    assert!(format!("{:?}", record.undone[&Step::QuarantineNetwork]).contains("--groups GROUP"));
    let incident_before = incident(&scene, &first());
    assert!(matches!(incident_before.state, IncidentState::ReleasePartial { .. }));
    assert_eq!(scene.account().instance(&first()).state, PowerState::Stopped);
    let chosen = vec![SecurityGroupId::new("sg-quarantine"), SecurityGroupId::new("sg-service-3")];
    scene.account().interfaces[0].1.groups = chosen.clone();
    release(&scene, true).await;
    assert_eq!(scene.account().instance(&first()).state, PowerState::Stopped, "still partly in quarantine");
    scene.account().interfaces[0].1.groups = chosen[1..].to_vec();
    release(&scene, true).await;
    assert_eq!(incident(&scene, &first()).state, IncidentState::Released);
    assert_eq!(scene.account().groups_of(&first())[0], chosen[1..]);
}

#[tokio::test]
async fn a_deleted_target_group_holds_up_no_release_and_is_named() {
    let scene = Scene::fleet(6);
    let [kept, deleted] = ["arn:tg/kept", "arn:tg/deleted"].map(TargetGroupArn::new);
    let target = |group: &TargetGroupArn| Target {
        group: group.clone(),
        id: first().to_string(),
        port: Some(80),
        draining: false,
    };
    for group in [&kept, &deleted] {
        scene.account().target_groups.insert(group.clone(), vec![target(group)]);
    }
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    scene.account().target_groups.remove(&deleted);
    release(&scene, false).await;
    assert_released(&scene);
    let undone = format!("{:?}", incident(&scene, &first()).release.unwrap().undone[&Step::DeregisterTargets]);
    assert!(undone.contains("1 registrations; deleted meanwhile: arn:tg/deleted"), "{undone}");
    assert!(!scene.account().target_groups[&kept][0].draining);
}

#[tokio::test]
async fn a_start_that_falls_back_is_explained_and_can_be_released_again() {
    let scene = contained_scene().await;
    scene.account().fail_starts(&first(), Some("Client.InternalError: Client error on launch"));
    let Outcome::Released { state, release: Some(record), .. } = release(&scene, false).await else {
        panic!("refused")
    };
    let left = vec![Step::StopInstance, Step::DetachFromGroup, Step::ProtectEvidence, Step::TagInstance];
    assert_eq!(state, IncidentState::ReleasePartial { steps: left });
    assert!(format!("{:?}", record.undone[&Step::StopInstance]).contains("kms:CreateGrant"));
    assert!(scene.account().membership(&first()).is_none());
    scene.account().fail_starts(&first(), None);
    release(&scene, false).await;
    assert_released(&scene);
}

#[tokio::test]
async fn what_an_earlier_attempt_restored_is_looked_at_again() {
    let scene = contained_scene().await;
    scene.account().fail_starts(&first(), Some("Client.InternalError: Client error on launch"));
    release(&scene, false).await;
    scene.account().interfaces[0].1.groups = vec![SecurityGroupId::new("sg-quarantine")];
    scene.account().fail_starts(&first(), None);
    release(&scene, false).await;
    assert_released(&scene);
}

#[tokio::test]
async fn two_releases_at_once_are_one() {
    let scene = contained_scene().await;
    let (one, two) = (scene.process(), scene.process());
    let (first_request, second_request) = (release_of(&scene, false), release_of(&scene, false));
    let (first_engine, second_engine) = (engine(&one, settings()), engine(&two, settings()));
    let (left, right) = tokio::join!(first_engine.release(&first_request), second_engine.release(&second_request));
    let refused = [left.unwrap(), right.unwrap()]
        .into_iter()
        .filter(|outcome| matches!(outcome, Outcome::ReleaseRefused { .. }))
        .count();
    assert_eq!(refused, 1);
    assert_released(&scene);
}

#[tokio::test]
async fn a_release_killed_at_any_call_can_be_run_again() {
    let calls = {
        let scene = contained_scene().await;
        let process = scene.process();
        engine(&process, settings()).release(&release_of(&scene, false)).await.unwrap();
        process.faults.calls()
    };
    assert!(calls.len() > 20);
    for (number, call) in calls.iter().enumerate() {
        for fault in [Fault::KillsBefore, Fault::KillsAfter, Fault::LosesItsAnswer] {
            if !call.mutates && fault != Fault::KillsBefore {
                continue;
            }
            let scene = contained_scene().await;
            let process = scene.process();
            process.faults.at(number, fault);
            let request = release_of(&scene, false);
            let doomed = engine(&process, settings());
            let _ = tokio::time::timeout(std::time::Duration::from_millis(20), doomed.release(&request)).await;
            scene.pass(Duration::minutes(2));
            let again = engine(&scene.process(), settings()).release(&release_of(&scene, false)).await.unwrap();
            let done = matches!(
                again,
                Outcome::Released { state: IncidentState::Released, .. }
                    | Outcome::ReleaseRefused { reason: ReleaseRefusal::AlreadyReleased, .. }
            );
            assert!(done, "call {number} {} {fault:?}: {again:?}", call.operation);
            assert_released(&scene);
        }
    }
}

#[tokio::test]
async fn a_dry_run_of_a_release_changes_nothing_but_the_nonce() {
    let scene = contained_scene().await;
    let process = scene.process();
    let mut request = release_of(&scene, false);
    request.dry_run = true;
    let outcome = engine(&process, settings()).release(&request).await.unwrap();
    let Outcome::ReleasePlanned { plan, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(plan.steps.first(), Some(&Step::RevokeCredentials));
    assert!(plan.lost.iter().any(|lost| lost.contains("memory")));
    let changes: Vec<_> = process.faults.calls().into_iter().filter(|call| call.mutates).collect();
    assert_eq!(changes.iter().map(|call| call.operation).collect::<Vec<_>>(), ["dynamodb:PutItem"]);
}

#[tokio::test]
async fn an_unknown_incident_is_named() {
    let scene = contained_scene().await;
    let action = OperatorAction::Release { incident: "inc-no".to_owned(), accept_drift: false, false_alarm: false };
    let request = ask(&scene, ALICE, action);
    let error = engine(&scene.process(), settings()).release(&request).await.unwrap_err();
    assert!(matches!(error, EngineError::UnknownIncident { .. }), "{error}");
}
