//! Every guard on both sides of its limit, and the authority that comes before them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::authority::{Mode, PROTECTED_TAG, StandaloneEntry};
use containment::breaker::{Breaker, Slot};
use containment::decide::{AuthorizedInstance, authorize};
use containment::guards::{Freeze, Guard, Limits, Surroundings, standing as guards_standing};
use containment::ids::IncidentId;
use containment::observed::{Alarming, Lifecycle, PowerState};
use containment::refusal::Refusal;
use proptest::prelude::*;
use support::*;
use time::Duration;

fn guard_of(result: Result<AuthorizedInstance, Refusal>) -> Option<Guard> {
    match result {
        Ok(_) => None,
        Err(Refusal::Guarded { guard, .. }) => Some(guard),
        Err(other) => panic!("refused for another reason: {other}"),
    }
}

#[test]
fn an_ordinary_instance_of_an_enforced_group_passes() {
    let target = decide(&subject(), &standing()).unwrap();
    assert_eq!(target.mode(), Mode::Enforce);
}

#[test]
fn a_group_without_a_mode_tag_is_left_alone() {
    for value in [None, Some(""), Some("ENFORCE"), Some("yes")] {
        let mut subject = subject();
        let tags = &mut subject.group.as_mut().unwrap().tags;
        tags.clear();
        if let Some(value) = value {
            tags.insert("cordon:mode".to_owned(), value.to_owned());
        }
        assert_eq!(decide(&subject, &standing()).unwrap_err(), Refusal::NotOptedIn, "{value:?}");
    }
}

#[test]
fn tags_of_the_instance_give_no_authority() {
    let mut subject = subject();
    subject.group.as_mut().unwrap().tags.clear();
    subject.instance.as_mut().unwrap().tags.insert("cordon:mode".to_owned(), "enforce".to_owned());
    assert_eq!(decide(&subject, &standing()).unwrap_err(), Refusal::NotOptedIn);
}

#[test]
fn an_instance_that_tags_itself_protected_is_contained_all_the_same() {
    let mut subject = subject();
    subject.instance.as_mut().unwrap().tags.insert(PROTECTED_TAG.to_owned(), "true".to_owned());
    assert!(decide(&subject, &standing()).is_ok());
}

#[test]
fn the_weaker_of_deployment_mode_and_group_mode_counts() {
    for (deployment, group, expected) in [
        (Mode::Enforce, "enforce", Mode::Enforce),
        (Mode::Observe, "enforce", Mode::Observe),
        (Mode::Enforce, "observe", Mode::Observe),
    ] {
        let mut subject = subject();
        subject.group.as_mut().unwrap().tags.insert("cordon:mode".to_owned(), group.to_owned());
        let target =
            authorize(&verified(), Some(&unusual()), &subject, &standing(), &Limits::default(), deployment, now())
                .unwrap();
        assert_eq!(target.mode(), expected);
    }
}

#[test]
fn a_protected_group_is_left_alone() {
    let mut subject = subject();
    subject.group.as_mut().unwrap().tags.insert(PROTECTED_TAG.to_owned(), "true".to_owned());
    assert_eq!(guard_of(decide(&subject, &standing())), Some(Guard::Protected));
}

#[test]
fn a_standalone_instance_needs_an_entry_of_its_own() {
    let mut subject = subject();
    (subject.group, subject.membership) = (None, None);
    assert_eq!(decide(&subject, &standing()).unwrap_err(), Refusal::NotOptedIn);
    let entry = |mode, protected| StandaloneEntry { mode, protected, drills_allowed: false };
    subject.standalone = Some(entry(None, false));
    assert_eq!(decide(&subject, &standing()).unwrap_err(), Refusal::NotOptedIn);
    subject.standalone = Some(entry(Some(Mode::Enforce), true));
    assert_eq!(guard_of(decide(&subject, &standing())), Some(Guard::Protected));
    subject.standalone = Some(entry(Some(Mode::Enforce), false));
    assert!(decide(&subject, &standing()).is_ok());
}

#[test]
fn an_entry_for_standalone_instances_does_not_opt_in_a_member_of_a_group() {
    let mut subject = subject();
    subject.group.as_mut().unwrap().tags.clear();
    subject.standalone = Some(StandaloneEntry { mode: Some(Mode::Enforce), protected: false, drills_allowed: false });
    assert_eq!(decide(&subject, &standing()).unwrap_err(), Refusal::NotOptedIn);
    subject.group = None;
    assert_eq!(decide(&subject, &standing()).unwrap_err(), Refusal::NotOptedIn, "its group could not be read back");
}

