//! The plan against every state: applying it leaves nothing to do, and what isn't Cordon's is never touched.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken test must stop at once")]

use containment::attack::TimeRange;
use containment::ids::{GroupName, SecurityGroupId, VpcId};
use containment::observed::{GroupMember, Lifecycle, ObservedGroup, ObservedSecurityGroup};
use detection::thresholds::Thresholds;
use enrolment::{
    Call, Detector, Limit, Machine, MetricName, Price, Seen, SeenAlarm, Settings, Training, Why, alarm_name,
    fleet_alarm_name, holds_to_ask, owners_to_ask, plan, wanted_fleet_shape, wanted_shape,
};
use proptest::prelude::*;
use signal::{AlarmHint, InstanceId};
use std::collections::{BTreeMap, BTreeSet};

fn settings(metrics: &[&str], quota: usize, detailed_monitoring: bool) -> Settings {
    Settings {
        metrics: metrics.iter().map(|name| name.parse().unwrap()).collect(),
        width: "3".parse().unwrap(),
        datapoints: 2,
        periods: 3,
        topic: "arn:aws:sns:eu-west-1:123456789012:alarms".to_owned(),
        quota,
        detailed_monitoring,
        price: Price::LIST,
    }
}

fn id(number: usize) -> InstanceId {
    format!("i-{number:017x}").parse().unwrap()
}

fn group(name: &str, mode: Option<&str>, members: &[(usize, Lifecycle)]) -> ObservedGroup {
    let member = |(number, lifecycle): &(usize, Lifecycle)| GroupMember {
        instance: id(*number),
        lifecycle: *lifecycle,
        healthy: true,
        protected_from_scale_in: false,
    };
    ObservedGroup {
        name: GroupName::new(name),
        desired: 1,
        min: 0,
        max: 9,
        members: members.iter().map(member).collect(),
        target_groups: Vec::new(),
        tags: mode.map(|mode| ("cordon:mode".to_owned(), mode.to_owned())).into_iter().collect(),
    }
}

/// What AWS shows after the calls.
fn apply(seen: &mut Seen, calls: &[Call]) {
    for call in calls {
        match call {
            Call::MakeQuarantineGroup(vpc) => seen.quarantine.push(quarantine(vpc, 0)),
            Call::EmptyQuarantineGroup(group) => {
                for shown in seen.quarantine.iter_mut().filter(|shown| shown.id == *group) {
                    (shown.ingress_rules, shown.egress_rules) = (0, 0);
                }
            }
            Call::SwitchOff(names) | Call::SwitchOn(names) => {
                for name in names {
                    seen.alarms.get_mut(name).unwrap().actions_enabled = matches!(call, Call::SwitchOn(_));
                }
            }
            Call::DeleteAlarms(names) => names.iter().for_each(|name| assert!(seen.alarms.remove(name).is_some())),
            Call::DeleteDetector(detector) => {
                let watched = seen.alarms.keys().filter_map(|name| AlarmHint::parse(name));
                assert!(
                    !watched
                        .into_iter()
                        .any(|hint| hint.instance == detector.instance && hint.metric == detector.metric.as_str())
                );
                assert!(seen.detectors.remove(detector) && seen.made.remove(detector));
                seen.detector_count -= 1;
            }
            Call::Forget(gone) => seen.made.retain(|detector| !gone.contains(detector)),
            Call::TurnOnMonitoring(instances) => {
                instances.iter().for_each(|one| seen.machines.get_mut(one).unwrap().detailed = true);
            }
            Call::ExcludeAttacks(detector, training) => {
                assert!(seen.detectors.contains(detector) && training.excluded.len() <= 10);
                seen.trained.insert(detector.clone(), training.clone());
            }
            Call::MakeDetector(_, detector) => {
                assert!(seen.detectors.insert(detector.clone()));
                let attacks = seen.attacks.get(&detector.instance).cloned().unwrap_or_default();
                seen.trained.insert(detector.clone(), Training::default().without(&attacks).0);
                seen.made.insert(detector.clone());
                seen.detector_count += 1;
            }
            Call::PutAlarm { name, detector, shape, .. } => {
                let of_instance = AlarmHint::parse(name).is_some();
                assert_eq!(detector.is_some(), of_instance);
                let made = detector.iter().all(|detector| seen.detectors.contains(detector));
                assert!(made, "the alarm would make a detector of its own");
                let alarm =
                    SeenAlarm { arn: name.clone(), shape: Some(shape.clone()), actions_enabled: true, quiet: true };
                seen.alarms.insert(name.clone(), alarm);
                seen.ours.insert(name.clone(), true);
            }
        }
    }
}

