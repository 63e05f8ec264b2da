//! The two-step group swap: empty, allow-all, empty; and whatever cuts it short, it ends in the empty group.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::ids::SecurityGroupId;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::{Event, EventBody};
use containment::observed::{OpenRule, PowerState};
use containment::step::Step;
use containment::untracking::{Resume, resume};
use engine::{EngineError, Outcome};
use ports::{ErrorKind, Severity};
use signal::{OperatorAction, OperatorRequest};
use support::*;
use testkit::{Fault, Process, Scene};
use time::Duration;

const KILLED: std::time::Duration = std::time::Duration::from_millis(100);
const MODIFY: &str = "ec2:ModifyNetworkInterfaceAttribute";
const QUARANTINE: &str = "sg-quarantine";

fn held(untrack: bool) -> OperatorAction {
    OperatorAction::Contain { instance: first(), hold: true, untrack, overrides: Vec::new() }
}

/// A fleet whose first instance has two interfaces, and a request to hold and untrack it.
fn scene() -> (Scene, OperatorRequest) {
    let scene = Scene::fleet(6);
    scene.account().add_interface(&first(), "subnet-2");
    let request = ask(&scene, ALICE, held(true));
    (scene, request)
}

async fn run(process: &Process, request: &OperatorRequest) -> Result<Outcome, EngineError> {
    engine(process, settings()).operate(request).await
}

async fn tick(scene: &Scene) {
    let engine = engine(&scene.process(), settings());
    for id in engine.open_incidents().await.unwrap() {
        engine.settle(&id).await.unwrap();
    }
}

/// Which kind of group each interface was moved into, in order.
fn moves(scene: &Scene) -> Vec<Vec<&'static str>> {
    let account = scene.account();
    let kind = |groups: &[SecurityGroupId]| match groups {
        [only] if only.as_str() == QUARANTINE => "empty",
        [only] if account.allow_all_groups.iter().any(|group| group.id == *only) => "allow-all",
        _ => "other",
    };
    let interfaces = account.interfaces.iter().filter(|(of, _)| *of == first());
    let of = |id| account.moves.iter().filter(move |(moved, _)| moved == id).map(|(_, groups)| kind(groups)).collect();
    interfaces.map(|(_, shown)| of(&shown.id)).collect()
}

fn is_quarantined(scene: &Scene) -> bool {
    scene.account().groups_of(&first()).iter().all(|groups| groups[..] == [SecurityGroupId::new(QUARANTINE)])
}

fn bodies(scene: &Scene, incident: &Incident) -> Vec<EventBody> {
    let mut account = scene.account();
    let (events, _) = account.journal(&incident.id);
    events.iter().map(|event| serde_json::from_str::<Event>(&event.document).unwrap().body).collect()
}

fn status(incident: &Incident) -> &StepStatus {
    incident.status(Step::UntrackConnections).unwrap()
}

#[tokio::test]
async fn every_interface_goes_from_the_empty_group_through_allow_all_and_straight_back() {
    let (scene, request) = scene();
    run(&scene.process(), &request).await.unwrap();
    assert_eq!(moves(&scene), [["empty", "allow-all", "empty"]; 2]);
    let group = scene.account().allow_all_groups[0].clone();
    assert!(group.tagged && !group.has_others && group.open == OpenRule::ALL.into());
    reconcile(&scene).await;
    let incident = incident(&scene, &first());
    assert_eq!((status(&incident), &incident.state), (&StepStatus::Done, &IncidentState::Contained));
    assert_eq!(scene.account().instance(&first()).state, PowerState::Running);
    assert_eq!(moves(&scene), [["empty", "allow-all", "empty"]; 2], "once is enough");
    let bodies = bodies(&scene, &incident);
    let at = |wanted: &dyn Fn(&EventBody) -> bool| bodies.iter().position(wanted).unwrap();
    let is = |body: &EventBody, done: bool| {
        matches!(body, EventBody::StepReported { step: Step::UntrackConnections, status, .. }
            if (*status == StepStatus::Done) == done)
    };
    let isolated = at(&|body| matches!(body, EventBody::StateChanged { state: IncidentState::Isolated }));
    let (begun, ended) = (at(&|body| is(body, false)), at(&|body| is(body, true)));
    assert!(begun < ended && ended < isolated, "isolated only once nothing opens it any more: {bodies:#?}");
}

