//! The chain holds, its fold is the incident, and every alteration is found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::capture::{Capture, Captured};
use containment::figure::{Amount, Figure};
use containment::finding::FindingStatus;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState, MAX_FAILURES, StepStatus};
use containment::journal::{EventBody, Head, JournalFault, Opening, Received, SealedEvent, replay, seal, up_to};
use containment::plan::plan;
use containment::step::Step;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use support::*;
use time::Duration;

fn opening() -> Opening {
    let target = decide(&subject(), &standing()).unwrap();
    let verified = verified();
    Opening {
        id: IncidentId::of(&verified.instance, &verified.alarm, verified.transitioned_at),
        instance: Some(verified.instance.clone()),
        alarm: Some(verified.alarm.clone()),
        group: target.group().map(|group| group.name.clone()),
        authority: Some(target.authority().clone()),
        mode: Some(target.mode()),
        drill: false,
        transitioned_at: Some(verified.transitioned_at),
        received: Received { via: "topic".to_owned(), digest: "d".to_owned(), published_at: Some(now()) },
        state: IncidentState::Committed,
        plan: plan(&target, None),
        prior: Some(target.prior_state()),
        requested: None,
        figure: None,
        judged: None,
    }
}

/// The first event and then one for each body, a second apart; the incident as its writer kept it.
fn journal(bodies: Vec<EventBody>) -> (Vec<SealedEvent>, Head, Incident) {
    let opening = opening();
    let id = opening.id.clone();
    let mut incident = Incident::opened(&opening, now());
    let mut head = Head::start();
    let mut events = Vec::new();
    for (second, body) in std::iter::once(EventBody::Opened(Box::new(opening))).chain(bodies).enumerate() {
        let at = now() + Duration::seconds(i64::try_from(second).unwrap());
        incident.apply(&body, at);
        let (event, next) = seal(&id, &head, at, "test", body).unwrap();
        events.push(event);
        head = next;
    }
    (events, head, incident)
}

fn reported(step: Step, status: StepStatus) -> EventBody {
    EventBody::reported(step, status, Some("detail".to_owned()))
}

fn sample() -> (Vec<SealedEvent>, Head, Incident) {
    journal(vec![
        EventBody::TargetsFound { targets: Vec::new() },
        reported(Step::QuarantineNetwork, StepStatus::Done),
        EventBody::StateChanged { state: IncidentState::Isolated },
        reported(Step::StopInstance, StepStatus::failed("no")),
        EventBody::Resumed,
        EventBody::PriorExtended { interfaces: vec![interface("eni-9", &["sg-x"])], volumes: Vec::new() },
        EventBody::Severed,
        EventBody::StateChanged { state: IncidentState::Partial { steps: vec![Step::StopInstance] } },
    ])
}

#[test]
fn replaying_the_events_gives_the_incident_that_was_written() {
    let (events, head, incident) = sample();
    assert_eq!(replay(&events, &head).unwrap(), incident);
    assert!(incident.prior.unwrap().interfaces.iter().any(|known| known.id.as_str() == "eni-9"));
}

/// The events as 0.1.0 wrote them, before people could ask for a containment.
#[test]
fn a_journal_of_the_first_version_is_read_to_its_end() {
    let kept: serde_json::Value = serde_json::from_str(include_str!("fixtures/journal-0.1.0.json")).unwrap();
    let head = Head {
        sequence: u32::try_from(kept["head"]["sequence"].as_u64().unwrap()).unwrap(),
        hash: kept["head"]["hash"].as_str().unwrap().to_owned(),
    };
    let documents = kept["documents"].as_array().unwrap().iter().map(|document| document.as_str().unwrap());
    let seal = |(at, document): (usize, &str)| SealedEvent {
        sequence: u32::try_from(at + 1).unwrap(),
        document: document.to_owned(),
        hash: containment::ids::hex(&Sha256::digest(document.as_bytes())),
    };
    let incident = replay(&documents.enumerate().map(seal).collect::<Vec<_>>(), &head).unwrap();
    assert_eq!(incident.state, IncidentState::Partial { steps: vec![Step::StopInstance] });
    assert_eq!(incident.prior.unwrap().interfaces.last().unwrap().id.as_str(), "eni-9");
    assert!(incident.requested.is_none() && incident.release.is_none() && incident.evidence.is_empty());
}

