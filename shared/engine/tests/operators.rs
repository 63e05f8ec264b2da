//! What people ask for by hand: who is believed, what stands in their way, what a second person is needed for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::authority::PROTECTED_TAG;
use containment::guards::{Freeze, Guard};
use containment::ids::GroupName;
use containment::incident::IncidentState;
use containment::observed::PowerState;
use containment::refusal::Refusal;
use containment::request::{ApprovalFault, ManualScope};
use containment::step::Step;
use engine::{EngineError, Outcome, ProofFault};
use signal::{OperatorAction, OperatorRequest};
use support::*;
use testkit::{GROUP, Scene, instance_id};
use time::Duration;

fn contain(hold: bool, overrides: &[&str]) -> OperatorAction {
    let overrides = overrides.iter().map(ToString::to_string).collect();
    OperatorAction::Contain { instance: first(), hold, untrack: false, overrides }
}

fn unproved(result: Result<Outcome, EngineError>) -> ProofFault {
    match result {
        Err(EngineError::Unproved(fault)) => fault,
        other => panic!("believed: {other:?}"),
    }
}

fn protect(scene: &Scene) {
    let mut account = scene.account();
    let group = account.groups.get_mut(&GroupName::new(GROUP)).unwrap();
    group.tags.insert(PROTECTED_TAG.to_owned(), "true".to_owned());
}

#[tokio::test]
async fn an_operator_contains_what_no_alarm_saw_and_the_journal_says_who_and_why() {
    let scene = Scene::fleet(6);
    let outcome = operate(&scene, &ask(&scene, ALICE, contain(false, &[]))).await.unwrap();
    assert!(matches!(outcome, Outcome::Contained { isolated: true, .. }), "{outcome:?}");
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    let incident = incident(&scene, &first());
    assert_eq!(incident.alarm, None);
    let requested = incident.requested.unwrap();
    assert_eq!((requested.by.arn.as_str(), requested.reason.as_str()), (ALICE, "case 4711"));
}

#[tokio::test]
async fn a_request_proves_nothing_if_it_is_stale_altered_foreign_or_used_before() {
    let scene = Scene::fleet(6);
    let honest = || ask(&scene, ALICE, contain(false, &[]));
    let with = |change: fn(&mut OperatorRequest)| {
        let mut request = honest();
        change(&mut request);
        request
    };
    let mut stale = honest();
    scene.pass(Duration::seconds(61));
    assert!(matches!(unproved(operate(&scene, &stale).await), ProofFault::Stale { seconds: 61 }));
    stale.proof.date = "yesterday".to_owned();
    assert_eq!(unproved(operate(&scene, &stale).await), ProofFault::Undated);
    let altered = with(|request| request.digest.push('x'));
    assert!(matches!(unproved(operate(&scene, &altered).await), ProofFault::NotAccepted { .. }));
    let elsewhere = with(|request| request.function = "another".to_owned());
    assert!(matches!(unproved(operate(&scene, &elsewhere).await), ProofFault::OtherFunction { .. }));
    let uncovered = with(|request| {
        request.proof.authorization = request.proof.authorization.replace(";x-cordon-request-sha256", "");
    });
    assert_eq!(unproved(operate(&scene, &uncovered).await), ProofFault::Uncovered);
    let foreign = ask(&scene, "arn:aws:iam::999999999999:user/mallory", contain(false, &[]));
    assert!(matches!(unproved(operate(&scene, &foreign).await), ProofFault::OtherAccount { .. }));
    assert!(scene.account().incidents().is_empty());

    let request = honest();
    operate(&scene, &request).await.unwrap();
    assert_eq!(unproved(operate(&scene, &request).await), ProofFault::Replayed);
}

#[tokio::test]
async fn a_held_instance_is_isolated_and_keeps_running() {
    let scene = Scene::fleet(6);
    operate(&scene, &ask(&scene, ALICE, contain(true, &[]))).await.unwrap();
    reconcile(&scene).await;
    assert_eq!(scene.account().instance(&first()).state, PowerState::Running);
    let incident = incident(&scene, &first());
    assert_eq!(incident.state, IncidentState::Contained);
    assert!(incident.plan.not_needed.iter().any(|omission| omission.step == Step::StopInstance));
}

#[tokio::test]
async fn guards_apply_to_people_and_can_be_overridden_by_name() {
    let scene = Scene::fleet(6);
    scene.account().freeze(Some(Freeze { by: "x".to_owned(), reason: "y".to_owned(), expires_at: None }));
    let refused = operate(&scene, &ask(&scene, ALICE, contain(false, &[]))).await.unwrap();
    let frozen = |outcome: &Outcome| {
        matches!(outcome, Outcome::Refused { reason: Refusal::Guarded { guard: Guard::Freeze, .. }, .. })
    };
    assert!(frozen(&refused), "{refused:?}");
    let wrong_guard = operate(&scene, &ask(&scene, ALICE, contain(false, &["group-limit"]))).await.unwrap();
    assert!(frozen(&wrong_guard), "{wrong_guard:?}");
    let outcome = operate(&scene, &ask(&scene, ALICE, contain(false, &["freeze"]))).await.unwrap();
    assert!(matches!(outcome, Outcome::Contained { .. }), "{outcome:?}");
    let overrides = scene.account().incidents().iter().find_map(|incident| {
        incident.requested.as_ref().filter(|_| incident.isolated_at.is_some()).map(|asked| asked.overrides.clone())
    });
    assert_eq!(overrides.unwrap(), [Guard::Freeze].into());
    for name in ["protected", "everything"] {
        let unknown = operate(&scene, &ask(&scene, ALICE, contain(false, &[name]))).await;
        assert!(matches!(unknown, Err(EngineError::UnknownGuard { .. })), "{unknown:?}");
    }
}