#[tokio::test]
async fn nobody_is_untracked_who_was_not_asked_for_or_is_not_held() {
    let scene = Scene::fleet(6);
    run(&scene.process(), &ask(&scene, ALICE, held(false))).await.unwrap();
    assert_eq!(incident(&scene, &first()).status(Step::UntrackConnections), None);
    let by_alarm = Scene::fleet(6);
    deliver(&by_alarm, &by_alarm.signal(&first())).await.unwrap();
    assert_eq!(incident(&by_alarm, &first()).status(Step::UntrackConnections), None);
    let stopped = Scene::fleet(6);
    let unheld = OperatorAction::Contain { instance: first(), hold: false, untrack: true, overrides: Vec::new() };
    run(&stopped.process(), &ask(&stopped, ALICE, unheld)).await.unwrap();
    assert_eq!(incident(&stopped, &first()).status(Step::UntrackConnections), None);
    for scene in [&scene, &by_alarm, &stopped] {
        assert_eq!(moves(scene), [["empty"]]);
        assert!(scene.account().allow_all_groups.is_empty());
    }
}

#[tokio::test]
async fn a_deployment_that_does_not_allow_it_refuses_and_changes_nothing() {
    let (scene, request) = scene();
    let mut config = settings();
    config.untracking_allowed = false;
    let refused = engine(&scene.process(), config).operate(&request).await;
    assert!(matches!(refused, Err(EngineError::UntrackingNotAllowed)), "{refused:?}");
    assert!(scene.account().incidents().is_empty() && moves(&scene) == [[""; 0]; 2]);
}

/// A run that meets `fault` at call `number`; then the reconciler, until nothing is open.
async fn disturbed(number: usize, fault: Fault) -> Scene {
    let (scene, request) = scene();
    let process = scene.process();
    process.faults.at(number, fault);
    let _ = tokio::time::timeout(KILLED, run(&process, &request)).await;
    if scene.account().incidents().is_empty() {
        assert_eq!(moves(&scene), [[""; 0]; 2], "call {number}, {fault:?}: nothing before the commit");
        return scene;
    }
    scene.pass(Duration::minutes(1));
    tick(&scene).await;
    assert!(is_quarantined(&scene), "call {number}, {fault:?}: the first run that takes it up ends the exposure");
    reconcile(&scene).await;
    scene
}

async fn undisturbed_calls() -> usize {
    let (scene, request) = scene();
    let process = scene.process();
    run(&process, &request).await.unwrap();
    process.faults.calls().len()
}

fn assert_ended(scene: &Scene, what: &str) {
    assert!(is_quarantined(scene), "{what}");
    if scene.account().incidents().is_empty() {
        return;
    }
    for moves in moves(scene) {
        let opened = moves.iter().filter(|kind| **kind == "allow-all").count();
        assert!(opened <= 1, "{what}: it is opened once at most: {moves:?}");
        assert_eq!(moves.last(), Some(&"empty"), "{what}");
    }
    let incident = incident(scene, &first());
    let contained = incident.state == IncidentState::Contained;
    match status(&incident) {
        StepStatus::Done => assert!(contained, "{what}: {:#?}", incident.steps),
        StepStatus::Failed { .. } => {
            assert_eq!(incident.state, IncidentState::Partial { steps: vec![Step::UntrackConnections] }, "{what}");
        }
        other => panic!("{what}: it has no end: {other:?}"),
    }
    assert_eq!(scene.account().instance(&first()).state, PowerState::Running, "{what}");
}

#[tokio::test]
async fn a_swap_killed_at_any_call_ends_in_the_empty_group_and_is_not_taken_again() {
    let mut interrupted = 0;
    for number in 0..undisturbed_calls().await {
        for fault in [Fault::KillsBefore, Fault::KillsAfter] {
            let scene = disturbed(number, fault).await;
            let what = format!("call {number}, {fault:?}");
            if !scene.account().incidents().is_empty() {
                assert_ended(&scene, &what);
                let end = format!("{:?}", status(&incident(&scene, &first())));
                interrupted += usize::from(end.contains("interrupted"));
            }
        }
    }
    assert!(interrupted >= 6, "only {interrupted} runs were killed within the swap");
}

