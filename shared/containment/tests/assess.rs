//! What AWS shows decides how far a step is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::assess::{INCIDENT_TAG, Seen, needs_met, status};
use containment::ids::{IncidentId, SnapshotId, TargetGroupArn, VolumeId};
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::{Opening, Received};
use containment::observed::*;
use containment::plan::plan;
use containment::revocation::{document, policy_name, trusts_only_ec2};
use containment::step::Step;
use support::*;

fn incident() -> Incident {
    let target = decide(&subject(), &standing()).unwrap();
    let mut prior = target.prior_state();
    prior.targets = Some(vec![target_of(false)]);
    let opening = Opening {
        id: IncidentId::new("inc-1"),
        instance: Some(instance_id(0)),
        alarm: None,
        group: None,
        authority: None,
        mode: None,
        drill: false,
        transitioned_at: None,
        received: Received { via: String::new(), digest: String::new(), published_at: None },
        state: IncidentState::Committed,
        plan: plan(&target, None),
        prior: Some(prior),
        requested: None,
        figure: None,
        judged: None,
    };
    Incident::opened(&opening, now())
}

fn target_of(draining: bool) -> Target {
    Target { group: TargetGroupArn::new("tg"), id: instance_id(0).to_string(), port: Some(80), draining }
}

fn snapshot(state: SnapshotState) -> ObservedSnapshot {
    ObservedSnapshot { id: SnapshotId::new("snap-1"), volume: VolumeId::new("vol-1"), state }
}

/// As AWS shows an instance whose containment is complete.
fn contained() -> Seen {
    let mut instance = instance();
    instance.state = PowerState::Stopped;
    instance.volumes[0].delete_on_termination = false;
    instance.tags.insert(INCIDENT_TAG.to_owned(), "inc-1".to_owned());
    Seen {
        instance: Some(instance),
        interfaces: vec![interface("eni-1", &["sg-quarantine"]), interface("eni-2", &["sg-quarantine"])],
        quarantine_groups: vec![quarantine_group()],
        membership: None,
        protection: Some(Protection { termination: true, stop: false }),
        snapshots: Some(vec![snapshot(SnapshotState::Completed)]),
        targets: Some(Vec::new()),
        ..Seen::default()
    }
}

fn kind(step: Step, change: impl FnOnce(&mut Seen)) -> &'static str {
    let mut seen = contained();
    change(&mut seen);
    match status(step, &incident(), &seen) {
        None => "unseen",
        Some(StepStatus::Planned) => "planned",
        Some(StepStatus::Done) => "done",
        Some(StepStatus::Waiting { .. }) => "waiting",
        Some(StepStatus::Failed { .. }) => "failed",
    }
}

fn lifecycle(seen: &mut Seen, lifecycle: Lifecycle) {
    let mut membership = group(6).membership(&instance_id(0)).unwrap();
    membership.lifecycle = lifecycle;
    seen.membership = Some(membership);
}

#[test]
fn a_complete_containment_shows_every_visible_step_done() {
    for step in Step::ALL {
        let expected = match step {
            Step::UntrackConnections | Step::CaptureMetadata | Step::RevokeCredentials | Step::Notify => "unseen",
            _ => "done",
        };
        assert_eq!(kind(step, |_| {}), expected, "{step}");
    }
}

#[test]
fn one_interface_outside_an_empty_quarantine_group_is_not_isolation() {
    assert_eq!(kind(Step::QuarantineNetwork, |seen| seen.interfaces[1] = interface("eni-2", &["sg-web"])), "failed");
    assert_eq!(kind(Step::QuarantineNetwork, |seen| seen.quarantine_groups[0].egress_rules = 1), "failed");
    assert_eq!(kind(Step::QuarantineNetwork, |seen| seen.interfaces[0].managed_by = Some("x".to_owned())), "failed");
}

#[test]
fn seeing_no_interface_is_not_having_seen_it_isolated() {
    assert_eq!(kind(Step::QuarantineNetwork, |seen| seen.interfaces.clear()), "failed");
}

#[test]
fn what_could_not_be_read_leaves_the_record_alone() {
    assert_eq!(kind(Step::SnapshotVolumes, |seen| seen.snapshots = None), "unseen");
    assert_eq!(kind(Step::ProtectEvidence, |seen| seen.protection = None), "unseen");
    assert_eq!(kind(Step::DeregisterTargets, |seen| seen.targets = None), "unseen");
}

#[test]
fn a_stop_that_the_group_forbids_is_waited_for_and_has_not_failed() {
    let running_in = |state| {
        kind(Step::StopInstance, |seen| {
            seen.instance.as_mut().unwrap().state = PowerState::Running;
            lifecycle(seen, state);
        })
    };
    assert_eq!(running_in(Lifecycle::InService), "waiting");
    assert_eq!(running_in(Lifecycle::Pending), "waiting");
    assert_eq!(running_in(Lifecycle::Standby), "failed");
}

#[test]
fn group_states_are_told_apart() {
    for (state, expected) in [
        (Lifecycle::InService, "failed"),
        (Lifecycle::Standby, "failed"),
        (Lifecycle::Pending, "waiting"),
        (Lifecycle::Detaching, "waiting"),
        (Lifecycle::Detached, "done"),
    ] {
        assert_eq!(kind(Step::DetachFromGroup, |seen| lifecycle(seen, state)), expected, "{state:?}");
    }
}