#[tokio::test]
async fn a_protected_instance_needs_two_different_people_in_time() {
    let scene = Scene::fleet(6);
    protect(&scene);
    let ask_for_it = async || match operate(&scene, &ask(&scene, ALICE, contain(false, &[]))).await.unwrap() {
        Outcome::ApprovalNeeded { request, .. } => request,
        other => panic!("{other:?}"),
    };
    let id = ask_for_it().await;
    assert!(scene.account().incidents().is_empty());
    let approve = |id: &str| OperatorAction::Approve { request: id.to_owned() };
    let by_same = operate(&scene, &ask(&scene, ALICE, approve(&id))).await.unwrap();
    assert!(matches!(by_same, Outcome::NotApproved { fault: ApprovalFault::SamePrincipal { .. }, .. }), "{by_same:?}");
    let unknown = operate(&scene, &ask(&scene, BOB, approve("req-no"))).await.unwrap();
    assert!(matches!(unknown, Outcome::NotApproved { fault: ApprovalFault::Unknown, .. }));
    scene.pass(Duration::minutes(16));
    let late = operate(&scene, &ask(&scene, BOB, approve(&id))).await.unwrap();
    assert!(matches!(late, Outcome::NotApproved { fault: ApprovalFault::Expired, .. }));
    let id = ask_for_it().await;
    operate(&scene, &ask(&scene, BOB, approve(&id))).await.unwrap();
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    let requested = incident(&scene, &first()).requested.unwrap();
    assert_eq!((requested.by.arn.as_str(), requested.approved_by.unwrap().arn.as_str()), (ALICE, BOB));
}

#[tokio::test]
async fn an_approval_is_used_up_by_its_containment() {
    let scene = Scene::fleet(6);
    protect(&scene);
    let asked = operate(&scene, &ask(&scene, ALICE, contain(true, &["cool-down"]))).await.unwrap();
    let Outcome::ApprovalNeeded { request, .. } = asked else { panic!("{asked:?}") };
    let approve = || ask(&scene, BOB, OperatorAction::Approve { request: request.clone() });
    operate(&scene, &approve()).await.unwrap();
    scene.pass(Duration::minutes(6));
    for id in engine(&scene.process(), settings()).open_incidents().await.unwrap() {
        engine(&scene.process(), settings()).settle(&id).await.unwrap();
    }
    let released = engine(&scene.process(), settings()).release(&release_of(&scene, false)).await.unwrap();
    assert!(matches!(released, Outcome::Released { state: IncidentState::Released, .. }), "{released:?}");
    let again = operate(&scene, &approve()).await.unwrap();
    assert!(matches!(again, Outcome::Duplicate { .. }), "{again:?}");
    assert_eq!(scene.account().groups_of(&first())[0][0].as_str(), "sg-service");
}

#[tokio::test]
async fn operators_reach_beyond_opted_in_groups_only_where_the_scope_says_account() {
    let scene = Scene::fleet(6);
    scene.account().groups.get_mut(&GroupName::new(GROUP)).unwrap().tags.clear();
    let refused = operate(&scene, &ask(&scene, ALICE, contain(false, &[]))).await.unwrap();
    assert!(matches!(refused, Outcome::Refused { reason: Refusal::NotOptedIn, .. }), "{refused:?}");
    let mut wide = settings();
    wide.manual_scope = ManualScope::Account;
    let request = ask(&scene, ALICE, contain(false, &[]));
    let outcome = engine(&scene.process(), wide).operate(&request).await.unwrap();
    assert!(matches!(outcome, Outcome::Contained { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_dry_run_answers_the_plan_and_touches_nothing() {
    let scene = Scene::fleet(6);
    let mut request = ask(&scene, ALICE, contain(false, &[]));
    request.dry_run = true;
    let Outcome::Planned(planned) = operate(&scene, &request).await.unwrap() else { panic!("no plan") };
    assert!(planned.plan.steps.contains(&Step::QuarantineNetwork));
    assert_eq!(planned.prior.interfaces.len(), 1);
    assert!(scene.account().incidents().is_empty() && scene.account().notices.is_empty());
}

#[tokio::test]
async fn a_freeze_stops_alarms_until_it_is_lifted_and_people_are_told() {
    let scene = Scene::fleet(6);
    let freeze = ask(&scene, ALICE, OperatorAction::Freeze { minutes: 30 });
    assert!(
        matches!(operate(&scene, &freeze).await, Err(EngineError::NotOffered { .. })),
        "who contains lifts no freeze"
    );
    engine(&scene.process(), settings()).release(&freeze).await.unwrap();
    let outcomes = deliver(&scene, &scene.signal(&first())).await.unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Refused { reason: Refusal::Guarded { guard: Guard::Freeze, .. }, .. }]));
    let unfreeze = ask(&scene, BOB, OperatorAction::Unfreeze);
    engine(&scene.process(), settings()).release(&unfreeze).await.unwrap();
    let signal = scene.alarm(&instance_id(1));
    assert!(matches!(&deliver(&scene, &signal).await.unwrap()[..], [Outcome::Contained { .. }]));
    let told = scene.account().notices.iter().filter(|notice| notice.subject.contains("frozen")).count();
    assert_eq!(told, 2);
}
