//! What alarms watch, in which mode, and what they don't and why. An instance is covered when its group or the list opts
//! it in and an alarm that [`crate::verify`] would accept leads here.

use crate::authority::{self, MODE_TAG, Mode, StandaloneEntry};
use crate::ids::GroupName;
use crate::observed::{AlarmDefinition, Lifecycle, ObservedAlarm, ObservedGroup};
use crate::verify::{self, Deployment};
use serde::Serialize;
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Everything that coverage is judged by, as AWS answered.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    pub groups: Vec<ObservedGroup>,
    /// Every running instance, in a group or not.
    pub running: BTreeSet<InstanceId>,
    /// The list's entries, of instances that are in no group.
    pub standalone: BTreeMap<InstanceId, StandaloneEntry>,
    pub alarms: Vec<ObservedAlarm>,
}

/// What a group's `cordon:mode` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModeTag {
    Absent,
    Observe,
    Enforce,
    /// Neither of the two: somebody meant something, and Cordon leaves the group alone.
    NotUnderstood(String),
}

impl ModeTag {
    pub fn of(group: &ObservedGroup) -> Self {
        match group.tags.get(MODE_TAG) {
            None => Self::Absent,
            Some(value) => match Mode::parse(value) {
                Some(Mode::Observe) => Self::Observe,
                Some(Mode::Enforce) => Self::Enforce,
                None => Self::NotUnderstood(value.clone()),
            },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupRow {
    pub group: GroupName,
    pub mode: ModeTag,
    pub protected: bool,
    pub drills_allowed: bool,
    /// Members that are, or are about to be, in service or in standby.
    pub instances: usize,
    pub watched: usize,
}

/// A running instance that no Auto Scaling group has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandaloneRow {
    pub instance: InstanceId,
    /// As the list has it; `None` where it isn't opted in.
    pub mode: Option<Mode>,
    pub protected: bool,
    pub drills_allowed: bool,
    pub watched: bool,
}

/// Why an alarm cannot lead to an instance's containment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyNot {
    GroupHasNoMode,
    ModeNotUnderstood,
    NotListed,
    NoAlarm,
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GroupHasNoMode => "group has no tag cordon:mode",
            Self::ModeNotUnderstood => "group's cordon:mode not understood",
            Self::NotListed => "in no group, and not listed",
            Self::NoAlarm => "no alarm on it leads here",
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    pub instance: InstanceId,
    pub group: Option<GroupName>,
    pub why: WhyNot,
    /// Whether its group's fleet alarm leads here, by which it is nominated if it stands out of five that report.
    pub fleet_alarm: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub groups: Vec<GroupRow>,
    pub standalone: Vec<StandaloneRow>,
    pub uncovered: Vec<Uncovered>,
    /// Composite and multi-series alarms that lead here: which instances they watch shows only when they ring.
    pub alarms_over_many: usize,
}

/// One row for each group and each running standalone instance, and every instance that isn't covered.
pub fn coverage(fleet: &Fleet, deployment: &Deployment) -> Coverage {
    let leading = || fleet.alarms.iter().filter(|alarm| verify::leads_here(alarm, deployment));
    let watched: BTreeSet<_> = leading().filter_map(|alarm| verify::watched_instance(alarm, deployment)).collect();
    let fleets: BTreeSet<_> = leading().filter_map(|alarm| verify::watched_group(alarm, deployment)).collect();
    let over_many = leading().filter(|alarm| !matches!(alarm.definition, AlarmDefinition::Metric { .. })).count();
    let grouped: BTreeSet<_> = fleet.groups.iter().flat_map(|group| &group.members).map(|one| &one.instance).collect();
    let mut found =
        Coverage { groups: Vec::new(), standalone: Vec::new(), uncovered: Vec::new(), alarms_over_many: over_many };
    for group in &fleet.groups {
        let members: Vec<_> = members(group).collect();
        let mode = ModeTag::of(group);
        found.uncovered.extend(members.iter().filter_map(|instance| {
            let why = why_not(&mode, watched.contains(*instance))?;
            let fleet_alarm = why == WhyNot::NoAlarm && fleets.contains(&group.name);
            Some(Uncovered { instance: (*instance).clone(), group: Some(group.name.clone()), why, fleet_alarm })
        }));
        found.groups.push(GroupRow {
            group: group.name.clone(),
            mode,
            protected: authority::is_protected(group),
            drills_allowed: authority::allows_drills(group),
            instances: members.len(),
            watched: members.iter().filter(|instance| watched.contains(**instance)).count(),
        });
    }
    for instance in fleet.running.iter().filter(|instance| !grouped.contains(instance)) {
        let entry = fleet.standalone.get(instance);
        let row = StandaloneRow {
            instance: instance.clone(),
            mode: entry.and_then(|entry| entry.mode),
            protected: entry.is_some_and(|entry| entry.protected),
            drills_allowed: entry.is_some_and(|entry| entry.drills_allowed),
            watched: watched.contains(instance),
        };
        let why = match row.mode {
            None => Some(WhyNot::NotListed),
            Some(_) => (!row.watched).then_some(WhyNot::NoAlarm),
        };
        let uncovered = |why| Uncovered { instance: instance.clone(), group: None, why, fleet_alarm: false };
        found.uncovered.extend(why.map(uncovered));
        found.standalone.push(row);
    }
    found.groups.sort_by(|one, other| one.group.cmp(&other.group));
    found
        .uncovered
        .sort_by(|one, other| (&one.why, &one.group, &one.instance).cmp(&(&other.why, &other.group, &other.instance)));
    found
}

/// Those that an alarm could contain: what is leaving the group, or waits stopped in a warm pool, needs no alarm.
fn members(group: &ObservedGroup) -> impl Iterator<Item = &InstanceId> {
    let here = |lifecycle| matches!(lifecycle, Lifecycle::Pending | Lifecycle::InService | Lifecycle::Standby);
    group.members.iter().filter(move |member| here(member.lifecycle)).map(|member| &member.instance)
}

fn why_not(mode: &ModeTag, watched: bool) -> Option<WhyNot> {
    match mode {
        ModeTag::Absent => Some(WhyNot::GroupHasNoMode),
        ModeTag::NotUnderstood(_) => Some(WhyNot::ModeNotUnderstood),
        ModeTag::Observe | ModeTag::Enforce => (!watched).then_some(WhyNot::NoAlarm),
    }
}