#[test]
fn the_stop_is_allowed_only_once_the_group_has_let_go() {
    for (state, allowed) in [
        (Lifecycle::InService, false),
        (Lifecycle::Pending, false),
        (Lifecycle::Warmed, false),
        (Lifecycle::Terminating, false),
        (Lifecycle::Standby, true),
        (Lifecycle::Detaching, true),
        (Lifecycle::Detached, true),
    ] {
        let mut seen = contained();
        lifecycle(&mut seen, state);
        assert_eq!(needs_met(Step::StopInstance, &seen).is_ok(), allowed, "{state:?}");
    }
    assert!(needs_met(Step::StopInstance, &Seen::default()).is_ok());
}

#[test]
fn power_snapshots_targets_protection_and_tag_are_read_not_assumed() {
    assert_eq!(kind(Step::StopInstance, |seen| seen.instance.as_mut().unwrap().state = PowerState::Running), "failed");
    assert_eq!(
        kind(Step::StopInstance, |seen| seen.instance.as_mut().unwrap().state = PowerState::Stopping),
        "waiting"
    );
    assert_eq!(kind(Step::SnapshotVolumes, |seen| seen.snapshots = Some(Vec::new())), "failed");
    assert_eq!(
        kind(Step::SnapshotVolumes, |seen| seen.snapshots = Some(vec![snapshot(SnapshotState::Pending)])),
        "waiting"
    );
    assert_eq!(
        kind(Step::SnapshotVolumes, |seen| seen.snapshots = Some(vec![snapshot(SnapshotState::Error)])),
        "failed"
    );
    assert_eq!(kind(Step::DeregisterTargets, |seen| seen.targets = Some(vec![target_of(false)])), "failed");
    assert_eq!(kind(Step::DeregisterTargets, |seen| seen.targets = Some(vec![target_of(true)])), "waiting");
    assert_eq!(kind(Step::ProtectEvidence, |seen| seen.protection = Some(Protection::default())), "failed");
    let doomed = |seen: &mut Seen| seen.instance.as_mut().unwrap().volumes[0].delete_on_termination = true;
    assert_eq!(kind(Step::ProtectEvidence, doomed), "failed");
    assert_eq!(kind(Step::TagInstance, |seen| seen.instance.as_mut().unwrap().tags.clear()), "failed");
}

#[test]
fn registrations_not_looked_up_yet_are_left_to_the_record() {
    let mut incident = incident();
    incident.prior.as_mut().unwrap().targets = None;
    assert_eq!(status(Step::DeregisterTargets, &incident, &contained()), None);
}

#[test]
fn a_terminated_instance_is_severed_and_its_network_is_gone() {
    let mut seen = contained();
    seen.instance = None;
    assert!(seen.is_severed());
    assert_eq!(status(Step::QuarantineNetwork, &incident(), &seen), Some(StepStatus::Done));
    assert_eq!(status(Step::StopInstance, &incident(), &seen), Some(StepStatus::Done));
}

#[test]
fn the_deny_names_one_instance_twice_and_nothing_else_varies() {
    let text =
        document("aws", &"eu-west-1".parse().unwrap(), &"123456789012".parse().unwrap(), &instance_id(0), "AROAX");
    let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 2);
    assert!(statements.iter().all(|statement| statement["Effect"] == "Deny" && statement["Action"] == "*"));
    let arn = format!("arn:aws:ec2:eu-west-1:123456789012:instance/{}", instance_id(0));
    assert_eq!(statements[0]["Condition"]["ArnEquals"]["ec2:SourceInstanceARN"], arn);
    assert_eq!(statements[1]["Condition"]["StringEquals"]["aws:userid"], format!("AROAX:{}", instance_id(0)));
    assert_eq!(policy_name(&IncidentId::new("inc-1")), "cordon-inc-1");
}

#[test]
fn only_a_role_that_trusts_ec2_alone_may_be_written_to() {
    let trusts = |principal: &str| {
        trusts_only_ec2(&format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
        ))
    };
    assert!(trusts(r#"{"Service":"ec2.amazonaws.com"}"#));
    assert!(trusts(r#"{"Service":["ec2.amazonaws.com"]}"#));
    for principal in [
        r#"{"Service":"lambda.amazonaws.com"}"#,
        r#"{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}"#,
        r#"{"Service":"ec2.amazonaws.com","AWS":"123456789012"}"#,
        r#"{"Service":[]}"#,
        r#""*""#,
        r#"{"AWS":"*"}"#,
    ] {
        assert!(!trusts(principal), "{principal}");
    }
    let mixed = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"}},{"Effect":"Allow","Principal":"*"}]}"#;
    assert!(!trusts_only_ec2(mixed));
    for unreadable in ["", "{}", r#"{"Statement":[]}"#, r#"{"Statement":"x"}"#, r#"{"Statement":[{"Effect":"Deny"}]}"#]
    {
        assert!(!trusts_only_ec2(unreadable), "{unreadable}");
    }
}