#[test]
fn a_journal_of_a_newer_schema_is_told_from_a_damaged_one() {
    let (mut events, mut head, _) = sample();
    let last = events.last_mut().unwrap();
    last.document = last.document.replacen("\"schema\":1", "\"schema\":2", 1).replace("StateChanged", "StateMoved");
    last.hash = containment::ids::hex(&Sha256::digest(last.document.as_bytes()));
    head.hash = last.hash.clone();
    let fault = replay(&events, &head).unwrap_err();
    assert_eq!(fault, JournalFault::Newer { sequence: head.sequence, schema: 2 });
    assert!(fault.to_string().contains("use the version that is deployed"));
}

#[test]
fn an_altered_byte_in_any_event_is_found() {
    let (events, head, _) = sample();
    for number in 0..events.len() {
        let mut altered = events.clone();
        altered[number].document = altered[number].document.replacen("inc-", "inx-", 1);
        let sequence = altered[number].sequence;
        assert_eq!(replay(&altered, &head).unwrap_err(), JournalFault::Altered { sequence });
    }
}

#[test]
fn an_event_that_is_removed_put_in_twice_or_moved_is_found() {
    let (events, head, _) = sample();
    for number in 0..events.len() {
        let mut removed = events.clone();
        removed.remove(number);
        assert!(replay(&removed, &head).is_err(), "without event {number}");
        let mut doubled = events.clone();
        doubled.insert(number, events[number].clone());
        assert!(replay(&doubled, &head).is_err(), "with event {number} twice");
        let mut swapped = events.clone();
        swapped.swap(number, (number + 1) % events.len());
        assert!(replay(&swapped, &head).is_err(), "with event {number} moved");
    }
}

#[test]
fn a_missing_last_event_is_found_by_the_head() {
    let (mut events, head, _) = sample();
    events.pop();
    assert!(matches!(replay(&events, &head).unwrap_err(), JournalFault::HeadElsewhere { .. }));
    assert_eq!(replay(&[], &Head::start()).unwrap_err(), JournalFault::Empty);
}

#[test]
fn a_reader_beside_a_writer_sees_the_incident_as_the_head_it_read_vouches() {
    let (events, _, _) = sample();
    let earlier = Head { sequence: 3, hash: events[2].hash.clone() };
    assert!(replay(&events, &earlier).is_err());
    assert!(replay(&up_to(events, &earlier), &earlier).is_ok());
}

#[test]
fn a_rewritten_event_with_its_own_hash_breaks_the_link_after_it() {
    let (mut events, head, incident) = sample();
    let before = Head { sequence: 1, hash: events[0].hash.clone() };
    let forged = seal(&incident.id, &before, now(), "forger", EventBody::Resumed).unwrap().0;
    events[1] = forged;
    assert_eq!(replay(&events, &head).unwrap_err(), JournalFault::Unlinked { sequence: 3 });
}

#[test]
fn the_incident_id_is_one_for_one_transition_and_cannot_be_taken_by_a_forger() {
    let verified = verified();
    let id = |at| IncidentId::of(&verified.instance, &verified.alarm, at);
    assert_eq!(id(now()), id(now() + Duration::microseconds(300)), "AWS's clock is in milliseconds");
    assert_ne!(id(now()), id(now() + Duration::milliseconds(1)));
    assert_ne!(id(now()), IncidentId::of(&instance_id(1), &verified.alarm, now()));
    assert_ne!(
        id(now()),
        IncidentId::of_unverified(now(), Some(&verified.instance), &format!("{}|{NOW}000", verified.alarm))
    );
    assert_eq!(id(now()).as_str().len(), 30);
}

#[test]
fn the_state_never_says_more_than_the_steps() {
    let done = |incident: &mut Incident, step| incident.apply(&reported(step, StepStatus::Done), now());
    let mut incident = Incident::opened(&opening(), now());
    assert_eq!(incident.state_by_steps(), IncidentState::Committed);
    incident.apply(&EventBody::StateChanged { state: IncidentState::Isolated }, now());
    assert_eq!(incident.state_by_steps(), IncidentState::Settling);
    for step in Step::ALL.into_iter().filter(|step| *step != Step::Notify) {
        assert_ne!(incident.state_by_steps(), IncidentState::Contained, "{step} is missing");
        assert!(incident.is_open());
        done(&mut incident, step);
    }
    assert!(incident.is_open(), "nobody was told");
    done(&mut incident, Step::Notify);
    assert_eq!(incident.state_by_steps(), IncidentState::Contained);
    incident.apply(&reported(Step::Notify, StepStatus::failed("no")), now());
    assert_eq!(incident.state_by_steps(), IncidentState::Contained, "telling people is no part of the state");
    assert!(incident.is_open(), "they are still to be told");
}

