//! What each rule contributed, and what was odd in the data.

use crate::reason::{Decision, Reason};
use crate::thresholds::{DAY_S, HOUR_S};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A datapoint that is not as it should be. Duplicates and unsorted ones are left out; the others are unknown, not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Odd {
    Duplicate,
    Unsorted,
    Missing,
    /// Traffic of a period can't be negative: a counter that went backwards, or was reset, between two readings.
    Negative,
    NotANumber,
}

impl Odd {
    pub fn is_out_of_order(self) -> bool {
        matches!(self, Self::Duplicate | Self::Unsorted)
    }
}

/// Candidates: what lies over the floor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub datapoints: u64,
    /// Candidates of less than an hour's distance are one episode, which counts for the rule that it came furthest to.
    pub episodes: u64,
}

/// How far an episode came, by what was said of it.
#[derive(Debug, Clone, Copy)]
struct Episode {
    last_s: i64,
    furthest: (u8, &'static str),
}

#[derive(Debug, Clone, Default)]
pub struct Tally {
    seconds: i64,
    /// Beginning of the first datapoint and end of the last.
    covered: Option<(i64, i64)>,
    by_rule: BTreeMap<&'static str, Count>,
    odd: BTreeMap<Odd, u64>,
    episode: Option<Episode>,
}

impl Tally {
    pub fn datapoint(&mut self, epoch_s: i64, step_s: i64) {
        self.seconds = self.seconds.saturating_add(step_s);
        let (from_s, _) = *self.covered.get_or_insert((epoch_s, epoch_s));
        self.covered = Some((from_s, epoch_s.saturating_add(step_s)));
    }

    pub fn odd(&mut self, odd: Odd) {
        *self.odd.entry(odd).or_default() += 1;
    }

    pub fn candidate(&mut self, epoch_s: i64, decision: Decision, reasons: &[Reason]) {
        let against = reasons.iter().find(|reason| reason.decision() != Decision::Isolate);
        let reached = match (decision, against) {
            (Decision::Isolate, _) | (_, None) => (9, "isolated"),
            (_, Some(reason)) => (depth(reason.name()), reason.name()),
        };
        self.by_rule.entry(reached.1).or_default().datapoints += 1;
        match &mut self.episode {
            Some(episode) if epoch_s.saturating_sub(episode.last_s) < HOUR_S => {
                episode.last_s = epoch_s;
                if reached.0 > episode.furthest.0 {
                    episode.furthest = reached;
                }
            }
            _ => {
                self.finish();
                self.episode = Some(Episode { last_s: epoch_s, furthest: reached });
            }
        }
    }

    /// Closes the open episode.
    pub fn finish(&mut self) {
        if let Some(episode) = self.episode.take() {
            self.by_rule.entry(episode.furthest.1).or_default().episodes += 1;
        }
    }

    /// Days of datapoints: a gap is no instance-day.
    pub fn instance_days(&self) -> f64 {
        self.seconds as f64 / DAY_S as f64
    }

    /// From the first datapoint's beginning to the last one's end, epoch seconds.
    pub fn covered(&self) -> Option<(i64, i64)> {
        self.covered
    }

    /// By the name of the rule that turned a candidate away; `isolated` where none did.
    pub fn by_rule(&self) -> &BTreeMap<&'static str, Count> {
        &self.by_rule
    }

    pub fn odd_datapoints(&self) -> &BTreeMap<Odd, u64> {
        &self.odd
    }

    /// Adds another series' figures.
    pub fn add(&mut self, other: &Self) {
        self.seconds = self.seconds.saturating_add(other.seconds);
        for (rule, count) in &other.by_rule {
            let sum = self.by_rule.entry(rule).or_default();
            sum.datapoints += count.datapoints;
            sum.episodes += count.episodes;
        }
        for (odd, count) in &other.odd {
            *self.odd.entry(*odd).or_default() += count;
        }
    }
}

/// Rules in the order in which they are asked.
fn depth(name: &str) -> u8 {
    match name {
        "floor" => 0,
        "persistence" => 1,
        "steadiness" => 2,
        "inbound" => 3,
        "novelty" => 4,
        "seen-on-peers" => 5,
        "young" => 6,
        _ => 7,
    }
}
