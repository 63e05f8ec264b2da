//! Whatever of journal, signed heads and manifests is altered, removed, swapped or replayed is found, by the check that is
//! about it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::incident::IncidentState;
use containment::journal::{Head, JournalFault};
use containment::step::Step;
use evidence::bundle::Reading;
use evidence::signed::DocumentFault;
use evidence::statement::*;
use evidence::verification::{Fault, Outcome, Subject, Warning};
use evidence::verify::verify;
use support::*;

const AT: Capture = Capture::AtContainment;

#[test]
fn a_whole_record_passes_and_says_what_was_not_captured() {
    let verification = scene().verify();
    assert_eq!(verification.outcome, Outcome::Passed, "{:#?}", verification.checks);
    // 6 events, the head, 6 signed documents thrice, coverage, the capture, 3 objects.
    assert_eq!(verification.checks.len(), 6 + 1 + 6 * 3 + 1 + 1 + 3);
    assert_eq!(verification.signed_up_to.unwrap().sequence, 6);
    let missing = |warning: &Warning| matches!(warning, Warning::MissingCapture { name, .. } if name == "screenshot");
    assert!(verification.warnings.iter().any(missing), "{:?}", verification.warnings);
    assert_eq!(verification.warnings.len(), 1);
}

#[test]
fn an_altered_event_is_found_by_its_number() {
    let mut scene = scene();
    let event = &mut scene.bundle.events[3];
    event.document = event.document.replacen("as asked", "as naked", 1);
    let fault = Fault::Journal(JournalFault::Altered { sequence: 4 });
    assert_eq!(failures(&scene.verify()), [(Subject::Event { sequence: 4 }, fault)]);
}

#[test]
fn an_event_rewritten_with_all_that_follow_is_found_by_each_later_signature() {
    let mut scene = scene();
    let event = &mut scene.bundle.events[1];
    event.document = event.document.replacen("as asked", "as naked", 1);
    scene.relink(1);
    let failures = failures(&scene.verify());
    let subjects: Vec<_> = failures.iter().map(|(subject, _)| subject.clone()).collect();
    let link = |object| Subject::JournalLink { object };
    let heads = [3, 5, 6].map(|sequence| link(scene.head_object(sequence)));
    let manifests = [AT, Capture::Later].map(|capture| link(scene.manifest_object(capture)));
    assert_eq!(subjects, [heads.as_slice(), &manifests].concat());
    assert!(failures.iter().all(|(_, fault)| matches!(fault, Fault::HashDiffers { .. })), "{failures:?}");
}

#[test]
fn a_removed_middle_event_is_found_by_its_number() {
    let mut scene = scene();
    scene.bundle.events.remove(3);
    let failures = failures(&scene.verify());
    assert_eq!(failures[0], (Subject::Event { sequence: 5 }, Fault::EventsMissing { first: 4, last: 4 }));
    let manifest = Subject::JournalLink { object: scene.manifest_object(AT) };
    assert_eq!(failures[1], (manifest, Fault::EventRemoved { sequence: 4, last: 6 }));
    assert_eq!(failures.len(), 2);
}

#[test]
fn a_removed_last_event_is_found_though_the_head_item_was_turned_back() {
    let mut scene = scene();
    scene.bundle.events.pop();
    let last = scene.bundle.events.last().unwrap();
    scene.bundle.head = Some(Head { sequence: last.sequence, hash: last.hash.clone() });
    let failures = failures(&scene.verify());
    let subjects = [scene.head_object(6), scene.manifest_object(Capture::Later)];
    let expected =
        subjects.map(|object| (Subject::JournalLink { object }, Fault::EventRemoved { sequence: 6, last: 5 }));
    assert_eq!(failures, expected);
}

#[test]
fn a_head_item_that_is_elsewhere_or_gone_is_found() {
    let mut scene = scene();
    scene.bundle.events.pop();
    scene.bundle.signed.retain(|object, _| !object.key.contains("000006") && !object.key.contains("later"));
    let elsewhere = failures(&scene.verify());
    assert!(matches!(elsewhere.as_slice(), [(Subject::TableHead, Fault::HeadElsewhere { named: 6, last: 5, .. })]));
    scene.bundle.head = None;
    assert_eq!(failures(&scene.verify()), [(Subject::TableHead, Fault::NoTableHead)]);
    scene.bundle.events.clear();
    assert!(failures(&scene.verify()).contains(&(Subject::TableHead, JournalFault::Empty.into())));
}

