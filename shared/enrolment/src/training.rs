//! What a detector learns from, and what it must not: attacks that were contained and released.

use crate::calls::Call;
use crate::detector::Detector;
use crate::plan::Plan;
use crate::seen::Seen;
use crate::watches::Watch;
use containment::attack::{MOST_RANGES, TimeRange, newest};
use std::collections::BTreeSet;

/// A detector's `Configuration` and `MetricCharacteristics` (AWS: "PutAnomalyDetector"). A new one's is the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Training {
    /// What is not learned, ten ranges at most: Cordon's, and those that people put there.
    pub excluded: BTreeSet<TimeRange>,
    /// Name of the metric's time zone. Only people set it.
    pub time_zone: Option<String>,
    /// Whether the model is to expect spikes at regular times. Only people set it.
    pub periodic_spikes: Option<bool>,
}

impl Training {
    /// The same without learning from the attacks, and what is learned from again because there is no room for it: older
    /// attacks first, then what people put there, the oldest first.
    pub fn without(&self, attacks: &BTreeSet<TimeRange>) -> (Self, Vec<TimeRange>) {
        let attacks = newest(attacks);
        let mut excluded: BTreeSet<TimeRange> = self.excluded.union(&attacks).copied().collect();
        let mut learned = Vec::new();
        while excluded.len() > MOST_RANGES {
            let mut ours = excluded.intersection(&attacks);
            let oldest = match (ours.next().copied(), ours.next()) {
                (Some(oldest), Some(_)) => oldest,
                _ => match excluded.difference(&attacks).next().copied() {
                    Some(theirs) => theirs,
                    None => break,
                },
            };
            excluded.remove(&oldest);
            if self.excluded.contains(&oldest) {
                learned.push(oldest);
            }
        }
        (Self { excluded, ..self.clone() }, learned)
    }
}

/// Detectors that are there and still learn from an attack. They come before their alarms are switched on: until then it
/// is known that there is something to do.
pub(crate) fn exclude(seen: &Seen, watches: &[Watch], plan: &mut Plan) {
    for Watch { detector, .. } in watches {
        let Some(attacks) = seen.attacks.get(&detector.instance) else { continue };
        if !seen.detectors.contains(detector) || seen.held.contains(&detector.instance) {
            continue;
        }
        let shown = seen.trained.get(detector).cloned().unwrap_or_default();
        let (wanted, learned) = shown.without(attacks);
        if wanted == shown {
            continue;
        }
        plan.warnings
            .extend(learned.iter().filter(|range| !attacks.contains(range)).map(|range| warning(detector, range)));
        plan.calls.push(Call::ExcludeAttacks(detector.clone(), wanted));
    }
}

fn warning(detector: &Detector, range: &TimeRange) -> String {
    let range = range.in_words();
    format!("{detector}: CloudWatch excludes {MOST_RANGES} ranges at most, so the one {range} is learned again")
}
