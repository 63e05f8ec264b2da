//! What should be there, in the order of its importance.

use crate::alarm::alarm_name;
use crate::detector::Detector;
use crate::plan::stays_in;
use crate::seen::{Machine, Seen};
use crate::settings::Settings;
use containment::authority::Mode;
use containment::ids::GroupName;
use containment::observed::ObservedGroup;
use std::collections::BTreeSet;

/// One alarm over one detector that should be there.
pub(crate) struct Watch<'a> {
    pub(crate) group: &'a GroupName,
    pub(crate) detector: Detector,
    pub(crate) machine: &'a Machine,
    pub(crate) name: Option<String>,
}

/// Everything wanted, the most important first: the first metric of enforced groups, then of observed ones, then the
/// other metrics. Detectors that are there keep their place, whoever is more important.
pub(crate) fn watches<'a>(
    settings: &Settings,
    seen: &'a Seen,
    opted_in: &[(&'a ObservedGroup, Mode)],
) -> Vec<Watch<'a>> {
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
