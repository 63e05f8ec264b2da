//! What people read, for each state.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

mod support;

use containment::guards::Guard;
use containment::ids::{IncidentId, SnapshotId};
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::EventBody;
use containment::operator::Operator;
use containment::refusal::Refusal;
use containment::release::ReleasePlan;
use containment::snapshot_lock::SnapshotLock;
use containment::step::Step;
use notice::{Severity, news};
use serde_json::Value;
use support::*;

fn text(incident: &Incident) -> String {
    here(|place| news(incident, place).text)
}

fn details(incident: &Incident) -> Value {
    serde_json::from_str(&here(|place| news(incident, place).details)).unwrap()
}

fn refused(reason: Refusal) -> Incident {
    web(IncidentState::Refused { reason })
}

fn guarded(guard: Guard) -> Incident {
    refused(Refusal::Guarded { guard, why: "3 of 5 others alarm too".to_owned() })
}

fn release_begun(state: IncidentState) -> Incident {
    let by = Operator {
        arn: "arn:aws:iam::123456789012:user/alice".to_owned(),
        account: "123456789012".to_owned(),
        user_id: "AIDA".to_owned(),
        claimed_source: None,
    };
    let begun = EventBody::ReleaseBegun {
        by,
        reason: "false alarm".to_owned(),
        plan: ReleasePlan::default(),
        false_alarm: true,
    };
    after(contained(), vec![begun, EventBody::StateChanged { state }])
}

#[test]
fn an_isolated_instance_is_told_with_the_figure_the_links_and_the_commands() {
    insta::assert_snapshot!(text(&isolated()));
}

#[test]
fn a_contained_instance_is_told() {
    insta::assert_snapshot!(text(&contained()));
}

#[test]
fn a_partial_containment_says_what_failed() {
    insta::assert_snapshot!(text(&partial()));
}

#[test]
fn a_snapshot_that_is_not_locked_is_told_among_what_failed() {
    let volumes = Step::SnapshotVolumes;
    let snapshot = SnapshotId::new("snap-0123456789abcdef0");
    let locks = vec![SnapshotLock::missing(snapshot, "denied")];
    let body = EventBody::StepReported { step: volumes, status: StepStatus::Done, detail: None, locks };
    let incident = after(web(IncidentState::Contained), vec![body]);
    assert!(text(&incident).contains("snap-0123456789abcdef0 is NOT LOCKED: denied"), "{}", text(&incident));
    assert_eq!(details(&incident)["locks"]["snapshots"][0]["snapshot"], "snap-0123456789abcdef0");
}

#[test]
fn an_observation_gives_the_plan_and_the_command_that_contains() {
    insta::assert_snapshot!(text(&web(IncidentState::Observed)));
}

#[test]
fn a_refusal_by_a_guard_names_the_override() {
    insta::assert_snapshot!(text(&guarded(Guard::FleetEvent)));
}

#[test]
fn a_release_that_is_not_finished_gives_the_command_that_goes_on() {
    let steps = vec![containment::step::Step::StopInstance];
    insta::assert_snapshot!(text(&release_begun(IncidentState::ReleasePartial { steps })));
}

#[test]
fn only_what_can_be_released_has_a_command_for_it() {
    let command = |incident: &Incident| details(incident)["commands"]["release"].as_str().map(ToOwned::to_owned);
    for incident in [isolated(), contained(), partial()] {
        let expected = "cordon release inc-20260921-141320-0a1b2c3d4e --reason \"WHY\"";
        assert_eq!(command(&incident).as_deref(), Some(expected), "{:?}", incident.state);
    }
    let states = [IncidentState::Committed, IncidentState::Observed];
    for incident in states.map(web).into_iter().chain([guarded(Guard::Freeze), release_begun(IncidentState::Released)])
    {
        assert_eq!(command(&incident), None, "{:?}", incident.state);
    }
}

#[test]
fn containing_by_hand_is_offered_where_the_alarm_is_true_and_never_for_an_unconfirmed_signal() {
    let command = |incident: &Incident| details(incident)["commands"]["contain"].as_str().map(ToOwned::to_owned);
    let by_hand = format!("cordon contain {INSTANCE} --reason \"WHY\"");
    assert_eq!(command(&web(IncidentState::Observed)), Some(by_hand.clone()));
    assert_eq!(command(&guarded(Guard::Protected)), Some(by_hand.clone()));
    assert!(text(&guarded(Guard::Protected)).contains("a second person must then approve"));
    assert_eq!(command(&guarded(Guard::Freeze)), Some(format!("{by_hand} --override freeze")));
    for reason in
        [Refusal::AlarmNotFound, Refusal::NotOptedIn, Refusal::NotContainable { why: "terminated".to_owned() }]
    {
        assert_eq!(command(&refused(reason.clone())), None, "{reason}");
    }
}

#[test]
fn a_figure_that_is_not_known_is_said_to_be_unknown() {
    let without = |drill| Incident { figure: None, drill, ..web(IncidentState::Committed) };
    assert!(text(&without(false)).contains("Why        no figure is known"));
    assert!(text(&without(true)).contains("Why        no figure: the alarm's state was set by hand"));
    assert!(text(&without(false)).contains("Peers      not known yet"));
    assert!(text(&after(without(false), vec![captured(None)])).contains("Peers      not known: no value"));
    assert!(text(&after(without(false), vec![captured(Some(band()))])).contains("no peer had a value"));
    let by_hand = Incident { alarm: None, ..without(false) };
    assert!(!text(&by_hand).contains("Why  "));
}

#[test]
fn an_unconfirmed_signal_gets_no_link_and_no_figure_of_its_own() {
    let id = IncidentId::new("ref-20260921-141320-0a1b2c3d4e");
    let incident = Incident { id, ..refused(Refusal::AlarmNotFound) };
    assert!(!text(&incident).contains("https://") && !text(&incident).contains("Why  "));
    assert_eq!(details(&incident)["links"], serde_json::json!({}));
}

#[test]
fn the_json_says_the_same_and_has_a_version() {
    let details = details(&isolated());
    assert_eq!(details["schema"], 1);
    assert_eq!(details["figure"]["value"], 9e8);
    assert_eq!(details["captured_figure"]["peers"], 5);
    assert_eq!(
        details["links"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["alarm", "evidence", "group", "instance"]
    );
    assert_eq!(details["commands"]["show"], "cordon show inc-20260921-141320-0a1b2c3d4e");
}

#[test]
fn a_subject_begins_with_drill_and_a_refusal_that_a_person_asked_for_does_not_page() {
    let told = here(|place| news(&Incident { drill: true, ..isolated() }, place));
    assert_eq!(told.subject, format!("DRILL Cordon: {INSTANCE} is isolated (eu-west-1)"));
    assert_eq!(told.severity, Severity::Action);
    assert_eq!(here(|place| news(&guarded(Guard::Freeze), place)).severity, Severity::Page);
    assert_eq!(here(|place| news(&refused(Refusal::NotOptedIn), place)).severity, Severity::Info);
}