#[test]
fn a_drill_needs_the_groups_permission() {
    let mut drill = verified();
    drill.drill = true;
    let mut subject = subject();
    let decide = |subject: &_| authorize(&drill, None, subject, &standing(), &Limits::default(), Mode::Enforce, now());
    assert!(matches!(decide(&subject).unwrap_err(), Refusal::DrillNotAllowed { .. }));
    allow_drills(subject.group.as_mut().unwrap());
    assert!(decide(&subject).is_ok());
}

#[test]
fn a_terminated_or_operator_managed_instance_cannot_be_contained() {
    let mut terminated = subject();
    terminated.instance.as_mut().unwrap().state = PowerState::Terminated;
    assert!(matches!(decide(&terminated, &standing()).unwrap_err(), Refusal::NotContainable { .. }));
    let mut managed = subject();
    managed.instance.as_mut().unwrap().operator_managed = true;
    assert!(matches!(decide(&managed, &standing()).unwrap_err(), Refusal::NotContainable { .. }));
    let mut missing = subject();
    missing.instance = None;
    assert_eq!(decide(&missing, &standing()).unwrap_err(), Refusal::InstanceNotFound);
}

#[test]
fn a_freeze_stops_everything_until_it_expires() {
    let freeze = |expires_at| Some(Freeze { by: "ana".to_owned(), reason: "a sale".to_owned(), expires_at });
    for (expiry, stopped) in [(None, true), (Some(now() + Duration::SECOND), true), (Some(now()), false)] {
        let mut standing = standing();
        standing.freeze = freeze(expiry);
        let guard = guard_of(decide(&subject(), &standing));
        assert_eq!(guard, stopped.then_some(Guard::Freeze), "{expiry:?}");
    }
}

#[test]
fn a_released_instance_is_left_alone_for_the_cool_down() {
    for (ago, stopped) in [(Duration::minutes(59), true), (Duration::minutes(60), false)] {
        let mut standing = standing();
        standing.released_at = Some(now() - ago);
        assert_eq!(guard_of(decide(&subject(), &standing)), stopped.then_some(Guard::CoolDown), "{ago}");
    }
}

/// `alarming` of the `others` in-service members alarm beside the instance itself.
fn fleet(others: usize, alarming: usize) -> Option<Guard> {
    let mut subject = subject();
    subject.group = Some(group(others + 1));
    let mut standing = standing();
    standing.alarming.instances = (0..=alarming).map(instance_id).collect();
    guard_of(decide(&subject, &standing))
}

#[test]
fn a_fleet_event_is_three_others_and_a_fifth_of_the_others() {
    assert_eq!(fleet(5, 2), None);
    assert_eq!(fleet(5, 3), Some(Guard::FleetEvent));
    assert_eq!(fleet(15, 3), Some(Guard::FleetEvent), "exactly 20 %");
    assert_eq!(fleet(16, 3), None, "below 20 %");
    assert_eq!(fleet(299, 49), None, "50 of 300 are an attack on many, not a fleet event");
    assert_eq!(fleet(299, 60), Some(Guard::FleetEvent));
}

#[test]
fn only_in_service_members_make_a_fleet_event() {
    let mut subject = subject();
    let members = &mut subject.group.as_mut().unwrap().members;
    members[1].lifecycle = Lifecycle::Standby;
    let mut standing = standing();
    standing.alarming.instances = (0..=3).chain(500..600).map(instance_id).collect();
    assert_eq!(guard_of(decide(&subject, &standing)), None);
}

#[test]
fn alarms_that_could_not_all_be_read_count_as_a_fleet_event() {
    let mut standing = standing();
    standing.alarming = Alarming { complete: false, ..standing.alarming };
    assert_eq!(guard_of(decide(&subject(), &standing)), Some(Guard::FleetEvent));
}

#[test]
fn a_group_has_at_most_its_count_and_its_share_in_the_window() {
    let minutes = |ages: &[i64]| breaker(&ages.iter().map(|age| Duration::minutes(*age)).collect::<Vec<_>>());
    let with = |size, ages: &[i64]| {
        let mut subject = subject();
        subject.group = Some(group(size));
        let mut standing = standing();
        standing.group_breaker = minutes(ages);
        guard_of(decide(&subject, &standing))
    };
    assert_eq!(with(100, &[1, 2]), None);
    assert_eq!(with(100, &[1, 2, 3]), Some(Guard::GroupLimit), "three in the window are the default");
    assert_eq!(with(100, &[1, 2, 60]), None, "one has left the window");
    assert_eq!(with(6, &[]), None);
    assert_eq!(with(6, &[1]), Some(Guard::GroupLimit), "25 % of six is one");
    assert_eq!(with(2, &[]), None, "one is always allowed");
}