/// All done but `step`, which failed `failures` times.
fn failing(step: Step, failures: u32) -> Incident {
    let mut incident = Incident::opened(&opening(), now());
    Step::ALL.iter().for_each(|step| incident.apply(&reported(*step, StepStatus::Done), now()));
    incident.apply(&EventBody::StateChanged { state: IncidentState::Partial { steps: vec![step] } }, now());
    for _ in 0..failures {
        incident.apply(&reported(step, StepStatus::waiting("soon")), now());
        assert!(incident.is_open() && incident.is_due(step, now()));
        incident.apply(&reported(step, StepStatus::failed("no")), now());
    }
    incident
}

#[test]
fn an_incident_stays_open_until_a_failing_step_is_left_to_people() {
    assert!(failing(Step::SnapshotVolumes, MAX_FAILURES - 1).is_open());
    let given_up = failing(Step::SnapshotVolumes, MAX_FAILURES);
    assert!(given_up.has_given_up(Step::SnapshotVolumes) && !given_up.is_open());
    assert!(!given_up.is_due(Step::SnapshotVolumes, now() + Duration::days(1)));
}

#[test]
fn what_cuts_the_instance_off_is_never_given_up_only_tried_rarely() {
    for step in [Step::QuarantineNetwork, Step::DetachFromGroup, Step::StopInstance] {
        let incident = failing(step, MAX_FAILURES);
        assert!(incident.is_open() && !incident.has_given_up(step), "{step}");
        assert!(!incident.is_due(step, now() + Duration::minutes(14)), "{step}");
        assert!(incident.is_due(step, now() + Duration::minutes(15)), "{step}");
    }
}

#[test]
fn impossible_steps_end_partial_and_closed() {
    let mut opening = opening();
    opening.plan.steps.retain(|step| *step != Step::StopInstance);
    opening.plan.impossible = vec![containment::plan::Omission { step: Step::StopInstance, why: "spot".to_owned() }];
    let mut incident = Incident::opened(&opening, now());
    let steps = opening.plan.steps.clone();
    steps.iter().for_each(|step| incident.apply(&reported(*step, StepStatus::Done), now()));
    let state = incident.state_by_steps();
    assert_eq!(state, IncidentState::Partial { steps: vec![Step::StopInstance] });
    incident.apply(&EventBody::StateChanged { state }, now());
    assert!(!incident.is_open());
}

proptest! {
    #[test]
    fn no_altered_character_goes_unseen(position in 0usize..100_000, replacement in any::<char>()) {
        let (mut events, head, _) = sample();
        let number = position % events.len();
        let characters: Vec<char> = events[number].document.chars().collect();
        let at = position % characters.len();
        prop_assume!(characters[at] != replacement);
        let altered = characters.iter().enumerate().map(|(index, old)| if index == at { replacement } else { *old });
        events[number].document = altered.collect();
        prop_assert!(replay(&events, &head).is_err());
    }

    #[test]
    fn reading_any_stored_text_never_panics(document in ".{0,200}", hash in ".{0,64}", sequence in any::<u32>()) {
        let events = [SealedEvent { sequence, document, hash: hash.clone() }];
        let head = Head { sequence, hash };
        prop_assert!(replay(&events, &head).is_err());
    }
}

#[test]
fn figures_and_findings_survive_the_journal_and_an_event_without_them_is_as_it_was() {
    let captured = |figure| {
        EventBody::EvidenceCaptured(Captured {
            capture: Capture::AtContainment,
            manifest: "m".to_owned(),
            sha256: "s".to_owned(),
            objects: 1,
            missing: Vec::new(),
            captured_at: now(),
            figure,
        })
    };
    let old = serde_json::to_string(&[EventBody::Opened(Box::new(opening())), captured(None)]).unwrap();
    assert!(!old.contains("\"figure\""), "{old}");
    let read: Vec<EventBody> = serde_json::from_str(&old).unwrap();
    assert_eq!(read, [EventBody::Opened(Box::new(opening())), captured(None)]);

    let figure = Figure { upper: Amount::new(0.3), ..Figure::new("NetworkOut", Amount::new(1.0 / 3.0).unwrap()) };
    let failed = FindingStatus::Failed { error: "throttled".to_owned() };
    let bodies = vec![captured(Some(figure.clone())), EventBody::FindingReported { status: failed }];
    let (events, head, incident) = journal(bodies);
    let replayed = replay(&events, &head).unwrap();
    assert_eq!(replayed, incident);
    assert_eq!(replayed.captured_figure(), Some(&figure));
    let stored: Incident = serde_json::from_str(&serde_json::to_string(&incident).unwrap()).unwrap();
    assert!(stored == incident && stored.finding_is_due());
}