#[tokio::test]
async fn any_one_call_that_fails_or_loses_its_answer_ends_in_the_empty_group() {
    let faults = [
        Fault::Fails(ErrorKind::Throttled),
        Fault::Fails(ErrorKind::Denied),
        Fault::Fails(ErrorKind::Rejected),
        Fault::LosesItsAnswer,
    ];
    for number in 0..undisturbed_calls().await {
        for fault in faults {
            let scene = disturbed(number, fault).await;
            if !scene.account().incidents().is_empty() {
                assert_ended(&scene, &format!("call {number}, {fault:?}"));
            }
        }
    }
}

#[tokio::test]
async fn a_reconciler_killed_at_any_call_leaves_the_way_back_to_the_next_one() {
    // Killed as an interface has been opened.
    let killed_open = async || {
        let (scene, request) = scene();
        let process = scene.process();
        let (other, asked) = self::scene();
        let measured = other.process();
        run(&measured, &asked).await.unwrap();
        let calls = measured.faults.calls();
        let opens = calls.iter().enumerate().filter(|(_, call)| call.operation == MODIFY).nth(2).unwrap().0;
        process.faults.at(opens, Fault::KillsAfter);
        let _ = tokio::time::timeout(KILLED, run(&process, &request)).await;
        assert!(!is_quarantined(&scene) && resume(&incident(&scene, &first())) == Resume::PutBack);
        scene.pass(Duration::minutes(1));
        scene
    };
    for number in 0..30 {
        let scene = killed_open().await;
        let reconciler = scene.process();
        reconciler.faults.at(number, Fault::KillsAfter);
        let engine = engine(&reconciler, settings());
        let killed = async {
            for id in engine.open_incidents().await.unwrap() {
                let _ = engine.settle(&id).await;
            }
        };
        let _ = tokio::time::timeout(KILLED, killed).await;
        scene.pass(Duration::minutes(1));
        tick(&scene).await;
        assert!(is_quarantined(&scene), "call {number}");
        reconcile(&scene).await;
        assert_ended(&scene, &format!("call {number}"));
    }
}

#[tokio::test]
async fn an_interface_that_a_late_call_opens_after_the_resume_is_found_within_the_minute() {
    let (scene, request) = scene();
    let process = scene.process();
    process.faults.fail_after(4, MODIFY, ErrorKind::Transient, 10_000);
    let _ = run(&process, &request).await;
    scene.pass(Duration::minutes(1));
    tick(&scene).await;
    assert!(format!("{:?}", status(&incident(&scene, &first()))).contains("interrupted"));
    for _ in 0..15 {
        let allow_all = scene.account().allow_all_groups[0].id.clone();
        scene.account().interfaces[0].1.groups = vec![allow_all];
        scene.pass(Duration::minutes(1));
        tick(&scene).await;
        assert!(is_quarantined(&scene));
    }
}

#[tokio::test]
async fn a_resume_begins_with_the_empty_group_before_it_looks_at_the_instance() {
    let (scene, request) = scene();
    let process = scene.process();
    // The fifth and sixth change of groups close; these never come.
    process.faults.fail_after(4, MODIFY, ErrorKind::Transient, 10_000);
    let _ = run(&process, &request).await;
    scene.pass(Duration::minutes(1));
    let reconciler = scene.process();
    let engine = engine(&reconciler, settings());
    let id = engine.open_incidents().await.unwrap().remove(0);
    engine.settle(&id).await.unwrap();
    let calls: Vec<_> = reconciler.faults.calls().iter().map(|call| call.operation).collect();
    let of = |wanted: &str| calls.iter().position(|operation| *operation == wanted).unwrap();
    assert!(of(MODIFY) < of("ec2:DescribeInstances") && of(MODIFY) < of("ec2:DescribeNetworkInterfaces"), "{calls:?}");
    assert!(is_quarantined(&scene));
}

