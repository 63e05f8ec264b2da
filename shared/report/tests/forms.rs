//! What the forms say, and that they agree.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

#[path = "../examples/sample_report/scene.rs"]
mod scene;

use containment::incident::{IncidentState, StepStatus};
use containment::journal::EventBody;
use containment::step::Step;
use scene::{Scene, opening, partly_contained};
use serde_json::{Value, json};

/// An incident that its first event ended.
fn ended(state: Value) -> Scene {
    let mut opening = opening();
    opening["state"] = state;
    let mut scene = scene::scene(opening, &[]);
    scene.name = "web-7".to_owned();
    scene
}

fn refused() -> Scene {
    ended(json!({"name": "Refused", "reason": {
        "code": "guarded", "guard": "fleet-event",
        "why": "4 of 9 other in-service instances alarm too: a fleet event, not one instance",
    }}))
}

fn contained() -> Scene {
    let done = |step: &Step| (2.0, EventBody::reported(*step, StepStatus::Done, None));
    let left_out = |step: &Step| matches!(step, Step::DeregisterTargets | Step::UntrackConnections);
    let planned = Step::ALL.iter().filter(|step| !left_out(step));
    let mut bodies: Vec<_> = planned.map(done).collect();
    bodies.push((3.0, EventBody::StateChanged { state: IncidentState::Contained }));
    scene::scene(opening(), &bodies)
}

fn ocsf(scene: &Scene) -> Value {
    serde_json::from_str(&report::ocsf(&scene.report()).unwrap()).unwrap()
}

#[test]
fn the_text_of_a_partly_contained_incident_reads_so() {
    insta::assert_snapshot!(report::text(&partly_contained().report()));
}

#[test]
fn the_text_of_a_refusal_says_that_somebody_must_look() {
    insta::assert_snapshot!(report::text(&refused().report()));
}

#[test]
fn the_finding_of_a_refusal_reads_so() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&ocsf(&refused())).unwrap());
}

#[test]
fn the_document_names_its_version_and_holds_what_the_page_says() {
    let scene = partly_contained();
    let document: Value = serde_json::from_str(&report::json(&scene.report()).unwrap()).unwrap();
    assert_eq!(document["schema"], report::SCHEMA);
    assert_eq!(document["incident"], serde_json::to_value(&scene.incident).unwrap());
    assert_eq!(document["events"].as_array().unwrap().len(), scene.events.len());
    assert_eq!(document["told"]["timeline"].as_array().unwrap().len(), scene.events.len());
    let page = report::html(&scene.report()).unwrap();
    for told in document["told"]["summary"]["done"].as_array().unwrap() {
        assert!(page.contains(&told.as_str().unwrap().replace('\'', "&#39;")), "{told}");
    }
}

#[test]
fn missing_evidence_is_told_by_every_form() {
    let scene = partly_contained();
    let what = &scene.missing[0].what;
    let page = report::html(&scene.report()).unwrap();
    assert!(page.contains("<h3>1 missing</h3>") && page.contains(&what.replace('\'', "&#39;")));
    assert!(report::text(&scene.report()).contains("! MISSING CloudTrail events"));
    assert!(report::json(&scene.report()).unwrap().contains(what));
    assert_eq!(ocsf(&scene)["unmapped"]["missing_evidence"][0]["what"], *what);
}

#[test]
fn traffic_that_was_not_read_is_said_to_be_missing() {
    let mut scene = partly_contained();
    scene.traffic = None;
    let page = report::html(&scene.report()).unwrap();
    assert!(page.contains("The traffic around the alarm is not in this report"));
    assert!(!page.contains("<svg"));
}

#[test]
fn the_command_that_releases_is_exact() {
    let text = report::text(&contained().report());
    assert!(text.contains("\n  cordon release inc-20261123-024704-3c9f0e12ab --reason \"WHY\" --dry-run\n"));
    assert!(text.contains("\n  cordon release inc-20261123-024704-3c9f0e12ab --reason \"WHY\"\n"));
}

#[test]
fn no_command_is_given_where_there_is_nothing_to_release() {
    for state in [json!({"name": "Observed"}), json!({"name": "Refused", "reason": {"code": "not-opted-in"}})] {
        let text = report::text(&ended(state).report());
        assert!(!text.contains("cordon release"), "{text}");
        assert!(text.contains("there is nothing to release"));
    }
}

#[test]
fn no_command_is_made_of_an_id_that_a_shell_would_run() {
    for id in ["inc-1; rm -rf ~", "inc-1$(id)", "--reason", "inc-1\ninc-2", "", "inc-1`id`"] {
        let mut scene = contained();
        scene.incident.id = containment::ids::IncidentId::new(id);
        assert!(!report::text(&scene.report()).contains("cordon release"), "{id}");
        assert!(!report::html(&scene.report()).unwrap().contains("cordon release"), "{id}");
    }
}

#[test]
fn activity_and_status_follow_the_incidents_state() {
    let mut scene = contained();
    let steps = vec![Step::RevokeCredentials];
    for (state, activity, status, severity) in [
        (IncidentState::Committed, 1, 2, 4),
        (IncidentState::Isolated, 2, 2, 3),
        (IncidentState::Contained, 2, 2, 3),
        (IncidentState::Partial { steps: steps.clone() }, 2, 2, 4),
        (IncidentState::Observed, 1, 1, 2),
        (IncidentState::Refused { reason: containment::refusal::Refusal::NotOptedIn }, 3, 5, 1),
        (IncidentState::Released, 3, 4, 1),
        (IncidentState::ReleasePartial { steps }, 2, 2, 4),
    ] {
        scene.incident.state = state.clone();
        let finding = ocsf(&scene);
        let found = [&finding["activity_id"], &finding["status_id"], &finding["severity_id"]];
        assert_eq!(found, [activity, status, severity], "{state:?}");
        assert_eq!(finding["type_uid"], 200_500 + activity);
    }
}

#[test]
fn a_drill_is_told_and_its_verdict_is_a_test() {
    let mut scene = contained();
    assert_eq!(ocsf(&scene)["verdict"], "Suspicious");
    scene.incident.drill = true;
    assert_eq!(ocsf(&scene)["verdict"], "Test");
    assert!(report::text(&scene.report()).contains("This is a drill"));
    assert!(report::html(&scene.report()).unwrap().contains("This is a drill"));
}

#[test]
fn a_contained_incident_has_nothing_open() {
    let text = report::text(&contained().report());
    assert!(text.contains("Still open\n  nothing\n"), "{text}");
    assert!(report::text(&partly_contained().report()).contains("STILL OPEN\n  - RevokeCredentials FAILED"));
}

#[test]
fn the_same_report_is_the_same_bytes() {
    let scene = partly_contained();
    let render = || {
        let report = scene.report();
        (
            report::html(&report).unwrap(),
            report::json(&report).unwrap(),
            report::ocsf(&report).unwrap(),
            report::text(&report),
        )
    };
    assert_eq!(render(), render());
}
