//! The decision: what is wanted, what is there, and the calls between the two.

use crate::calls::{BATCH, Call, named};
use crate::cost::{Billed, Cost};
use crate::detector::Detector;
use crate::fleet::{fleet_watches, make_fleet_alarms};
use crate::making::make;
use crate::seen::Seen;
use crate::settings::Settings;
use crate::surroundings::{monitoring, quarantine};
use crate::training::exclude;
use crate::watches::watches;
use containment::authority::{self, Mode};
use containment::observed::{Lifecycle, ObservedGroup};
use serde::Serialize;
use signal::{AlarmHint, FleetHint, InstanceId, Quoted};
use std::collections::BTreeSet;

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
    /// Whether the group has its fleet alarm after this run.
    pub fleet_alarm: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub calls: Vec<Call>,
    pub groups: Vec<GroupCount>,
    pub unwatched: Vec<Unwatched>,
    pub warnings: Vec<String>,
    pub cost: Option<Cost>,
}

/// Instances of which it must be known whether an incident holds them, and when they were attacked. A member in service
/// whose alarm is on and quiet, over a detector, needs no question: nothing is done about it. What an incident held has
/// its alarm off until the run that looks at it.
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
    let learning: BTreeSet<&InstanceId> = seen.detectors.iter().map(|detector| &detector.instance).collect();
    let new = in_service.iter().filter(|instance| !learning.contains(*instance)).map(|instance| (*instance).clone());
    unquiet.chain(new).chain(out_of_service).collect()
}

/// Alarms that the plan would touch if they were Cordon's: only of these the tags must be read. Those of others leave room
/// below the quota for what comes after them, so it is planned without a quota, too.
pub fn owners_to_ask(settings: &Settings, seen: &Seen) -> Vec<String> {
    let unlimited = Settings { quota: usize::MAX, ..settings.clone() };
    let calls = [settings, &unlimited].into_iter().flat_map(|settings| decide(settings, seen, &|_| true).calls);
    let touched = calls.flat_map(|call| match call {
        Call::SwitchOff(names) | Call::SwitchOn(names) | Call::DeleteAlarms(names) => names,
        Call::PutAlarm { name, .. } => vec![name],
        _ => Vec::new(),
    });
    let mut known = BTreeSet::new();
    touched.filter(|name| seen.alarms.contains_key(name) && known.insert(name.clone())).collect()
}

pub fn plan(settings: &Settings, seen: &Seen) -> Plan {
    decide(settings, seen, &|name| seen.ours.get(name) == Some(&true))
}

fn decide(settings: &Settings, seen: &Seen, is_ours: &dyn Fn(&str) -> bool) -> Plan {
    let opted_in = opted_in(seen);
    let spared = spared(seen, &opted_in);
    let watches = watches(settings, seen, &opted_in);
    let mut plan = Plan::default();
    plan.warnings.extend(unclear(seen).map(|group| {
        format!("{}: its cordon:mode is neither observe nor enforce; what it has is kept", Quoted(group.name.as_str()))
    }));
    quarantine(seen, &opted_in, &mut plan);
    let fleets = fleet_watches(settings, &opted_in, &mut plan);
    let of_fleets = fleets.iter().map(|fleet| fleet.name.as_str());
    let wanted: BTreeSet<&str> = watches.iter().filter_map(|watch| watch.name.as_deref()).chain(of_fleets).collect();

    let is_unclear = |name: &str| unclear(seen).any(|group| group.name.as_str() == name);
    let stays = |name: &str| match (AlarmHint::parse(name), FleetHint::parse(name)) {
        _ if wanted.contains(name) => true,
        (Some(hint), _) => spared.contains(&hint.instance) || seen.held.contains(&hint.instance),
        (None, Some(hint)) => is_unclear(&hint.group),
        (None, None) => true,
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

    exclude(seen, &watches, &mut plan);
    let on = watches.iter().filter_map(|watch| {
        let name = watch.name.as_ref().filter(|name| is_ours(name))?;
        let off = seen.alarms.get(name).is_some_and(|alarm| !alarm.actions_enabled);
        (off && !seen.held.contains(&watch.detector.instance)).then_some(name)
    });
    let of_fleets = fleets
        .iter()
        .map(|fleet| &fleet.name)
        .filter(|name| is_ours(name) && seen.alarms.get(*name).is_some_and(|alarm| !alarm.actions_enabled));
    plan.calls.extend(batches(&on.chain(of_fleets).collect::<Vec<_>>(), Call::SwitchOn));
    monitoring(settings, seen, &opted_in, &mut plan);
    let room = settings.quota.saturating_sub(seen.detector_count.saturating_sub(deleted));
    let fleet_alarms = make_fleet_alarms(seen, &fleets, is_ours, &mut plan);
    let alarms = make(settings, seen, &watches, is_ours, room, &mut plan);
    plan.groups.iter_mut().for_each(|count| count.fleet_alarm = fleet_alarms.contains(count.group.as_str()));
    plan.cost = Some(Cost::of(billed(settings, &plan, alarms, &fleet_alarms), settings.price));
    plan
}

fn billed(settings: &Settings, plan: &Plan, alarms: usize, fleet_alarms: &BTreeSet<&str>) -> Billed {
    let instances = plan.groups.iter().map(|count| count.instances as u64).sum();
    Billed {
        alarms: alarms as u64,
        detailed_instances: if settings.detailed_monitoring { instances } else { 0 },
        fleet_alarms: fleet_alarms.len() as u64,
        measured_instances: instances,
    }
}

fn opted_in(seen: &Seen) -> Vec<(&ObservedGroup, Mode)> {
    seen.groups.iter().filter_map(|group| Some((group, authority::of_group(group)?.mode))).collect()
}

fn unclear(seen: &Seen) -> impl Iterator<Item = &ObservedGroup> {
    seen.groups.iter().filter(|group| authority::of_group(group).is_none())
}

pub(crate) fn stays_in(lifecycle: Lifecycle) -> bool {
    matches!(lifecycle, Lifecycle::Pending | Lifecycle::InService | Lifecycle::Standby)
}

/// Instances whose alarms and detectors are neither made nor deleted: somebody's tag meant something that is not
/// understood, or EC2 does not show yet what Auto Scaling shows.
fn spared<'a>(seen: &'a Seen, opted_in: &[(&'a ObservedGroup, Mode)]) -> BTreeSet<&'a InstanceId> {
    let unclear = unclear(seen).flat_map(|group| &group.members);
    let unseen = opted_in.iter().flat_map(|(group, _)| &group.members);
    let unseen = unseen.filter(|member| stays_in(member.lifecycle) && !seen.machines.contains_key(&member.instance));
    unclear.chain(unseen).map(|member| &member.instance).collect()
}

fn batches(names: &[&String], call: fn(Vec<String>) -> Call) -> Vec<Call> {
    names.chunks(BATCH).map(|some| call(some.iter().copied().cloned().collect())).collect()
}