#[test]
fn an_altered_manifest_is_found_and_nothing_it_says_is_believed() {
    let mut scene = scene();
    let at = scene.manifest_object(AT);
    let Some(Reading::Read(bytes)) = scene.bundle.signed.get_mut(&at) else { panic!() };
    *bytes = String::from_utf8(bytes.clone()).unwrap().replacen("\"bytes\":", "\"bytes\":1", 1).into_bytes();
    let verification = scene.verify();
    let failures = failures(&verification);
    let [(subject, Fault::Document(DocumentFault::WrongSignature { fingerprint }))] = failures.as_slice() else {
        panic!("{failures:?}")
    };
    assert_eq!(*subject, Subject::Signature { object: at });
    assert_eq!(*fingerprint, verification.fingerprint);
    let unlisted = unchecked(&verification);
    assert_eq!(unlisted[0].0, Subject::Captured { capture: AT });
    assert_eq!(unlisted.len(), 3, "both of its objects are vouched for by nobody");
}

#[test]
fn manifests_swapped_between_incidents_are_found_in_both() {
    let (mut here, mut there) = (scene(), Scene::of("inc-20260921-150000-abcdefabcd"));
    let (at_here, at_there) = (here.manifest_object(AT), there.manifest_object(AT));
    let swapped = here.bundle.signed.insert(at_here, there.bundle.signed[&at_there].clone()).unwrap();
    there.bundle.signed.insert(at_there, swapped);
    for (scene, other) in [(&here, &there), (&there, &here)] {
        let object = scene.manifest_object(AT);
        let fault = Fault::OtherIncident { found: other.bundle.incident.clone() };
        assert_eq!(failures(&scene.verify()), [(Subject::Place { object }, fault)]);
    }
}

#[test]
fn events_of_another_incident_are_found_though_their_chain_holds() {
    let (mut here, there) = (scene(), Scene::of("inc-20260921-150000-abcdefabcd"));
    here.bundle.events = there.bundle.events;
    here.bundle.head = there.bundle.head;
    let failures = failures(&here.verify());
    let events = failures.iter().filter(|(subject, _)| matches!(subject, Subject::Event { .. })).count();
    assert_eq!(events, 6);
}

#[test]
fn a_journal_that_does_not_begin_with_its_opening_is_found() {
    let mut scene = scene();
    scene.bundle.events.remove(0);
    scene.relink(0);
    let failures = failures(&scene.verify());
    assert_eq!(failures[0], (Subject::Event { sequence: 1 }, JournalFault::Empty.into()));
}

#[test]
fn an_opening_later_in_the_journal_sets_no_state() {
    let mut scene = scene();
    scene.append(opening(&scene.bundle.incident.clone()));
    assert_eq!(scene.verify().outcome, Outcome::Passed);
    scene.sign_head("Contained");
    assert_eq!(failures(&scene.verify()), []);
}

#[test]
fn a_verdict_as_json_says_which_check_what_came_of_it_and_why() {
    let mut scene = scene();
    scene.bundle.events[3].document.push(' ');
    scene.append(entered(IncidentState::Settling));
    let json = serde_json::to_value(scene.verify()).unwrap();
    assert_eq!((&json["schema"], &json["outcome"]), (&1.into(), &"failed".into()));
    assert_eq!(json["signed_up_to"]["sequence"], 6);
    let check = |number: usize| json["checks"][number].clone();
    let why = "event 4 does not have the hash that its bytes give";
    let failed = serde_json::json!({"check": "event", "sequence": 4, "verdict": "failed", "why": why});
    assert_eq!(check(3), failed);
    assert_eq!(check(4), serde_json::json!({"check": "event", "sequence": 5, "verdict": "passed"}));
    let coverage = json["checks"].as_array().unwrap().iter().find(|check| check["check"] == "coverage").unwrap();
    assert_eq!(coverage["verdict"], "not-checked");
    assert_eq!(json["warnings"][0], serde_json::json!({"warning": "unsigned-events", "first": 7, "last": 7}));
}

