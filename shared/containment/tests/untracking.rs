//! When connections are untracked, what whoever resumes does about it, and when an interface counts as back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::assess::{Seen, needs_met, status};
use containment::decide::Subject;
use containment::guards::Limits;
use containment::ids::{IncidentId, InterfaceId, SecurityGroupId, VpcId};
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::{EventBody, Head, Opening, Received, replay, seal};
use containment::observed::{ObservedAllowAllGroup, OpenRule, PowerState};
use containment::operator::Operator;
use containment::plan::{Plan, plan};
use containment::release::plan_release;
use containment::request::{ManualScope, Requested, authorize_request};
use containment::step::Step;
use containment::untracking::{Readiness, Resume, not_back, readiness, resume};
use support::*;

fn requested(hold: bool, untrack: bool) -> Requested {
    let operator = serde_json::json!({
        "arn": "arn:aws:iam::123456789012:user/alice", "account": "123456789012", "user_id": "AIDA",
    });
    Requested {
        by: serde_json::from_value::<Operator>(operator).unwrap(),
        reason: "case 4711".to_owned(),
        hold,
        untrack,
        overrides: Default::default(),
        approved_by: None,
        approval_reason: None,
    }
}

fn planned(hold: bool, untrack: bool, change: impl FnOnce(&mut Subject)) -> Plan {
    let mut subject = subject();
    change(&mut subject);
    let requested = requested(hold, untrack);
    let (limits, scope) = (Limits::default(), ManualScope::OptedIn);
    plan(&authorize_request(&requested, &subject, &standing(), &limits, scope, now()).unwrap(), None)
}

fn omitted(plan: &Plan) -> bool {
    plan.not_needed.iter().chain(&plan.impossible).any(|omission| omission.step == Step::UntrackConnections)
}

#[test]
fn connections_are_untracked_only_where_a_person_asked_for_it_and_for_holding() {
    let asked = planned(true, true, |_| {});
    assert!(asked.steps.contains(&Step::UntrackConnections) && !asked.steps.contains(&Step::StopInstance));
    for (hold, untrack) in [(true, false), (false, false), (false, true)] {
        let plan = planned(hold, untrack, |_| {});
        assert!(!plan.steps.contains(&Step::UntrackConnections) && !omitted(&plan), "{hold} {untrack}");
    }
    let by_alarm = plan(&decide(&subject(), &standing()).unwrap(), None);
    assert!(!by_alarm.steps.contains(&Step::UntrackConnections) && !omitted(&by_alarm));
}

#[test]
fn the_plan_says_what_is_risked_and_that_it_may_not_work() {
    let warnings = planned(true, true, |_| {}).warnings.join("\n");
    assert!(warnings.contains("everything may reach it") && warnings.contains("best effort"), "{warnings}");
    assert!(!planned(true, false, |_| {}).warnings.join("\n").contains("everything may reach it"));
}

#[test]
fn nothing_is_opened_that_is_stopped_or_cannot_be_quarantined() {
    let stopped = planned(true, true, |subject| subject.instance.as_mut().unwrap().state = PowerState::Stopped);
    assert!(stopped.not_needed.iter().any(|omission| omission.step == Step::UntrackConnections));
    let managed = planned(true, true, |subject| subject.interfaces[1].managed_by = Some("amazon-elb".to_owned()));
    assert!(managed.impossible.iter().any(|omission| omission.step == Step::UntrackConnections));
}

fn opening(untrack: bool) -> Opening {
    let requested = requested(true, untrack);
    let target =
        authorize_request(&requested, &subject(), &standing(), &Limits::default(), ManualScope::OptedIn, now());
    let target = target.unwrap();
    Opening {
        id: IncidentId::new("inc-20260921-140000-0123456789".to_owned()),
        instance: Some(instance_id(0)),
        alarm: None,
        group: target.group().map(|group| group.name.clone()),
        authority: Some(target.authority().clone()),
        mode: Some(target.mode()),
        drill: false,
        transitioned_at: None,
        received: Received { via: "operator's request".to_owned(), digest: "d".to_owned(), published_at: None },
        state: IncidentState::Committed,
        figure: None,
        judged: None,
        plan: plan(&target, None),
        prior: Some(target.prior_state()),
        requested: Some(requested),
    }
}

fn with(status: StepStatus) -> Incident {
    let mut incident = Incident::opened(&opening(true), now());
    let done = EventBody::reported(Step::QuarantineNetwork, StepStatus::Done, None);
    incident.apply(&done, now());
    incident.apply(&EventBody::reported(Step::UntrackConnections, status, None), now());
    incident
}

#[test]
fn whoever_resumes_puts_back_what_was_begun_and_begins_nothing() {
    assert_eq!(resume(&Incident::opened(&opening(false), now())), Resume::Nothing);
    assert_eq!(resume(&Incident::opened(&opening(true), now())), Resume::NeverBegun);
    assert_eq!(resume(&with(StepStatus::waiting("begun"))), Resume::PutBack);
    assert_eq!(resume(&with(StepStatus::Done)), Resume::Nothing);
    assert_eq!(resume(&with(StepStatus::failed("interrupted"))), Resume::Nothing);
    for resumed in [Resume::NeverBegun, Resume::PutBack] {
        assert!(matches!(resumed.end(false), Some(StepStatus::Failed { .. })), "{resumed:?} is no success");
    }
    assert_eq!(Resume::Nothing.end(false), None);
}

