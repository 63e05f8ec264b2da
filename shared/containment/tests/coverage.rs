//! What is watched, and why the rest is not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::authority::{MODE_TAG, Mode, StandaloneEntry};
use containment::coverage::{Coverage, Fleet, ModeTag, WhyNot, coverage};
use containment::ids::GroupName;
use containment::observed::*;
use signal::AlarmState;
use support::*;

fn alarm(number: usize) -> ObservedAlarm {
    ObservedAlarm {
        arn: alarm_arn(&format!("cordon/web/i-{number}/NetworkOut")),
        definition: AlarmDefinition::Metric {
            metrics: vec![ObservedMetric {
                namespace: "AWS/EC2".to_owned(),
                name: "NetworkOut".to_owned(),
                dimensions: vec![("InstanceId".to_owned(), instance_id(number).to_string())],
                account: None,
            }],
        },
        state: AlarmState::Ok,
        transitioned_at: now(),
        evaluated: true,
        actions_enabled: true,
        actions: deployment().alarm_topics,
        figure: None,
    }
}

fn judged(fleet: &Fleet) -> Coverage {
    coverage(fleet, &deployment())
}

fn why(coverage: &Coverage, number: usize) -> Option<WhyNot> {
    coverage.uncovered.iter().find(|one| one.instance == instance_id(number)).map(|one| one.why.clone())
}

fn tagged(value: &str) -> ObservedGroup {
    let mut group = group(2);
    group.tags.insert(MODE_TAG.to_owned(), value.to_owned());
    group
}

#[test]
fn an_instance_with_an_alarm_of_its_own_is_watched_and_the_others_are_named() {
    let found = judged(&Fleet { groups: vec![group(3)], alarms: vec![alarm(0), alarm(2)], ..Fleet::default() });
    assert_eq!((found.groups[0].instances, found.groups[0].watched), (3, 2));
    assert_eq!(found.groups[0].mode, ModeTag::Enforce);
    assert_eq!((why(&found, 0), why(&found, 1)), (None, Some(WhyNot::NoAlarm)));
}

#[test]
fn an_alarm_counts_only_if_it_would_be_believed_and_acts_here() {
    let mut silent = alarm(0);
    silent.actions_enabled = false;
    let mut elsewhere = alarm(0);
    elsewhere.actions = vec!["arn:aws:sns:eu-west-1:123456789012:other".to_owned()];
    let mut forgeable = alarm(0);
    let AlarmDefinition::Metric { metrics } = &mut forgeable.definition else { panic!("a metric alarm") };
    metrics[0].namespace = "Custom".to_owned();
    for useless in [silent, elsewhere, forgeable] {
        let found = judged(&Fleet { groups: vec![group(1)], alarms: vec![useless.clone()], ..Fleet::default() });
        assert_eq!(why(&found, 0), Some(WhyNot::NoAlarm), "{useless:?}");
    }
    let mut direct = alarm(0);
    direct.actions = vec![format!("{}:live", deployment().function_arn.unwrap())];
    assert_eq!(why(&judged(&Fleet { groups: vec![group(1)], alarms: vec![direct], ..Fleet::default() }), 0), None);
}

#[test]
fn a_group_without_a_mode_and_one_with_another_word_are_told_apart() {
    let mut untagged = group(2);
    untagged.tags.clear();
    let alarms = vec![alarm(0), alarm(1)];
    let found = judged(&Fleet { groups: vec![untagged], alarms: alarms.clone(), ..Fleet::default() });
    assert_eq!(why(&found, 0), Some(WhyNot::GroupHasNoMode));
    assert_eq!(found.groups[0].watched, 2);
    let found = judged(&Fleet { groups: vec![tagged("Enforce")], alarms, ..Fleet::default() });
    assert_eq!(found.groups[0].mode, ModeTag::NotUnderstood("Enforce".to_owned()));
    assert_eq!(why(&found, 1), Some(WhyNot::ModeNotUnderstood));
}

#[test]
fn a_standalone_instance_is_covered_by_the_list_and_an_alarm_together() {
    let entry = |mode| StandaloneEntry { mode, protected: false, drills_allowed: false };
    let fleet = Fleet {
        groups: vec![group(1)],
        running: [0, 7, 8, 9].map(instance_id).into(),
        standalone: [(instance_id(7), entry(Some(Mode::Observe))), (instance_id(8), entry(Some(Mode::Enforce)))].into(),
        alarms: vec![alarm(0), alarm(7), alarm(9)],
    };
    let found = judged(&fleet);
    assert_eq!(found.standalone.len(), 3, "instance 0 is its group's");
    assert_eq!(why(&found, 7), None);
    assert_eq!(why(&found, 8), Some(WhyNot::NoAlarm));
    assert_eq!(why(&found, 9), Some(WhyNot::NotListed));
}

#[test]
fn what_is_leaving_a_group_is_not_asked_for_an_alarm_nor_taken_for_standalone() {
    let mut group = group(2);
    group.members[1].lifecycle = Lifecycle::Terminating;
    let fleet = Fleet {
        groups: vec![group],
        running: [instance_id(0), instance_id(1)].into(),
        alarms: vec![alarm(0)],
        ..Fleet::default()
    };
    let found = judged(&fleet);
    assert_eq!((found.groups[0].instances, found.uncovered.len(), found.standalone.len()), (1, 0, 0));
}

#[test]
fn alarms_over_many_instances_are_counted_and_cover_nothing_by_name() {
    let mut many = alarm(0);
    many.definition = AlarmDefinition::MultiSeries { query: "SELECT …".to_owned(), account: None };
    let found = judged(&Fleet { groups: vec![group(1)], alarms: vec![many], ..Fleet::default() });
    assert_eq!((found.alarms_over_many, why(&found, 0)), (1, Some(WhyNot::NoAlarm)));
}

#[test]
fn rows_come_in_the_order_of_their_names() {
    let named = |name: &str| ObservedGroup { name: GroupName::new(name), ..group(0) };
    let found = judged(&Fleet { groups: vec![named("web"), named("api")], ..Fleet::default() });
    assert_eq!(found.groups.iter().map(|row| row.group.as_str()).collect::<Vec<_>>(), ["api", "web"]);
}

#[test]
fn who_has_no_alarm_of_its_own_is_told_to_be_on_its_groups_fleet_alarm() {
    let mut fleet_alarm = alarm(0);
    let AlarmDefinition::Metric { metrics } = &mut fleet_alarm.definition else { panic!("a metric alarm") };
    metrics[0] = ObservedMetric {
        namespace: "Cordon".to_owned(),
        name: "FleetLogRatio".to_owned(),
        dimensions: vec![("AutoScalingGroupName".to_owned(), "web".to_owned())],
        account: None,
    };
    for (alarms, expected) in [(vec![alarm(0), fleet_alarm.clone()], true), (vec![alarm(0)], false)] {
        let found = judged(&Fleet { groups: vec![group(2)], alarms, ..Fleet::default() });
        assert_eq!((found.groups[0].watched, found.uncovered.len()), (1, 1));
        assert_eq!((&found.uncovered[0].why, found.uncovered[0].fleet_alarm), (&WhyNot::NoAlarm, expected));
    }
    fleet_alarm.actions_enabled = false;
    let found = judged(&Fleet { groups: vec![group(1)], alarms: vec![fleet_alarm], ..Fleet::default() });
    assert!(!found.uncovered[0].fleet_alarm);
}
