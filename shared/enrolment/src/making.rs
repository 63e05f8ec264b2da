//! What is made: detectors and alarms that are missing or not right, as far as there is room.

use crate::alarm::wanted_shape;
use crate::calls::Call;
use crate::plan::{GroupCount, Plan, Unwatched, Why};
use crate::seen::Seen;
use crate::settings::Settings;
use crate::watches::Watch;
use containment::ids::GroupName;
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};

/// Detectors before their alarms, instance by instance, while there is room. Answers how many alarms there will be.
pub(crate) fn make(
    settings: &Settings,
    seen: &Seen,
    watches: &[Watch],
    is_ours: &dyn Fn(&str) -> bool,
    mut room: usize,
    plan: &mut Plan,
) -> usize {
    let (mut alarms, mut beyond, mut missing) = (0, BTreeSet::new(), BTreeSet::new());
    for watch in watches {
        let Watch { group, detector, machine, name } = watch;
        let mut unwatched = |why: Why| {
            missing.insert(&detector.instance);
            plan.unwatched.push(Unwatched {
                group: group.to_string(),
                instance: detector.instance.to_string(),
                metric: detector.metric.to_string(),
                why,
            });
        };
        let Some(name) = name else {
            unwatched(Why::NameTooLong);
            continue;
        };
        let seen_alarm = seen.alarms.get(name);
        if seen.held.contains(&detector.instance) {
            alarms += usize::from(seen_alarm.is_some());
            continue;
        }
        let shape = wanted_shape(settings, group, detector, machine);
        let is_right = seen_alarm.is_some_and(|alarm| alarm.shape.as_ref() == Some(&shape));
        if seen_alarm.is_some() && !is_right && !is_ours(name) {
            unwatched(Why::ForeignAlarm);
            continue;
        }
        let has_detector = seen.detectors.contains(detector);
        if !has_detector && room == 0 {
            beyond.insert(&detector.instance);
            unwatched(Why::Quota);
            continue;
        }
        alarms += 1;
        if !has_detector {
            room -= 1;
            plan.calls.push(Call::MakeDetector((*group).clone(), detector.clone()));
        }
        if !is_right {
            let (group, name) = ((*group).clone(), name.clone());
            plan.calls.push(Call::PutAlarm { group, name, detector: Some(detector.clone()), shape });
        }
        if !has_detector || !is_right {
            missing.insert(&detector.instance);
        }
    }
    count(settings, seen, watches, &Shortfall { beyond, missing }, plan);
    plan.unwatched.sort();
    alarms
}

/// Instances that have less than they should.
struct Shortfall<'a> {
    /// No detector is left for them.
    beyond: BTreeSet<&'a InstanceId>,
    /// Something of theirs is not there, or not right.
    missing: BTreeSet<&'a InstanceId>,
}

/// Each group's row.
fn count(settings: &Settings, seen: &Seen, watches: &[Watch], short: &Shortfall, plan: &mut Plan) {
    let mut counts: BTreeMap<&GroupName, GroupCount> = BTreeMap::new();
    for watch in watches {
        counts
            .entry(watch.group)
            .or_insert_with(|| GroupCount { group: watch.group.to_string(), ..Default::default() });
    }
    let made = plan.calls.iter().filter_map(|call| match call {
        Call::MakeDetector(_, detector) => Some(&detector.instance),
        _ => None,
    });
    let has_any: BTreeSet<&InstanceId> = made.chain(seen.detectors.iter().map(|it| &it.instance)).collect();
    let first = settings.metrics.first();
    for watch in watches.iter().filter(|watch| Some(&watch.detector.metric) == first) {
        let Some(count) = counts.get_mut(watch.group) else { continue };
        let instance = &watch.detector.instance;
        let held = seen.held.contains(instance);
        count.instances += 1;
        count.held += usize::from(held);
        count.enrolled += usize::from(!held && !short.missing.contains(instance));
        count.fleet_only += usize::from(short.beyond.contains(instance) && !has_any.contains(instance));
    }
    plan.groups = counts.into_values().collect();
}