#[test]
fn an_incident_whose_interfaces_may_be_open_is_neither_isolated_nor_contained() {
    let open = with(StepStatus::waiting("begun"));
    assert!(!open.awaits_isolation() && open.is_open());
    assert_eq!(open.state_by_steps(), IncidentState::Committed);
    assert!(with(StepStatus::Done).awaits_isolation());
    let interrupted = with(StepStatus::failed("interrupted"));
    assert!(interrupted.awaits_isolation());
    assert!(interrupted.has_given_up(Step::UntrackConnections), "it is never tried twice");
    assert_eq!(interrupted.state_by_steps(), IncidentState::Partial { steps: vec![Step::UntrackConnections] });
    assert_eq!(status(Step::UntrackConnections, &open, &Seen::default()), None, "no read ends it by itself");
}

#[test]
fn only_an_instance_that_was_seen_in_quarantine_may_be_opened() {
    let seen = |groups: &[&str]| Seen {
        interfaces: vec![interface("eni-1", groups)],
        quarantine_groups: vec![quarantine_group()],
        ..Seen::default()
    };
    assert!(needs_met(Step::UntrackConnections, &seen(&["sg-quarantine"])).is_ok());
    assert!(needs_met(Step::UntrackConnections, &seen(&["sg-quarantine", "sg-web"])).is_err());
    assert!(needs_met(Step::UntrackConnections, &seen(&["sg-web"])).is_err());
    assert!(needs_met(Step::UntrackConnections, &Seen::default()).is_err());
}

#[test]
fn an_interface_is_back_only_where_it_is_shown_in_its_empty_group_alone() {
    let groups = [quarantine_group()];
    let moved = [InterfaceId::new("eni-1")].into();
    let back = |groups_of: &[&str]| not_back(&moved, &[interface("eni-1", groups_of)], &groups).is_empty();
    assert!(back(&["sg-quarantine"]));
    assert!(!back(&["sg-allow-all"]) && !back(&["sg-quarantine", "sg-allow-all"]));
    assert_eq!(not_back(&moved, &[], &groups), moved, "what isn't shown was not seen back");
    let mut opened = quarantine_group();
    opened.egress_rules = 1;
    assert_eq!(not_back(&moved, &[interface("eni-1", &["sg-quarantine"])], &[opened]), moved);
}

#[test]
fn an_allow_all_group_is_used_only_tagged_and_with_its_four_rules_alone() {
    let vpc = VpcId::new("vpc-1");
    let id = SecurityGroupId::new("sg-allow-all");
    let ours = ObservedAllowAllGroup {
        id: id.clone(),
        vpc: vpc.clone(),
        tagged: true,
        open: OpenRule::ALL.into(),
        has_others: false,
    };
    let of = |group: ObservedAllowAllGroup| readiness(&vpc, &[group]);
    assert_eq!(of(ours.clone()), Readiness::Ready(id.clone()));
    assert_eq!(readiness(&vpc, &[]), Readiness::Missing);
    assert_eq!(of(ObservedAllowAllGroup { vpc: VpcId::new("vpc-2"), ..ours.clone() }), Readiness::Missing);
    assert_eq!(of(ObservedAllowAllGroup { tagged: false, ..ours.clone() }), Readiness::Squatted(id.clone()));
    assert_eq!(of(ObservedAllowAllGroup { has_others: true, ..ours.clone() }), Readiness::Altered(id.clone()));
    for rule in OpenRule::ALL {
        let mut lacking = ours.clone();
        lacking.open.remove(&rule);
        assert_eq!(of(lacking), Readiness::Lacking(id.clone(), vec![rule]));
    }
}

#[test]
fn a_journal_from_before_the_group_swap_is_read_and_writes_as_it_did() {
    let (event, head) =
        seal(&opening(false).id, &Head::start(), now(), "test", EventBody::Opened(Box::new(opening(false)))).unwrap();
    assert!(!event.document.contains("untrack") && !event.document.contains("Untrack"), "{}", event.document);
    let incident = replay(&[event], &head).unwrap();
    assert!(!incident.requested.as_ref().unwrap().untrack && incident.requested.as_ref().unwrap().hold);
    assert_eq!(resume(&incident), Resume::Nothing);
    let (event, head) =
        seal(&opening(true).id, &Head::start(), now(), "test", EventBody::Opened(Box::new(opening(true)))).unwrap();
    let read = replay(&[event], &head).unwrap();
    assert_eq!(read, Incident::opened(&opening(true), now()));
    assert!(read.requested.unwrap().untrack && read.steps.contains_key(&Step::UntrackConnections));
}

#[test]
fn an_interface_in_the_allow_all_group_is_drift_and_nothing_is_undone_of_the_swap() {
    let mut incident = with(StepStatus::Done);
    incident.state = IncidentState::Contained;
    let mut shown = instance();
    shown.tags.insert("cordon:incident".to_owned(), incident.id.to_string());
    let seen = |groups: &str| Seen {
        instance: Some(shown.clone()),
        interfaces: vec![interface("eni-1", &[groups]), interface("eni-2", &["sg-quarantine"])],
        quarantine_groups: vec![quarantine_group()],
        ..Seen::default()
    };
    let group = group(5);
    let refused = plan_release(&incident, &seen("sg-allow-all"), Some(&group), false).unwrap_err().to_string();
    assert!(refused.contains("eni-1") && refused.contains("sg-allow-all"), "{refused}");
    let released = plan_release(&incident, &seen("sg-quarantine"), Some(&group), false).unwrap();
    assert!(released.steps.contains(&Step::QuarantineNetwork) && !released.steps.contains(&Step::UntrackConnections));
}
