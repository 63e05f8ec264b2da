//! Each opted-in group's alarm on the fleet metric, for its instances that have no band: too young, or beyond the quota.

use crate::alarm::{AlarmShape, fleet_alarm_name, wanted_fleet_shape};
use crate::calls::Call;
use crate::plan::Plan;
use crate::seen::Seen;
use crate::settings::Settings;
use containment::authority::Mode;
use containment::ids::GroupName;
use containment::observed::ObservedGroup;
use detection::thresholds::Thresholds;
use signal::Quoted;
use std::collections::BTreeSet;

pub(crate) struct FleetWatch<'a> {
    pub(crate) group: &'a GroupName,
    pub(crate) name: String,
    pub(crate) shape: AlarmShape,
}

/// One for each group whose name CloudWatch takes.
pub(crate) fn fleet_watches<'a>(
    settings: &Settings,
    opted_in: &[(&'a ObservedGroup, Mode)],
    plan: &mut Plan,
) -> Vec<FleetWatch<'a>> {
    let mut found = Vec::new();
    for (group, _) in opted_in {
        let Some(name) = fleet_alarm_name(&group.name) else {
            let group = Quoted(group.name.as_str());
            plan.warnings.push(format!("{group}: it has no fleet alarm, for CloudWatch does not take its name"));
            continue;
        };
        let figures = Thresholds::from_tags(&group.tags).unwrap_or_else(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            plan.warnings.push(format!(
                "{}: nothing of it is isolated until its figures are mended: {}",
                Quoted(group.name.as_str()),
                Quoted(&errors.join("; "))
            ));
            Thresholds::default()
        });
        let shape = wanted_fleet_shape(settings, &group.name, &figures);
        found.push(FleetWatch { group: &group.name, name, shape });
    }
    found
}

/// Makes what is missing or not right, before any instance's: one call watches a whole group. Answers the groups that have
/// their alarm then.
pub(crate) fn make_fleet_alarms<'a>(
    seen: &Seen,
    fleets: &[FleetWatch<'a>],
    is_ours: &dyn Fn(&str) -> bool,
    plan: &mut Plan,
) -> BTreeSet<&'a str> {
    let mut watched = BTreeSet::new();
    for FleetWatch { group, name, shape } in fleets {
        let there = seen.alarms.get(name);
        let is_right = there.is_some_and(|alarm| alarm.shape.as_ref() == Some(shape));
        if there.is_some() && !is_right && !is_ours(name) {
            let group = Quoted(group.as_str());
            plan.warnings.push(format!("{group}: somebody else's alarm has the name of its fleet alarm"));
            continue;
        }
        watched.insert(group.as_str());
        if !is_right {
            let (group, name, shape) = ((*group).clone(), name.clone(), shape.clone());
            plan.calls.push(Call::PutAlarm { group, name, detector: None, shape });
        }
    }
    watched
}
