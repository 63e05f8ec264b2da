//! The decision: what is wanted, what is there, and the calls between the two.

use crate::alarm::{alarm_name, wanted_shape};
use crate::calls::{BATCH, Call, named};
use crate::cost::Cost;
use crate::detector::Detector;
use crate::seen::{Machine, Seen};
use crate::settings::Settings;
use containment::authority::{self, Mode};
use containment::ids::{GroupName, VpcId};
use containment::observed::{Lifecycle, ObservedGroup};
use containment::quarantine::{Readiness, readiness};
use serde::Serialize;
use signal::{AlarmHint, InstanceId, Quoted};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Detectors are used up: the fleet alarm alone sees the instance.
    Quota,
    /// Somebody else's alarm has the name.
    ForeignAlarm,
    /// The group's name leaves no room for the hint.
    NameTooLong,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unwatched {
    pub group: String,
    pub instance: String,
    pub metric: String,
    pub why: Why,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GroupCount {
    pub group: String,
    pub instances: usize,
    /// Instances whose detectors and alarms were all there and right before this run.
    pub enrolled: usize,
    /// Instances that an incident holds.
    pub held: usize,
    /// Instances that are on the fleet alarm alone.
    pub fleet_only: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub calls: Vec<Call>,
    pub groups: Vec<GroupCount>,
    pub unwatched: Vec<Unwatched>,
    pub warnings: Vec<String>,
    pub cost: Option<Cost>,
}

/// One alarm over one detector that should be there.
struct Watch<'a> {
    group: &'a GroupName,
    detector: Detector,
    machine: &'a Machine,
    name: Option<String>,
}

/// Instances of which it must be known whether an incident holds them. A member in service whose alarm is quiet needs no
/// question: nothing is done about it.
pub fn holds_to_ask(seen: &Seen) -> BTreeSet<InstanceId> {
    let in_service: BTreeSet<&InstanceId> =
        seen.groups.iter().flat_map(|group| group.in_service()).map(|member| &member.instance).collect();
    let unquiet = seen.alarms.iter().filter_map(|(name, alarm)| {
        let instance = AlarmHint::parse(name)?.instance;
        (!alarm.quiet || !alarm.actions_enabled || !in_service.contains(&instance)).then_some(instance)
    });
    let recorded = seen.made.iter().map(|detector| detector.instance.clone());
    let members = seen.groups.iter().flat_map(|group| &group.members).map(|member| member.instance.clone());
    let out_of_service = recorded.chain(members).filter(|instance| !in_service.contains(instance));
    unquiet.chain(out_of_service).collect()
}

/// Alarms that the plan would touch if they were Cordon's: only of these the tags must be read.
pub fn owners_to_ask(settings: &Settings, seen: &Seen) -> Vec<String> {
    let touched = decide(settings, seen, &|_| true).calls.into_iter().flat_map(|call| match call {
        Call::SwitchOff(names) | Call::SwitchOn(names) | Call::DeleteAlarms(names) => names,
        Call::PutAlarm { name, .. } => vec![name],
        _ => Vec::new(),
    });
    touched.filter(|name| seen.alarms.contains_key(name)).collect()
}

pub fn plan(settings: &Settings, seen: &Seen) -> Plan {
    decide(settings, seen, &|name| seen.ours.get(name) == Some(&true))
}