fn quarantine(vpc: &VpcId, rules: usize) -> ObservedSecurityGroup {
    let id = SecurityGroupId::new(format!("sg-of-{vpc}"));
    ObservedSecurityGroup { id, vpc: vpc.clone(), tagged: true, ingress_rules: 0, egress_rules: rules }
}

fn lifecycle() -> impl Strategy<Value = Lifecycle> {
    prop_oneof![
        6 => Just(Lifecycle::InService),
        1 => Just(Lifecycle::Pending),
        1 => Just(Lifecycle::Standby),
        1 => Just(Lifecycle::Terminating),
        1 => Just(Lifecycle::Detaching),
        1 => Just(Lifecycle::Warmed),
    ]
}

prop_compose! {
    /// Three groups over up to sixteen instances, with alarms and detectors here and there: right, wrong, ours and others'.
    fn state()(
        modes in proptest::collection::vec(prop_oneof![Just("enforce"), Just("observe"), Just("Enforced")], 3),
        places in proptest::collection::vec((0_usize..4, lifecycle(), any::<bool>(), any::<bool>()), 16),
        alarms in proptest::collection::vec((0_usize..20, 0_usize..3, 0_usize..2, any::<[bool; 4]>()), 0..24),
        detectors in proptest::collection::vec((0_usize..20, 0_usize..2, any::<bool>(), any::<bool>()), 0..24),
        fleets in proptest::collection::vec((0_usize..4, any::<[bool; 3]>()), 0..5),
        held in proptest::collection::btree_set(0_usize..20, 0..4),
        attacks in proptest::collection::vec((0_usize..20, 0_i64..99, any::<bool>()), 0..40),
        others in 0_usize..20,
        rules in 0_usize..2,
    ) -> Seen {
        let names = ["web", "team/api", "batch?*"];
        let metrics: [MetricName; 2] = ["NetworkOut".parse().unwrap(), "NetworkPacketsOut".parse().unwrap()];
        let mut seen = Seen { detector_count: others, ..Seen::default() };
        for (number, name) in names.iter().enumerate() {
            let here = places.iter().enumerate().filter(|(_, (place, ..))| *place == number);
            let members: Vec<_> = here.map(|(instance, (_, lifecycle, ..))| (instance, *lifecycle)).collect();
            seen.groups.push(group(name, modes.get(number).copied(), &members));
        }
        for (instance, (_, _, shown, detailed)) in places.iter().enumerate() {
            if *shown || instance % 3 > 0 {
                seen.machines.insert(id(instance), Machine { vpc: Some(VpcId::new("vpc-1")), detailed: *detailed });
            }
        }
        if rules > 0 {
            seen.quarantine.push(quarantine(&VpcId::new("vpc-1"), rules));
        }
        for (instance, place, metric, [right, enabled, quiet, ours]) in alarms {
            let detector = Detector { instance: id(instance), metric: metrics[metric].clone() };
            let name = alarm_name(&GroupName::new(names[place]), &detector).unwrap();
            let machine = Machine { vpc: None, detailed: false };
            let wanted = wanted_shape(&settings(&["NetworkOut"], 0, false), &GroupName::new(names[place]), &detector, &machine);
            let shape = right.then_some(wanted);
            seen.alarms.insert(name.clone(), SeenAlarm { arn: name.clone(), shape, actions_enabled: enabled, quiet });
            seen.ours.insert(name, ours);
        }
        for (place, [right, enabled, ours]) in fleets {
            let group = GroupName::new(*names.get(place).unwrap_or(&"gone"));
            let name = fleet_alarm_name(&group).unwrap();
            let wanted = wanted_fleet_shape(&settings(&["NetworkOut"], 0, false), &group, &Thresholds::default());
            let shape = right.then_some(wanted);
            seen.alarms.insert(name.clone(), SeenAlarm { arn: name.clone(), shape, actions_enabled: enabled, quiet: true });
            seen.ours.insert(name, ours);
        }
        for (instance, metric, exists, made) in detectors {
            let detector = Detector { instance: id(instance), metric: metrics[metric].clone() };
            if exists && seen.detectors.insert(detector.clone()) {
                seen.detector_count += 1;
            }
            if made {
                seen.made.insert(detector);
            }
        }
        seen.held = held.into_iter().map(id).collect();
        for (instance, hour, excluded) in attacks {
            let detector = Detector { instance: id(instance), metric: metrics[0].clone() };
            let range = TimeRange { from_s: hour * 3600, until_s: hour * 3600 + 600 };
            if !excluded {
                seen.attacks.entry(id(instance)).or_default().insert(range);
            } else if seen.detectors.contains(&detector) {
                seen.trained.entry(detector).or_default().excluded.insert(range);
            }
        }
        seen
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(mut seen in state(), quota in 0_usize..60, two in any::<bool>(), detailed in any::<bool>()) {
        let metrics: &[&str] = if two { &["NetworkOut", "NetworkPacketsOut"] } else { &["NetworkOut"] };
        let settings = settings(metrics, quota, detailed);
        let first = plan(&settings, &seen);
        prop_assert_eq!(&first, &plan(&settings, &seen));
        let before = seen.detector_count;
        apply(&mut seen, &first.calls);
        prop_assert!(seen.detector_count <= before.max(quota));
        prop_assert_eq!(plan(&settings, &seen).calls, []);
    }

    #[test]
    fn nothing_is_touched_that_is_not_cordons_by_name_and_tag(seen in state(), quota in 0_usize..60) {
        let settings = settings(&["NetworkOut"], quota, false);
        let asked = owners_to_ask(&settings, &seen);
        for call in plan(&settings, &seen).calls {
            let touched = match &call {
                Call::SwitchOff(names) | Call::SwitchOn(names) | Call::DeleteAlarms(names) => names.clone(),
                Call::PutAlarm { name, .. } => seen.alarms.contains_key(name).then(|| name.clone()).into_iter().collect(),
                Call::DeleteDetector(detector) => {
                    prop_assert!(seen.made.contains(detector));
                    Vec::new()
                }
                _ => Vec::new(),
            };
            for name in touched {
                prop_assert_eq!(seen.ours.get(&name), Some(&true));
                prop_assert!(asked.contains(&name), "its tag would never have been read");
            }
        }
    }

    #[test]
    fn what_an_incident_holds_keeps_its_alarms_and_detectors(mut seen in state(), quota in 0_usize..60) {
        let settings = settings(&["NetworkOut"], quota, false);
        let held = seen.held.clone();
        let of_held = |seen: &Seen| {
            let alarms = seen.alarms.keys().filter(|name| AlarmHint::parse(name).is_some_and(|hint| held.contains(&hint.instance)));
            let detectors = seen.detectors.iter().filter(|detector| held.contains(&detector.instance));
            (alarms.cloned().collect::<Vec<_>>(), detectors.cloned().collect::<Vec<_>>())
        };
        let before = of_held(&seen);
        let calls = plan(&settings, &seen).calls;
        apply(&mut seen, &calls);
        prop_assert_eq!(of_held(&seen), before);
        let on = seen.alarms.iter().filter(|(name, alarm)| alarm.actions_enabled && seen.ours.get(*name) == Some(&true));
        for (name, _) in on {
            prop_assert!(AlarmHint::parse(name).is_none_or(|hint| !held.contains(&hint.instance)));
        }
    }

    #[test]
    fn an_instance_about_which_something_may_be_taken_away_is_asked_for(seen in state()) {
        let settings = settings(&["NetworkOut"], 60, false);
        let asked = holds_to_ask(&seen);
        let free = Seen { held: Default::default(), ..seen.clone() };
        for call in plan(&settings, &free).calls {
            if let Call::DeleteAlarms(_) | Call::DeleteDetector(_) = &call {
                for instance in call.about() {
                    let in_service = seen.groups.iter().flat_map(|group| group.in_service());
                    let serves = in_service.into_iter().any(|member| member.instance == instance);
                    prop_assert!(serves || asked.contains(&instance));
                }
            }
        }
    }
}

#[test]
fn ten_ranges_are_excluded_and_peoples_go_last() {
    let ranges = |hours: std::ops::Range<i64>| -> BTreeSet<TimeRange> {
        hours.map(|hour| TimeRange { from_s: hour * 3600, until_s: hour * 3600 + 600 }).collect()
    };
    let theirs =
        Training { excluded: ranges(0..8), time_zone: Some("Europe/Zurich".to_owned()), periodic_spikes: None };
    let (room, learned) = theirs.without(&ranges(20..22));
    assert_eq!((room.excluded.len(), learned), (10, Vec::new()));
    assert_eq!(room.time_zone, theirs.time_zone);
    let (rotated, learned) = room.without(&ranges(20..24));
    assert!(rotated.excluded.is_superset(&theirs.excluded) && rotated.excluded.is_superset(&ranges(22..24)));
    assert_eq!(learned, ranges(20..22).into_iter().collect::<Vec<_>>());
    let full = Training { excluded: ranges(0..10), ..Training::default() };
    let (rotated, learned) = full.without(&ranges(30..33));
    assert_eq!(learned, ranges(0..1).into_iter().collect::<Vec<_>>());
    assert_eq!(rotated.without(&ranges(30..33)), (rotated.clone(), Vec::new()), "it stays so");
}

#[test]
fn detectors_that_run_out_go_to_enforced_groups_and_the_first_metric() {
    let in_service =
        |numbers: std::ops::Range<usize>| numbers.map(|one| (one, Lifecycle::InService)).collect::<Vec<_>>();
    let mut seen = Seen {
        groups: vec![group("a", Some("observe"), &in_service(0..3)), group("b", Some("enforce"), &in_service(3..6))],
        machines: (0..6).map(|one| (id(one), Machine { vpc: None, detailed: true })).collect(),
        ..Seen::default()
    };
    let settings = settings(&["NetworkOut", "NetworkPacketsOut"], 4, false);
    let planned = plan(&settings, &seen);
    apply(&mut seen, &planned.calls);
    let got: Vec<String> = seen.detectors.iter().map(ToString::to_string).collect();
    let wanted: Vec<String> = [0, 3, 4, 5].iter().map(|one| format!("{}/NetworkOut", id(*one))).collect();
    assert_eq!(got, wanted);
    let counts: BTreeMap<_, _> = planned.groups.iter().map(|count| (count.group.as_str(), count.fleet_only)).collect();
    assert_eq!(counts, BTreeMap::from([("a", 2), ("b", 0)]));
    assert!(planned.groups.iter().all(|count| count.fleet_alarm), "which is what the two are left with");
    assert!(planned.unwatched.iter().all(|one| one.why == Why::Quota));
}

#[test]
fn hostile_names_are_reported_and_never_become_another_instances_alarm() {
    let long = "g".repeat(255);
    let odd = "x/i-00000000000000009/NetworkOut\u{202e}";
    let seen = Seen {
        groups: vec![
            group(&long, Some("enforce"), &[(0, Lifecycle::InService)]),
            group("line\nbreak", Some("enforce"), &[(1, Lifecycle::InService)]),
            group(odd, Some("enforce"), &[(2, Lifecycle::InService)]),
            group("\u{1b}[31m", Some("nonsense"), &[]),
        ],
        machines: (0..3).map(|one| (id(one), Machine { vpc: None, detailed: true })).collect(),
        ..Seen::default()
    };
    let planned = plan(&settings(&["NetworkOut"], 9, false), &seen);
    let names = planned.calls.iter().filter_map(|call| match call {
        Call::PutAlarm { name, .. } => AlarmHint::parse(name),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 1);
    assert_eq!((names[0].group.as_str(), &names[0].instance), (odd, &id(2)));
    assert!(planned.groups.iter().all(|count| !count.fleet_alarm));
    assert_eq!(planned.unwatched.iter().filter(|one| one.why == Why::NameTooLong).count(), 2);
    assert!(planned.warnings.iter().all(|warning| !warning.contains('\u{1b}')));
}

#[test]
fn each_group_that_opts_in_has_its_fleet_alarm_before_any_instance_and_until_it_opts_out() {
    let names = |seen: &Seen| seen.alarms.keys().cloned().collect::<Vec<_>>();
    let mut seen = Seen {
        groups: vec![group("web", Some("enforce"), &[(0, Lifecycle::InService)]), group("api", Some("observe"), &[])],
        machines: BTreeMap::from([(id(0), Machine { vpc: None, detailed: true })]),
        ..Seen::default()
    };
    seen.groups[1].tags.insert("cordon:detect-peer-factor".to_owned(), "10".to_owned());
    let settings = settings(&["NetworkOut"], 0, false);
    let planned = plan(&settings, &seen);
    let put: Vec<_> = planned.calls.iter().filter(|call| call.kind() == "put-alarm").collect();
    let limit = |call: &Call| match call {
        Call::PutAlarm { shape, detector: None, .. } => shape.limit.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!([limit(put[0]), limit(put[1])], [Limit::Threshold(1386), Limit::Threshold(2302)]);
    let billed = planned.cost.unwrap().billed;
    assert_eq!((billed.alarms, billed.fleet_alarms, billed.measured_instances), (0, 2, 1));
    apply(&mut seen, &planned.calls);
    assert_eq!(names(&seen), ["cordon/api/fleet/FleetLogRatio", "cordon/web/fleet/FleetLogRatio"]);
    seen.alarms.values_mut().for_each(|alarm| alarm.actions_enabled = false);
    let calls = plan(&settings, &seen).calls;
    assert!(matches!(calls.as_slice(), [Call::SwitchOn(names)] if names.len() == 2), "{calls:?}");
    apply(&mut seen, &calls);
    seen.groups.remove(0);
    seen.groups[0].tags.insert("cordon:mode".to_owned(), "Enforced".to_owned());
    let calls = plan(&settings, &seen).calls;
    apply(&mut seen, &calls);
    assert_eq!(names(&seen), ["cordon/api/fleet/FleetLogRatio"], "what a tag means that is not understood is kept");
}

#[test]
fn somebody_elses_alarm_of_a_fleet_alarms_name_is_told_and_left() {
    let mut seen = Seen { groups: vec![group("web", Some("enforce"), &[])], ..Seen::default() };
    let name = fleet_alarm_name(&GroupName::new("web")).unwrap();
    let theirs = SeenAlarm { arn: name.clone(), shape: None, actions_enabled: false, quiet: true };
    seen.alarms.insert(name.clone(), theirs);
    let planned = plan(&settings(&["NetworkOut"], 9, false), &seen);
    assert_eq!(planned.calls, []);
    assert!(planned.warnings.iter().any(|warning| warning.contains("somebody else's")));
    seen.ours.insert(name, true);
    assert_eq!(plan(&settings(&["NetworkOut"], 9, false), &seen).calls.len(), 2);
}

#[test]
fn an_alarm_of_ours_that_only_others_alarms_leave_room_for_is_asked_about() {
    let members: Vec<_> = (0..3).map(|instance| (instance, Lifecycle::InService)).collect();
    let mut seen = Seen { groups: vec![group("web", Some("enforce"), &members)], ..Seen::default() };
    let name = |instance| {
        let metric = "NetworkOut".parse().unwrap();
        alarm_name(&GroupName::new("web"), &Detector { instance: id(instance), metric }).unwrap()
    };
    for instance in 0..3 {
        seen.machines.insert(id(instance), Machine { vpc: None, detailed: false });
        let alarm = SeenAlarm { arn: name(instance), shape: None, actions_enabled: true, quiet: true };
        seen.alarms.insert(name(instance), alarm);
        seen.ours.insert(name(instance), instance == 2);
    }
    let settings = settings(&["NetworkOut"], 1, false);
    let puts = plan(&settings, &seen)
        .calls
        .into_iter()
        .filter(|call| matches!(call, Call::PutAlarm { name: it, .. } if *it == name(2)));
    assert_eq!(puts.count(), 1, "the quota's one detector is for the one that is Cordon's");
    assert!(owners_to_ask(&settings, &seen).contains(&name(2)));
}
