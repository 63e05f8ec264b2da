//! Files of one metric: the same core, of which only what any metric has is asked. How long it lasts, what is usual and
//! what was sustained before are the instance's own; there are no bytes for a floor and no second direction to compare
//! with, so the floor is the metric's own spread, and a fall is as much news as a rise.

use crate::heights::{Lows, SCALES};
use crate::sliding_max::SlidingMax;
use crate::tally::{Odd, Tally};
use crate::thresholds::{DAY_S, HISTORY_S, HOUR_S};
use crate::usual::Usual;
use serde::Serialize;

/// One datapoint by itself, and the scales of the core.
const LENGTHS: [usize; SCALES.len() + 1] = [1, SCALES[0], SCALES[1], SCALES[2]];

/// The figures for one metric of any kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricThresholds {
    /// How many times as far from the median as anything that lasted as long before.
    pub novelty: f64,
    /// By how much that grows for a series of no age; it shrinks to nothing over 14 days.
    pub youth_margin: f64,
    /// And how many times the metric's own spread.
    pub spreads: f64,
    /// Nothing is said before.
    pub warm_s: i64,
    /// Nothing is said for so long after a detection.
    pub silence_s: i64,
}

impl Default for MetricThresholds {
    fn default() -> Self {
        Self { novelty: 1.05, youth_margin: 1.0, spreads: 2.0, warm_s: 2 * DAY_S, silence_s: 12 * HOUR_S }
    }
}

/// One of a file's detections: the time of the datapoint that showed it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    pub epoch_s: i64,
    pub datapoints: usize,
    pub rises: bool,
    /// Distance from the median of the least extreme of the datapoints, of what was seen before, and the spread.
    pub distance: f64,
    pub seen: f64,
    pub spread: f64,
}

/// One direction's sustained extremes, as the highest; a fall is the rise of the negated.
#[derive(Debug, Clone, Default)]
struct Side {
    lows: Lows,
    seen: [SlidingMax; LENGTHS.len()],
}

impl Side {
    fn learn(&mut self, epoch_s: i64) {
        for (index, (max, points)) in self.seen.iter_mut().zip(LENGTHS).enumerate() {
            let low = self.lows.lasting(index, points);
            if low.is_finite() {
                max.push(epoch_s, low);
                max.forget_before(epoch_s.saturating_sub(HISTORY_S));
            }
        }
    }
}

/// A series of one metric, datapoint by datapoint.
#[derive(Debug, Clone)]
pub struct MetricReplay {
    figures: MetricThresholds,
    up: Side,
    down: Side,
    values: Usual,
    first_s: Option<i64>,
    last_s: Option<i64>,
    silent_until_s: i64,
    tally: Tally,
}

impl MetricReplay {
    pub fn new(figures: MetricThresholds) -> Self {
        Self {
            figures,
            up: Side::default(),
            down: Side::default(),
            values: Usual::over(HISTORY_S),
            first_s: None,
            last_s: None,
            silent_until_s: i64::MIN,
            tally: Tally::default(),
        }
    }

    /// The next datapoint; one that is not later than the one before, or has no finite value, is counted and left out.
    pub fn push(&mut self, epoch_s: i64, value: Option<f64>) -> Option<Change> {
        match self.last_s {
            Some(last_s) if epoch_s == last_s => {
                self.tally.odd(Odd::Duplicate);
                return None;
            }
            Some(last_s) if epoch_s < last_s => {
                self.tally.odd(Odd::Unsorted);
                return None;
            }
            Some(last_s) => self.tally.datapoint(epoch_s, epoch_s.saturating_sub(last_s).min(HOUR_S)),
            None => {}
        }
        self.last_s = Some(epoch_s);
        let Some(value) = value.filter(|value| value.is_finite()) else {
            self.tally.odd(Odd::Missing);
            return None;
        };
        let first_s = *self.first_s.get_or_insert(epoch_s);
        self.up.lows.push(value);
        self.down.lows.push(-value);
        let is_time = epoch_s.saturating_sub(first_s) >= self.figures.warm_s && epoch_s >= self.silent_until_s;
        let found = if is_time { self.look(epoch_s, epoch_s.saturating_sub(first_s)) } else { None };
        self.up.learn(epoch_s);
        self.down.learn(epoch_s);
        self.values.push(epoch_s, value);
        if found.is_some() {
            self.silent_until_s = epoch_s.saturating_add(self.figures.silence_s);
        }
        found
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn look(&self, epoch_s: i64, age_s: i64) -> Option<Change> {
        let mut usual = None;
        for (index, points) in LENGTHS.into_iter().enumerate() {
            for (side, rises) in [(&self.up, true), (&self.down, false)] {
                let low = side.lows.lasting(index, 0);
                let Some(seen) = side.seen.get(index).and_then(|max| max.since(epoch_s.saturating_sub(HISTORY_S)))
                else {
                    continue;
                };
                // Most datapoints are nothing new at all, and the median is dear.
                if !low.is_finite() || low <= seen {
                    continue;
                }
                let (median, spread) = *usual.get_or_insert_with(|| self.usual());
                let median = if rises { median } else { -median };
                let (distance, seen) = (low - median, (seen - median).max(0.0));
                let youth = 1.0 + self.figures.youth_margin * (1.0 - age_s as f64 / HISTORY_S as f64).max(0.0);
                let novelty = 1.0 + (self.figures.novelty - 1.0) * youth;
                // A series that has never moved has no spread to measure by.
                if spread > 0.0 && distance > novelty * seen && distance > self.figures.spreads * spread {
                    return Some(Change { epoch_s, datapoints: points, rises, distance, seen, spread });
                }
            }
        }
        None
    }

    /// The median, and how far from it values usually lie.
    fn usual(&self) -> (f64, f64) {
        let at = |of| self.values.quantile(of).unwrap_or(0.0);
        let median = at(0.5);
        let spread = ((at(0.95) - at(0.05)) / 2.0).max(at(0.75) - at(0.25)).max(median.abs() * 0.02);
        (median, spread)
    }
}