fn decide(settings: &Settings, seen: &Seen, is_ours: &dyn Fn(&str) -> bool) -> Plan {
    let opted_in = opted_in(seen);
    let spared = spared(seen, &opted_in);
    let watches = watches(settings, seen, &opted_in);
    let wanted: BTreeSet<&str> = watches.iter().filter_map(|watch| watch.name.as_deref()).collect();
    let mut plan = Plan::default();
    plan.warnings.extend(unclear(seen).map(|group| {
        format!("{}: its cordon:mode is neither observe nor enforce; what it has is kept", Quoted(group.name.as_str()))
    }));
    quarantine(seen, &opted_in, &mut plan);

    let stays = |name: &str| {
        AlarmHint::parse(name).is_none_or(|hint| {
            spared.contains(&hint.instance) || seen.held.contains(&hint.instance) || wanted.contains(name)
        })
    };
    let gone: Vec<&String> = seen.alarms.keys().filter(|name| !stays(name) && is_ours(name)).collect();
    let off = seen.alarms.iter().filter(|(name, alarm)| {
        alarm.actions_enabled && named(name).is_some_and(|it| seen.held.contains(&it.instance)) && is_ours(name)
    });
    let off: Vec<&String> = off.map(|(name, _)| name).collect();
    plan.calls.extend(batches(&off, Call::SwitchOff));
    plan.calls.extend(batches(&gone, Call::DeleteAlarms));

    let going: BTreeSet<&String> = gone.iter().copied().collect();
    let watched: BTreeSet<Detector> =
        seen.alarms.keys().filter(|name| !going.contains(name)).filter_map(|name| named(name)).collect();
    let needed: BTreeSet<&Detector> = watches.iter().map(|watch| &watch.detector).collect();
    let keeps = |detector: &Detector| {
        let instance = &detector.instance;
        needed.contains(detector)
            || watched.contains(detector)
            || seen.held.contains(instance)
            || spared.contains(instance)
    };
    let (there, lost): (Vec<_>, Vec<_>) =
        seen.made.iter().filter(|it| !keeps(it)).cloned().partition(|it| seen.detectors.contains(it));
    let deleted = there.len();
    plan.calls.extend(there.into_iter().map(Call::DeleteDetector));
    if !lost.is_empty() {
        plan.calls.push(Call::Forget(lost));
    }

    let on = watches.iter().filter_map(|watch| {
        let name = watch.name.as_ref().filter(|name| is_ours(name))?;
        let off = seen.alarms.get(name).is_some_and(|alarm| !alarm.actions_enabled);
        (off && !seen.held.contains(&watch.detector.instance)).then_some(name)
    });
    plan.calls.extend(batches(&on.collect::<Vec<_>>(), Call::SwitchOn));
    monitoring(settings, seen, &opted_in, &mut plan);
    let room = settings.quota.saturating_sub(seen.detector_count.saturating_sub(deleted));
    make(settings, seen, &watches, is_ours, room, &mut plan);
    plan
}

/// Detectors before their alarms, instance by instance, while there is room.
fn make(
    settings: &Settings,
    seen: &Seen,
    watches: &[Watch],
    is_ours: &dyn Fn(&str) -> bool,
    mut room: usize,
    plan: &mut Plan,
) {
    let mut counts: BTreeMap<&GroupName, GroupCount> = BTreeMap::new();
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
            plan.calls.push(Call::PutAlarm { group, name, detector: detector.clone(), shape });
        }
        if !has_detector || !is_right {
            missing.insert(&detector.instance);
        }
    }
    for watch in watches {
        counts.entry(watch.group).or_insert_with(|| GroupCount { group: watch.group.to_string(), ..Default::default() });
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
        count.enrolled += usize::from(!held && !missing.contains(instance));
        count.fleet_only += usize::from(beyond.contains(instance) && !has_any.contains(instance));
    }
    let detailed = if settings.detailed_monitoring { counts.values().map(|count| count.instances).sum() } else { 0 };
    plan.groups = counts.into_values().collect();
    plan.unwatched.sort();
    plan.cost = Some(Cost::of(alarms, detailed, settings.price));
}

fn opted_in(seen: &Seen) -> Vec<(&ObservedGroup, Mode)> {
    seen.groups.iter().filter_map(|group| Some((group, authority::of_group(group)?.mode))).collect()
}

fn unclear(seen: &Seen) -> impl Iterator<Item = &ObservedGroup> {
    seen.groups.iter().filter(|group| authority::of_group(group).is_none())
}

fn stays_in(lifecycle: Lifecycle) -> bool {
    matches!(lifecycle, Lifecycle::Pending | Lifecycle::InService | Lifecycle::Standby)
}

