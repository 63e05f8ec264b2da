//! Locks on snapshots: what the journal keeps of them, and that older journals go on being read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

use containment::ids::SnapshotId;
use containment::incident::StepStatus;
use containment::journal::EventBody;
use containment::plan::Plan;
use containment::snapshot_lock::{LockMode, LockTerms, ObservedLock, SnapshotLock};
use containment::step::Step;
use serde_json::{Value, json};
use time::macros::datetime;

const HELD: ObservedLock =
    ObservedLock { mode: LockMode::Governance, days: 90, until: Some(datetime!(2027-02-22 01:05 +02:00)) };

fn snapshot() -> SnapshotId {
    SnapshotId::new("snap-1")
}

#[test]
fn a_report_without_locks_is_written_and_read_as_before_there_were_any() {
    let old = json!({"event": "step-reported", "step": "SnapshotVolumes", "status": "done", "detail": null});
    let read: EventBody = serde_json::from_value(old.clone()).unwrap();
    assert_eq!(read, EventBody::reported(Step::SnapshotVolumes, StepStatus::Done, None));
    assert_eq!(serde_json::to_value(&read).unwrap(), old);
    let plan: Plan =
        serde_json::from_value(json!({"steps": [], "not_needed": [], "impossible": [], "warnings": []})).unwrap();
    assert_eq!(plan, Plan::default());
    assert_eq!(serde_json::to_value(&plan).unwrap().get("snapshot_lock"), None);
}

#[test]
fn a_report_with_locks_is_read_back_and_older_versions_find_in_it_all_that_they_know() {
    let locks = vec![SnapshotLock::held(snapshot(), HELD), SnapshotLock::missing(SnapshotId::new("snap-2"), "denied")];
    let body = EventBody::StepReported { step: Step::SnapshotVolumes, status: StepStatus::Done, detail: None, locks };
    let mut written = serde_json::to_value(&body).unwrap();
    assert_eq!(serde_json::from_value::<EventBody>(written.clone()).unwrap(), body);
    let locks = written.as_object_mut().unwrap().remove("locks").unwrap();
    assert_eq!(locks[1], json!({"snapshot": "snap-2", "lock": "missing", "why": "denied"}));
    assert_eq!(locks[0]["lock"], Value::from("held"));
    let known = serde_json::from_value::<EventBody>(written).unwrap();
    assert_eq!(known, EventBody::reported(Step::SnapshotVolumes, StepStatus::Done, None));
}

#[test]
fn a_lock_meets_terms_that_are_no_firmer_and_no_longer() {
    let terms = |mode, days| LockTerms { mode, days };
    assert!(HELD.meets(&terms(LockMode::Governance, 90)));
    assert!(!HELD.meets(&terms(LockMode::Governance, 91)));
    assert!(!HELD.meets(&terms(LockMode::Compliance, 90)));
    assert!(ObservedLock { mode: LockMode::Compliance, ..HELD }.meets(&terms(LockMode::Governance, 1)));
}

#[test]
fn people_read_until_when_in_utc_and_what_is_missing_in_capitals() {
    let told = |lock: SnapshotLock| lock.to_string();
    assert_eq!(told(SnapshotLock::held(snapshot(), HELD)), "snap-1 is locked (governance) until 2027-02-21 23:05 UTC");
    let pending = ObservedLock { until: None, ..HELD };
    let waits = "snap-1 is locked (governance) for 90 days from when it is complete";
    assert_eq!(told(SnapshotLock::held(snapshot(), pending)), waits);
    assert_eq!(told(SnapshotLock::missing(snapshot(), "denied")), "snap-1 is NOT LOCKED: denied");
}