#[test]
fn containments_that_were_not_replaced_count_beyond_the_window() {
    let mut subject = subject();
    let mut shrunken = group(12);
    shrunken.members.truncate(9);
    subject.group = Some(shrunken);
    let mut standing = standing();
    standing.group_breaker = breaker(&[Duration::hours(2), Duration::hours(3), Duration::hours(4)]);
    assert_eq!(guard_of(decide(&subject, &standing)), Some(Guard::GroupLimit));
    subject.group = Some(group(12));
    assert_eq!(guard_of(decide(&subject, &standing)), None, "all replaced");
}

#[test]
fn old_slots_do_not_count_for_ever_and_the_instance_itself_is_no_gap() {
    let mut subject = subject();
    let mut standing = standing();
    standing.group_breaker = breaker(&[Duration::hours(3)]);
    subject.group.as_mut().unwrap().members[0].healthy = false;
    assert_eq!(guard_of(decide(&subject, &standing)), None, "what it runs may make it unhealthy");
    subject.group.as_mut().unwrap().members[1].healthy = false;
    assert_eq!(guard_of(decide(&subject, &standing)), Some(Guard::GroupLimit));
    standing.group_breaker = breaker(&[Duration::days(30)]);
    assert_eq!(guard_of(decide(&subject, &standing)), None, "a month ago");
}

#[test]
fn the_account_has_at_most_its_count_in_the_window() {
    for (used, stopped) in [(9, false), (10, true)] {
        let mut standing = standing();
        standing.account_breaker = breaker(&vec![Duration::minutes(5); used]);
        assert_eq!(guard_of(decide(&subject(), &standing)), stopped.then_some(Guard::AccountLimit));
    }
}

#[test]
fn healthy_instances_must_remain_and_committed_containments_no_longer_count() {
    let mut subject = subject();
    let mut two = group(2);
    subject.group = Some(two.clone());
    assert_eq!(guard_of(decide(&subject, &standing())), None);
    two.members[1].healthy = false;
    subject.group = Some(two);
    assert_eq!(guard_of(decide(&subject, &standing())), Some(Guard::HealthyFloor));

    let mut standing = standing();
    let held = Slot { incident: IncidentId::new("inc"), instance: instance_id(1), at: now() - Duration::hours(2) };
    standing.group_breaker = Breaker { version: 1, slots: vec![held] };
    let mut limits = Limits { group_percent: 100, ..Limits::default() };
    let mut of_two = support::subject();
    of_two.group = Some(group(2));
    let decide =
        |limits: &Limits| authorize(&verified(), Some(&unusual()), &of_two, &standing, limits, Mode::Enforce, now());
    assert_eq!(guard_of(decide(&limits)), Some(Guard::HealthyFloor), "the other one is about to leave");
    limits.min_healthy = 0;
    assert_eq!(guard_of(decide(&limits)), None);
}

#[test]
fn a_slot_from_the_future_still_counts() {
    let mut standing = standing();
    standing.group_breaker = breaker(&[-Duration::hours(1)]);
    assert_eq!(guard_of(decide(&subject(), &standing)), Some(Guard::GroupLimit));
}

proptest! {
    /// Whatever the surroundings are, a closed breaker never opens by one more containment, and versions only grow.
    #[test]
    fn one_more_slot_never_opens_a_guard(ages in prop::collection::vec(0i64..10_000, 0..12), size in 1usize..60, missing in 0usize..10) {
        let ages: Vec<Duration> = ages.into_iter().map(Duration::seconds).collect();
        let before = breaker(&ages);
        let slot = Slot { incident: IncidentId::new("inc-new"), instance: instance_id(7777), at: now() };
        let after = before.with(slot, now());
        prop_assert_eq!(after.version, before.version + 1);
        let mut group = group(size);
        group.members.truncate(size.saturating_sub(missing).max(1));
        let alarming = Alarming { complete: true, ..Alarming::default() };
        let id = instance_id(0);
        let guards = |breaker: &Breaker| {
            let around = Surroundings {
                now: now(), instance: &id, group: Some(&group), protected: false, alarming: &alarming,
                group_breaker: breaker, account_breaker: breaker, freeze: None, released_at: None,
            };
            guards_standing(&Limits::default(), &around).into_iter().map(|(guard, _)| guard).collect::<Vec<_>>()
        };
        let (closed_before, closed_after) = (guards(&before), guards(&after));
        prop_assert!(closed_before.iter().all(|guard| closed_after.contains(guard)), "{closed_before:?} {closed_after:?}");
    }
}