#[test]
fn a_manifest_signed_with_another_key_is_found() {
    let mut scene = scene();
    let at = scene.manifest_object(AT);
    let Statement::Manifest(manifest) = manifest(&scene, AT) else { panic!() };
    scene.bundle.signed.insert(at.clone(), Reading::Read(signed(&signing_key(8), &Statement::Manifest(manifest))));
    let failures = failures(&scene.verify());
    assert_eq!(failures[0].0, Subject::Signature { object: at });
    assert!(matches!(failures[0].1, Fault::Document(DocumentFault::WrongSignature { .. })), "{failures:?}");
    assert_eq!(failures.len(), 1);
}

#[test]
fn nothing_of_a_record_that_another_key_signed_passes_for_ours() {
    let verification = verify(&scene().bundle, &public_key(&signing_key(8)));
    let signatures = failures(&verification);
    assert_eq!(signatures.len(), 6);
    assert!(signatures.iter().all(|(subject, _)| matches!(subject, Subject::Signature { .. })));
    assert_eq!(verification.signed_up_to, None);
}

#[test]
fn an_old_signed_head_replayed_under_a_later_number_is_found() {
    let mut scene = scene();
    let (old, last) = (scene.head_object(3), scene.head_object(6));
    scene.bundle.signed.insert(last.clone(), scene.bundle.signed[&old].clone());
    let fault = Fault::Misplaced { belongs: old.key };
    assert_eq!(failures(&scene.verify()), [(Subject::Place { object: last }, fault)]);
}

#[test]
fn a_manifest_never_passes_for_a_head_nor_for_another_capture() {
    let mut scene = scene();
    for object in [scene.head_object(4), scene.manifest_object(Capture::Later)] {
        let reading = scene.bundle.signed[&scene.manifest_object(AT)].clone();
        scene.bundle.signed.insert(object.clone(), reading);
        let belongs = scene.manifest_object(AT).key;
        assert!(failures(&scene.verify()).contains(&(Subject::Place { object }, Fault::Misplaced { belongs })));
    }
}

#[test]
fn a_signed_head_of_another_state_is_found() {
    let mut scene = scene();
    scene.sign_head("Isolated");
    let object = scene.head_object(6);
    let (expected, found) = ("Isolated".to_owned(), "Contained".to_owned());
    let fault = Fault::StateDiffers { sequence: 6, expected, found };
    assert_eq!(failures(&scene.verify()), [(Subject::JournalLink { object }, fault)]);
}

#[test]
fn a_change_of_state_that_nothing_signed_covers_is_not_checked() {
    let mut scene = scene();
    scene.append(entered(IncidentState::Partial { steps: vec![Step::StopInstance] }));
    let verification = scene.verify();
    assert_eq!(verification.outcome, Outcome::NotChecked);
    let why = &unchecked(&verification)[0];
    assert_eq!(why.0, Subject::Coverage);
    assert!(why.1.contains("event 7") && why.1.contains("Partial"), "{}", why.1);

    scene.append(entered(IncidentState::Contained));
    scene.sign_head("Contained");
    assert_eq!(scene.verify().outcome, Outcome::Passed, "a later signed head covers it");
}

#[test]
fn events_after_the_last_signature_are_warned_of() {
    let mut scene = scene();
    scene.append(reported(Step::Notify));
    let verification = scene.verify();
    assert_eq!(verification.outcome, Outcome::Passed);
    assert!(verification.warnings.contains(&Warning::UnsignedEvents { first: 7, last: 7 }));
}

#[test]
fn a_containment_without_any_signed_document_is_not_checked() {
    let mut scene = scene();
    scene.bundle.signed.clear();
    scene.bundle.objects.clear();
    let verification = scene.verify();
    assert_eq!(verification.outcome, Outcome::NotChecked);
    let subjects: Vec<_> = unchecked(&verification).into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(subjects, [Subject::Coverage, Subject::Captured { capture: AT }]);
    assert!(verification.warnings.contains(&Warning::NoLaterCapture));
}

fn manifest(scene: &Scene, capture: Capture) -> Statement {
    let Reading::Read(bytes) = &scene.bundle.signed[&scene.manifest_object(capture)] else { panic!() };
    evidence::signed::SignedDocument::parse(bytes).unwrap().verify(&public_key(&signing_key(7))).unwrap()
}