#[tokio::test]
async fn a_way_back_that_fails_pages_at_once_and_is_never_called_isolated() {
    let (scene, request) = scene();
    let process = scene.process();
    process.faults.fail_after(4, MODIFY, ErrorKind::Denied, 10_000);
    let outcome = run(&process, &request).await.unwrap();
    assert!(matches!(outcome, Outcome::Contained { isolated: false, .. }), "{outcome:?}");
    let tries = process.faults.calls().iter().filter(|call| call.operation == MODIFY).count();
    assert!(tries >= 20, "it is tried as long as the run lasts: {tries}");
    let open = incident(&scene, &first());
    assert_eq!(open.state, IncidentState::Partial { steps: vec![Step::QuarantineNetwork] });
    assert!(open.isolated_at.is_none() && open.is_open());
    let page = scene.account().notices.last().cloned().unwrap();
    assert!(page.severity == Severity::Page && page.subject.contains("MAY BE OPEN TO EVERYTHING"), "{page:?}");
    // As long as it can't be put back, no run says otherwise.
    let denied = scene.process();
    denied.faults.fail(MODIFY, ErrorKind::Denied, 10_000);
    scene.pass(Duration::minutes(1));
    engine(&denied, settings()).settle(&open.id).await.unwrap();
    assert!(incident(&scene, &first()).isolated_at.is_none());
    scene.pass(Duration::minutes(1));
    reconcile(&scene).await;
    assert_ended(&scene, "once it is allowed again");
    assert!(incident(&scene, &first()).isolated_at.is_some());
}

#[tokio::test]
async fn an_allow_all_group_that_is_not_cordons_own_is_never_used() {
    for change in ["untagged", "altered"] {
        let (scene, request) = scene();
        {
            let mut account = scene.account();
            let vpc = account.interfaces[0].1.vpc.clone();
            account.allow_all_groups.push(containment::observed::ObservedAllowAllGroup {
                id: SecurityGroupId::new("sg-theirs"),
                vpc,
                tagged: change != "untagged",
                open: OpenRule::ALL.into(),
                has_others: change == "altered",
            });
        }
        run(&scene.process(), &request).await.unwrap();
        reconcile(&scene).await;
        assert_eq!(moves(&scene), [["empty"]; 2], "{change}");
        let incident = incident(&scene, &first());
        assert!(matches!(status(&incident), StepStatus::Failed { error } if error.contains("not begun")), "{change}");
        assert!(incident.isolated_at.is_some(), "{change}: it is isolated all the same");
    }
}

#[tokio::test]
async fn what_never_got_into_quarantine_is_not_opened() {
    let (scene, request) = scene();
    let process = scene.process();
    process.faults.fail(MODIFY, ErrorKind::Denied, 6);
    run(&process, &request).await.unwrap();
    reconcile(&scene).await;
    assert_eq!(moves(&scene), [["empty"]; 2]);
    assert_ended(&scene, "quarantined by the reconciler");
}

#[tokio::test]
async fn a_release_gives_back_the_former_groups_and_calls_the_allow_all_group_drift() {
    let (scene, request) = scene();
    run(&scene.process(), &request).await.unwrap();
    scene.pass(Duration::minutes(6));
    tick(&scene).await;
    let allow_all = scene.account().allow_all_groups[0].id.clone();
    let quarantined = scene.account().interfaces[0].1.groups.clone();
    scene.account().interfaces[0].1.groups = vec![allow_all.clone()];
    let release = async || engine(&scene.process(), settings()).release(&release_of(&scene, false)).await.unwrap();
    let refused = release().await;
    assert!(
        matches!(&refused, Outcome::ReleaseRefused { reason, .. } if reason.to_string().contains(allow_all.as_str())),
        "{refused:?}"
    );
    scene.account().interfaces[0].1.groups = quarantined;
    let released = release().await;
    assert!(matches!(released, Outcome::Released { state: IncidentState::Released, .. }), "{released:?}");
    assert!(scene.account().groups_of(&first()).iter().all(|groups| groups[0].as_str() == "sg-service"));
}
