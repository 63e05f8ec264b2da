//! Security Hub beside the notices: one finding for an incident's whole life, and nothing waits for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::finding::FindingStatus;
use containment::incident::{IncidentState, StepStatus};
use containment::step::Step;
use engine::Outcome;
use ports::{ErrorKind, Finding, FindingSeverity, RecordState};
use support::*;
use testkit::{Process, Scene};
use time::Duration;

const IMPORT: &str = "securityhub:BatchImportFindings";

fn scene() -> Scene {
    let scene = Scene::fleet(6);
    scene.account().has_security_hub = true;
    scene
}

fn only_finding(scene: &Scene) -> Finding {
    let account = scene.account();
    assert_eq!(account.findings.len(), 1);
    account.findings.values().next().unwrap().clone()
}

fn imports(process: &Process) -> usize {
    process.faults.calls().iter().filter(|call| call.operation == IMPORT).count()
}

/// A minute of the reconciler; answers how often it asked Security Hub and how often it published.
async fn minute(scene: &Scene, kind: Option<ErrorKind>) -> (usize, usize) {
    scene.pass(Duration::minutes(1));
    let process = scene.process();
    if let Some(kind) = kind {
        process.faults.fail(IMPORT, kind, 100);
    }
    let engine = engine(&process, settings());
    for id in engine.open_incidents().await.unwrap() {
        engine.settle(&id).await.unwrap();
    }
    let published = process.faults.calls().iter().filter(|call| call.operation == "sns:Publish").count();
    (imports(&process), published)
}

#[tokio::test]
async fn one_finding_goes_with_the_incident_from_isolation_to_release() {
    let scene = scene();
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let isolated = only_finding(&scene);
    assert_eq!((isolated.severity, isolated.record_state), (FindingSeverity::Medium, RecordState::Active));
    reconcile(&scene).await;
    let contained = only_finding(&scene);
    assert!(contained.title.ends_with("is contained") && contained.updated_at > isolated.updated_at);
    engine(&scene.process(), settings()).release(&release_of(&scene, false)).await.unwrap();
    let released = only_finding(&scene);
    assert_eq!((released.id, released.created_at), (isolated.id, isolated.created_at));
    assert_eq!((released.severity, released.record_state), (FindingSeverity::Informational, RecordState::Archived));
    assert!(released.updated_at >= contained.updated_at);
    assert_eq!(incident(&scene, &first()).finding.unwrap().status, FindingStatus::Imported);
}

#[tokio::test]
async fn switched_off_security_hub_is_never_called_and_the_journal_knows_nothing_of_it() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert_eq!((imports(&process), incident(&scene, &first()).finding), (0, None));
}

#[tokio::test]
async fn a_failing_import_holds_up_nothing_and_is_tried_again_without_telling_people_again() {
    let scene = scene();
    let process = scene.process();
    process.faults.fail(IMPORT, ErrorKind::Transient, 100);
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    let begun = incident(&scene, &first());
    assert!(begun.isolated_at.is_some() && begun.status(Step::Notify) == Some(&StepStatus::Done));
    assert!(begun.finding_is_due() && scene.account().findings.is_empty());
    assert_eq!(minute(&scene, Some(ErrorKind::Throttled)).await, (1, 0));
    assert_eq!(incident(&scene, &first()).finding.unwrap().failures, 2);
    assert_eq!(minute(&scene, None).await, (1, 0));
    assert_eq!(incident(&scene, &first()).finding.unwrap().failures, 0);
    reconcile(&scene).await;
    assert_contained(&scene, &first());
}

#[tokio::test]
async fn where_security_hub_is_not_enabled_it_is_said_once_for_each_news_and_not_each_minute() {
    let scene = scene();
    let process = scene.process();
    process.faults.fail(IMPORT, ErrorKind::Denied, 100);
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    assert_eq!(imports(&process), 1);
    let mut asked = 0;
    for _ in 0..30 {
        asked += minute(&scene, Some(ErrorKind::Denied)).await.0;
    }
    assert_contained(&scene, &first());
    assert_eq!(asked, 1, "once more when it was contained");
    let incident = incident(&scene, &first());
    assert!(matches!(incident.finding.as_ref().unwrap().status, FindingStatus::Declined { .. }) && !incident.is_open());
}

#[tokio::test]
async fn a_released_incidents_finding_that_was_lost_is_archived_by_the_reconciler_which_does_nothing_else() {
    let scene = scene();
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    let process = scene.process();
    process.faults.fail(IMPORT, ErrorKind::Transient, 100);
    let outcome = engine(&process, settings()).release(&release_of(&scene, false)).await.unwrap();
    assert!(matches!(outcome, Outcome::Released { state: IncidentState::Released, .. }), "{outcome:?}");
    assert_eq!(only_finding(&scene).record_state, RecordState::Active);
    assert_eq!(minute(&scene, None).await, (1, 0));
    assert_eq!(only_finding(&scene).record_state, RecordState::Archived);
    assert_eq!(incident(&scene, &first()).state, IncidentState::Released);
    assert_eq!(minute(&scene, None).await, (0, 0));
}

#[tokio::test]
async fn switched_off_with_a_finding_due_the_incident_does_not_stay_open() {
    let scene = scene();
    let process = scene.process();
    process.faults.fail(IMPORT, ErrorKind::Transient, 100);
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    scene.account().has_security_hub = false;
    reconcile(&scene).await;
    let incident = incident(&scene, &first());
    assert!(!incident.is_open() && !incident.finding_is_due(), "{:?}", incident.finding);
}

#[tokio::test]
async fn a_refusal_is_a_finding_only_where_it_pages_and_fails_no_decision() {
    let scene = scene();
    let mut frozen = settings();
    frozen.limits.min_healthy = 6;
    let process = scene.process();
    process.faults.fail(IMPORT, ErrorKind::Transient, 100);
    let outcomes = engine(&process, frozen).handle(&scene.signal(&first())).await.unwrap();
    assert!(matches!(outcomes[0], Outcome::Refused { .. }) && imports(&process) == 1, "{outcomes:?}");
    let other = Scene::fleet(6);
    other.account().has_security_hub = true;
    other.account().alarms.clear();
    let signal = scene.signal(&first());
    assert!(matches!(deliver(&other, &signal).await.unwrap()[0], Outcome::Refused { .. }));
    assert!(other.account().findings.is_empty() && other.account().notices.len() == 1);
}

#[tokio::test]
async fn the_notice_says_why_by_awss_figure_and_gives_the_commands() {
    let scene = Scene::fleet(6);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let account = scene.account();
    let text = &account.notices[0].text;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("above the threshold of 1 MB (900 times as much), by AWS's evaluation"), "{text}");
    assert!(
        text.contains("\nSee        cordon show inc-") && text.contains("\nRelease    cordon release inc-"),
        "{text}"
    );
}
