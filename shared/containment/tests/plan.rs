//! What is planned for every kind of instance, and that nothing is planned that would destroy evidence.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::ids::VpcId;
use containment::observed::{Lifecycle, ObservedSecurityGroup, PowerState};
use containment::plan::{Plan, plan};
use containment::quarantine::{Readiness, outside, readiness};
use containment::step::{Need, Step, Wave};
use support::*;

fn planned(change: impl FnOnce(&mut containment::decide::Subject)) -> Plan {
    let mut subject = subject();
    change(&mut subject);
    plan(&decide(&subject, &standing()).unwrap(), None)
}

fn with_lifecycle(lifecycle: Lifecycle) -> Plan {
    planned(|subject| subject.membership.as_mut().unwrap().lifecycle = lifecycle)
}

fn impossible(plan: &Plan) -> Vec<Step> {
    plan.impossible.iter().map(|omission| omission.step).collect()
}

/// What an alarm's plan speaks of: nothing opens an instance that nobody asked to open.
fn all_but_untracking() -> Vec<Step> {
    Step::ALL.into_iter().filter(|step| *step != Step::UntrackConnections).collect()
}

#[test]
fn a_running_member_of_a_group_gets_every_step() {
    let plan = planned(|_| {});
    assert_eq!(plan.steps, all_but_untracking());
    assert!(plan.not_needed.is_empty() && plan.impossible.is_empty());
}

#[test]
fn standby_pending_and_detaching_members_are_still_to_be_detached() {
    for lifecycle in [Lifecycle::Standby, Lifecycle::Pending, Lifecycle::Detaching] {
        assert!(with_lifecycle(lifecycle).steps.contains(&Step::DetachFromGroup), "{lifecycle:?}");
    }
}

#[test]
fn a_standalone_instance_is_not_detached_and_still_stopped() {
    let plan = planned(|subject| {
        (subject.group, subject.membership) = (None, None);
        let mode = Some(containment::authority::Mode::Enforce);
        subject.standalone =
            Some(containment::authority::StandaloneEntry { mode, protected: false, drills_allowed: false });
    });
    assert!(!plan.steps.contains(&Step::DetachFromGroup));
    assert!(plan.steps.contains(&Step::StopInstance));
    assert!(plan.impossible.is_empty());
}

#[test]
fn a_member_that_its_group_terminates_is_isolated_and_its_evidence_secured() {
    let plan = with_lifecycle(Lifecycle::Terminating);
    for step in [Step::QuarantineNetwork, Step::ProtectEvidence, Step::SnapshotVolumes] {
        assert!(plan.steps.contains(&step), "{step}");
    }
    assert!(!plan.steps.contains(&Step::StopInstance) && !plan.steps.contains(&Step::DetachFromGroup));
}

#[test]
fn a_warm_pools_instance_is_isolated_and_what_cannot_be_done_is_said() {
    assert_eq!(impossible(&with_lifecycle(Lifecycle::Warmed)), [Step::DetachFromGroup, Step::StopInstance]);
}

#[test]
fn instances_that_a_stop_would_destroy_are_never_stopped() {
    let instance_store = planned(|subject| subject.instance.as_mut().unwrap().root_is_instance_store = true);
    let spot = planned(|subject| subject.instance.as_mut().unwrap().spot = true);
    for plan in [instance_store, spot] {
        assert!(!plan.steps.contains(&Step::StopInstance));
        assert_eq!(impossible(&plan), [Step::StopInstance]);
    }
}

#[test]
fn steps_without_an_object_are_left_out_with_their_reason() {
    let plan = planned(|subject| {
        let instance = subject.instance.as_mut().unwrap();
        instance.volumes.clear();
        instance.profile_arn = None;
        instance.state = PowerState::Stopped;
    });
    let left_out: Vec<Step> = plan.not_needed.iter().map(|omission| omission.step).collect();
    assert_eq!(left_out, [Step::SnapshotVolumes, Step::RevokeCredentials, Step::StopInstance]);
    assert!(plan.not_needed.iter().all(|omission| !omission.why.is_empty()));
}

#[test]
fn managed_interfaces_are_reported() {
    let plan = planned(|subject| subject.interfaces[1].managed_by = Some("amazon-elb".to_owned()));
    assert!(plan.warnings.iter().any(|warning| warning.contains("eni-2") && warning.contains("amazon-elb")));
}

#[test]
fn every_step_is_in_exactly_one_list_whatever_the_instance() {
    for lifecycle in
        [Lifecycle::Pending, Lifecycle::InService, Lifecycle::Standby, Lifecycle::Detached, Lifecycle::Warmed]
    {
        for state in [
            PowerState::Pending,
            PowerState::Running,
            PowerState::Stopping,
            PowerState::Stopped,
            PowerState::ShuttingDown,
        ] {
            let plan = planned(|subject| {
                subject.membership.as_mut().unwrap().lifecycle = lifecycle;
                subject.instance.as_mut().unwrap().state = state;
            });
            let omitted = plan.not_needed.iter().chain(&plan.impossible).map(|omission| omission.step);
            let mut all: Vec<Step> = plan.steps.iter().copied().chain(omitted).collect();
            all.sort_unstable();
            assert_eq!(all, all_but_untracking(), "{lifecycle:?} {state:?}");
        }
    }
}

#[test]
fn only_the_stop_waits_for_the_group_only_the_group_swap_for_quarantine_and_the_cut_comes_first() {
    for step in Step::ALL {
        let needs: &[Need] = match step {
            Step::StopInstance => &[Need::OutOfGroup],
            Step::UntrackConnections => &[Need::Quarantined],
            _ => &[],
        };
        assert_eq!(step.needs(), needs, "{step}");
        assert!(!step.iam_actions().is_empty(), "{step}");
    }
    assert_eq!(Step::QuarantineNetwork.wave(), Wave::Cut);
    assert_eq!(Step::DetachFromGroup.wave(), Wave::Cut);
    assert!(Step::SnapshotVolumes.wave() < Step::StopInstance.wave());
}

#[test]
fn a_quarantine_group_is_used_only_tagged_and_empty() {
    let vpc = VpcId::new("vpc-1");
    let good = quarantine_group();
    assert_eq!(readiness(&vpc, &[]), Readiness::Missing);
    assert_eq!(readiness(&VpcId::new("vpc-2"), std::slice::from_ref(&good)), Readiness::Missing);
    assert_eq!(readiness(&vpc, std::slice::from_ref(&good)), Readiness::Ready(good.id.clone()));
    let squatted = ObservedSecurityGroup { tagged: false, ..good.clone() };
    assert_eq!(readiness(&vpc, std::slice::from_ref(&squatted)), Readiness::Squatted(good.id.clone()));
    for (ingress_rules, egress_rules) in [(1, 0), (0, 1)] {
        let open = ObservedSecurityGroup { ingress_rules, egress_rules, ..good.clone() };
        assert_eq!(readiness(&vpc, std::slice::from_ref(&open)), Readiness::NotEmpty(open.clone()));
        let inside = [interface("eni-1", &["sg-quarantine"])];
        assert_eq!(outside(&inside, &[open]).len(), 1, "being in a group with rules is not isolation");
    }
}

#[test]
fn an_interface_with_a_second_group_is_not_isolated() {
    let groups = [quarantine_group()];
    assert!(outside(&[interface("eni-1", &["sg-quarantine"])], &groups).is_empty());
    assert_eq!(outside(&[interface("eni-1", &["sg-quarantine", "sg-web"])], &groups).len(), 1);
    assert_eq!(outside(&[interface("eni-1", &[])], &groups).len(), 1);
}
