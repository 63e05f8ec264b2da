//! The record that a containment leaves: what is captured, what is signed, and that a change of it shows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::capture::Capture;
use containment::incident::{IncidentState, StepStatus};
use containment::step::Step;
use evidence::bundle::{Bundle, ObjectVersion, Reading};
use evidence::content::Content;
use evidence::keys::is_signed;
use evidence::public_key::PublicKey;
use evidence::verification::{Outcome, Verification};
use evidence::verify::verify;
use p256::pkcs8::EncodePublicKey;
use ports::ErrorKind;
use support::*;
use testkit::Scene;
use time::Duration;

/// The record of the first instance's incident, as a verifier reads it.
fn verification(scene: &Scene) -> Verification {
    let incident = incident(scene, &first());
    let mut account = scene.account();
    let (events, head) = account.journal(&incident.id);
    let (events, head) = (events.clone(), Some(head));
    let key = account.signing_key.verifying_key().to_public_key_der().unwrap();
    let mut bundle = Bundle { incident: incident.id.clone(), events, head, signed: [].into(), objects: [].into() };
    for (key, bytes) in &account.evidence {
        let version = ObjectVersion { key: key.clone(), version_id: "1".to_owned() };
        if is_signed(&incident.id, key) {
            bundle.signed.insert(version, Reading::Read(bytes.clone()));
        } else {
            bundle.objects.insert(version, Reading::Read(Content::of(bytes)));
        }
    }
    verify(&bundle, &PublicKey::parse(key.as_bytes()).unwrap())
}

#[tokio::test]
async fn the_record_of_a_containment_and_its_release_verifies_whole() {
    let scene = contained_scene().await;
    let verified = verification(&scene);
    assert_eq!(verified.outcome, Outcome::Passed, "{verified:#?}");
    engine(&scene.process(), settings()).release(&release_of(&scene, false)).await.unwrap();
    let verified = verification(&scene);
    assert_eq!(verified.outcome, Outcome::Passed, "{verified:#?}");
    assert_eq!(incident(&scene, &first()).state, IncidentState::Released);
}

#[tokio::test]
async fn the_console_is_read_before_the_stop_and_cloudtrail_again_later() {
    let scene = contained_scene().await;
    let incident = incident(&scene, &first());
    let captures: Vec<Capture> = incident.evidence.iter().map(|captured| captured.capture).collect();
    assert_eq!(captures, [Capture::AtContainment, Capture::Later]);
    assert!(incident.evidence[1].captured_at - incident.opened_at >= Duration::minutes(20));
    let account = scene.account();
    let console = &account.evidence[&format!("evidence/{}/at-containment/console-output.xml", incident.id)];
    assert!(std::str::from_utf8(console).unwrap().ends_with("running: true"));
    assert!(account.evidence.contains_key(&format!("evidence/{}/later/cloudtrail-events.json", incident.id)));
}

#[tokio::test]
async fn a_failed_capture_is_listed_as_missing_loudly() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.fail("ec2:GetConsoleOutput", ErrorKind::Denied, 1);
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    let incident = incident(&scene, &first());
    assert_eq!(incident.evidence[0].missing[0].name, "console-output.xml");
    let record = &incident.steps[&Step::CaptureMetadata];
    assert!(record.detail.as_ref().unwrap().contains("MISSING: console-output.xml"), "{record:?}");
    reconcile(&scene).await;
    let verified = verification(&scene);
    assert!(
        verified.warnings.iter().any(|warning| warning.to_string().contains("console-output.xml")),
        "{verified:#?}"
    );
}

#[tokio::test]
async fn without_a_signature_the_capture_is_no_success_and_is_made_again() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.fail("kms:Sign", ErrorKind::Denied, 100);
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    assert!(matches!(incident(&scene, &first()).status(Step::CaptureMetadata), Some(StepStatus::Failed { .. })));
    assert!(incident(&scene, &first()).isolated_at.is_some(), "the cut waits for no signature");
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    assert_eq!(incident(&scene, &first()).evidence.len(), 2);
}

#[tokio::test]
async fn removing_the_last_event_and_turning_the_head_back_shows() {
    let scene = contained_scene().await;
    let id = incident(&scene, &first()).id;
    {
        let mut account = scene.account();
        let (events, _) = account.journal(&id);
        let state_change = events.iter().rposition(|event| event.document.contains("\"state-changed\"")).unwrap();
        events.truncate(state_change);
        account.turn_head_back(&id);
    }
    let verified = verification(&scene);
    assert_eq!(verified.outcome, Outcome::Failed, "{verified:#?}");
}

#[tokio::test]
async fn an_incident_that_only_waits_is_not_signed_again_and_again() {
    let scene = Scene::fleet(6);
    scene.account().delays.detach = Duration::hours(1);
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    let id = incident(&scene, &first()).id;
    let mut signed = 0;
    for minute in 0..15 {
        scene.pass(Duration::minutes(1));
        let process = scene.process();
        engine(&process, settings()).settle(&id).await.unwrap();
        let calls = process.faults.calls().iter().filter(|call| call.operation == "kms:Sign").count();
        signed += if minute < 10 { 0 } else { calls };
    }
    assert_eq!(signed, 0);
}

#[tokio::test]
async fn a_run_that_died_before_it_signed_is_signed_by_the_next() {
    let scene = Scene::fleet(6);
    let process = scene.process();
    process.faults.fail("kms:Sign", ErrorKind::Denied, 100);
    engine(&process, settings()).handle(&scene.signal(&first())).await.unwrap();
    scene.pass(Duration::minutes(1));
    let id = incident(&scene, &first()).id;
    engine(&scene.process(), settings()).settle(&id).await.unwrap();
    let heads = scene.account().evidence.keys().filter(|key| key.contains("/heads/")).count();
    assert!(heads > 0);
}

#[tokio::test]
async fn the_window_and_the_verdict_are_kept_and_a_change_of_them_shows() {
    let scene = contained_scene().await;
    let judged = incident(&scene, &first()).judged.unwrap();
    let find =
        |scene: &Scene| scene.account().evidence.keys().find(|key| key.ends_with("/traffic-window.json")).cloned();
    let key = find(&scene).unwrap();
    let window: serde_json::Value = serde_json::from_slice(&scene.account().evidence[&key]).unwrap();
    assert_eq!(window["judged"], serde_json::json!(judged));
    let sent: Vec<f64> =
        window["instance"].as_array().unwrap().iter().filter_map(|one| one["network_out_bytes"].as_f64()).collect();
    assert!(sent.len() > 800 && sent.last().unwrap() > &(sent[0] * 100.0), "{}", sent.len());
    assert_eq!(verification(&scene).outcome, Outcome::Passed);
    scene.account().evidence.insert(key, b"{}".to_vec());
    assert_ne!(verification(&scene).outcome, Outcome::Passed);
}