/// Instances whose alarms and detectors are neither made nor deleted: somebody's tag meant something that is not
/// understood, or EC2 does not show yet what Auto Scaling shows.
fn spared<'a>(seen: &'a Seen, opted_in: &[(&'a ObservedGroup, Mode)]) -> BTreeSet<&'a InstanceId> {
    let unclear = unclear(seen).flat_map(|group| &group.members);
    let unseen = opted_in.iter().flat_map(|(group, _)| &group.members);
    let unseen =
        unseen.filter(|member| stays_in(member.lifecycle) && !seen.machines.contains_key(&member.instance));
    unclear.chain(unseen).map(|member| &member.instance).collect()
}

/// Everything wanted, the most important first: the first metric of enforced groups, then of observed ones, then the
/// other metrics. Detectors that are there keep their place, whoever is more important.
fn watches<'a>(settings: &Settings, seen: &'a Seen, opted_in: &[(&'a ObservedGroup, Mode)]) -> Vec<Watch<'a>> {
    let mut found = Vec::new();
    for (rank, metric) in settings.metrics.iter().enumerate() {
        for (group, mode) in opted_in {
            for member in group.members.iter().filter(|member| stays_in(member.lifecycle)) {
                let Some((instance, machine)) = seen.machines.get_key_value(&member.instance) else { continue };
                let detector = Detector { instance: instance.clone(), metric: metric.clone() };
                let name = alarm_name(&group.name, &detector);
                let order = (rank, *mode == Mode::Observe, &group.name, detector.clone());
                found.push((order, Watch { group: &group.name, detector, machine, name }));
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut known = BTreeSet::new();
    found.into_iter().map(|(_, watch)| watch).filter(|watch| known.insert(watch.detector.clone())).collect()
}

/// The quarantine group of each VPC in which an opted-in instance is, so that a containment needn't make it.
fn quarantine(seen: &Seen, opted_in: &[(&ObservedGroup, Mode)], plan: &mut Plan) {
    let members = opted_in.iter().flat_map(|(group, _)| &group.members);
    let vpcs: BTreeSet<&VpcId> =
        members.filter_map(|member| seen.machines.get(&member.instance)?.vpc.as_ref()).collect();
    for vpc in vpcs {
        match readiness(vpc, &seen.quarantine) {
            Readiness::Ready(_) => {}
            Readiness::Missing => plan.calls.push(Call::MakeQuarantineGroup(vpc.clone())),
            Readiness::NotEmpty(group) => plan.calls.push(Call::EmptyQuarantineGroup(group.id)),
            Readiness::Squatted(group) => plan.warnings.push(format!(
                "{}: {} has the quarantine group's name and not its tag; nothing in this VPC can be isolated",
                Quoted(vpc.as_str()),
                Quoted(group.as_str())
            )),
        }
    }
}

fn monitoring(settings: &Settings, seen: &Seen, opted_in: &[(&ObservedGroup, Mode)], plan: &mut Plan) {
    for (group, _) in opted_in {
        let basic = group.members.iter().filter(|member| {
            stays_in(member.lifecycle)
                && !seen.held.contains(&member.instance)
                && seen.machines.get(&member.instance).is_some_and(|machine| !machine.detailed)
        });
        let basic: Vec<InstanceId> = basic.map(|member| member.instance.clone()).collect();
        if basic.is_empty() {
            continue;
        }
        if settings.detailed_monitoring {
            plan.calls.extend(basic.chunks(BATCH).map(|some| Call::TurnOnMonitoring(some.to_vec())));
        } else {
            plan.warnings.push(format!(
                "{}: detailed monitoring is off for {} instances; an alarm takes five minutes a datapoint",
                Quoted(group.name.as_str()),
                basic.len()
            ));
        }
    }
}

fn batches(names: &[&String], call: fn(Vec<String>) -> Call) -> Vec<Call> {
    names.chunks(BATCH).map(|some| call(some.iter().copied().cloned().collect())).collect()
}
