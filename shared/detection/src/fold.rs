//! Datapoints of any period as datapoints of five minutes, which is what the rule was measured on.

use crate::sample::{Rates, Sample};
use crate::watch::STEP_S;

/// Adds up the datapoints of a period shorter than five minutes. Longer ones pass as they are.
#[derive(Debug, Clone)]
pub struct Fold {
    period_s: i64,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    starts_s: i64,
    outbound: f64,
    inbound: f64,
    count: i64,
}

impl Fold {
    pub fn of(period_s: i64) -> Self {
        Self { period_s: period_s.max(1), open: None }
    }

    /// The five minutes that `sample` completes, if it does. Five minutes of which a datapoint is missing are dropped
    /// whole: what wasn't seen is unknown, not the mean of what was.
    pub fn push(&mut self, sample: &Sample) -> Option<Rates> {
        let rates = sample.rates(self.period_s);
        if self.period_s >= STEP_S {
            return rates;
        }
        let rates = rates?;
        let starts_s = rates.epoch_s.saturating_sub(rates.epoch_s.rem_euclid(STEP_S));
        let mut open = match self.open.take() {
            Some(open) if open.starts_s == starts_s => open,
            _ => Open { starts_s, outbound: 0.0, inbound: 0.0, count: 0 },
        };
        open.outbound += rates.outbound;
        open.inbound += rates.inbound;
        open.count += 1;
        let whole = (STEP_S / self.period_s).max(1);
        if open.count < whole {
            self.open = Some(open);
            return None;
        }
        let count = open.count as f64;
        Some(Rates { epoch_s: starts_s, outbound: open.outbound / count, inbound: open.inbound / count })
    }

    /// Seconds from a datapoint's time to its end, as the rule sees it.
    pub fn step_s(&self) -> i64 {
        self.period_s.max(STEP_S)
    }
}

/// The period that a file's first times show: the least distance, five minutes where they show none. A file says its
/// times, not its period; a datapoint may be missing, so the least distance counts and not the first.
pub fn period_of(epochs_s: &[i64]) -> i64 {
    let distances = epochs_s.iter().zip(epochs_s.iter().skip(1)).map(|(before, after)| after.saturating_sub(*before));
    distances.filter(|distance| *distance > 0).min().unwrap_or(STEP_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(at: i64, bytes: f64) -> Sample {
        Sample { epoch_s: at * 60, network_out_bytes: Some(bytes), network_in_bytes: Some(0.0) }
    }

    #[test]
    fn five_minutes_are_one_datapoint_at_their_start() {
        let mut fold = Fold::of(60);
        let found: Vec<_> = (0..11).filter_map(|at| fold.push(&minute(at, 600.0))).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], Rates { epoch_s: 300, outbound: 10.0, inbound: 0.0 });
    }

    #[test]
    fn five_minutes_with_a_missing_one_are_unknown() {
        let mut fold = Fold::of(60);
        let found: Vec<_> =
            [0, 1, 3, 4, 5, 6, 7, 8, 9].into_iter().filter_map(|at| fold.push(&minute(at, 1.0))).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].epoch_s, 300);
    }

    #[test]
    fn the_period_is_the_least_distance() {
        assert_eq!(period_of(&[0, 600, 900, 900, 1200]), 300);
        assert_eq!(period_of(&[60, 120, 180]), 60);
        assert_eq!(period_of(&[5]), 300);
    }
}
