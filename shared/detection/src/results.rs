//! What `cordon backtest --json` prints, and its sums.

use crate::inject::Injection;
use crate::labels::{Fate, Label, Labelled, is_named};
use crate::problems::Problems;
use crate::reason::Reason;
use crate::replay::Isolation;
use crate::tally::{Count, Odd, Tally};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

pub const SCHEMA: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isolated {
    pub series: String,
    /// The end of the last datapoint used.
    pub epoch_s: i64,
    pub reasons: Vec<Reason>,
    /// Whether it is of an injection: else it is false, for a backtest knows no attack but those it made.
    pub injected: bool,
    /// Whether somebody called it a false alarm before.
    pub label: Option<Said>,
}

/// What people said of an isolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    FalseAlarm,
}

/// A detection in a file of one metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    pub series: String,
    /// The start of the datapoint, UTC, as such files have it: `YYYY-MM-DD HH:MM:SS`.
    pub timestamp: String,
}

const TIMESTAMP: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// A time that no calendar has stays a number.
fn timestamp(epoch_s: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(epoch_s).ok();
    at.and_then(|at| at.format(TIMESTAMP).ok()).unwrap_or_else(|| epoch_s.to_string())
}

/// One backtest. Add every series as it ends; then [`finish`](Self::finish).
#[derive(Debug, Clone, Default, Serialize)]
pub struct Backtest {
    pub schema: u32,
    pub series: u64,
    /// Days of datapoints.
    pub instance_days: f64,
    pub isolations: Vec<Isolated>,
    /// `None` of nothing.
    pub false_per_1000_instance_days: Option<f64>,
    pub injected: Vec<Injection>,
    /// Found injections by all; `None` without one.
    pub recall: Option<f64>,
    /// Of the found ones, the upper median from an injection's start to the end of the last datapoint used.
    pub median_delay_s: Option<i64>,
    /// False alarms that people labelled, and whether they would come again.
    pub false_alarms: Vec<Labelled>,
    pub detections: Vec<Detection>,
    /// By rule, what it turned away.
    pub rules: BTreeMap<&'static str, Count>,
    pub odd_datapoints: BTreeMap<Odd, u64>,
    /// By file.
    pub problems: BTreeMap<String, Problems>,
}

impl Backtest {
    /// A backtest that is to tell of these false alarms.
    pub fn labelled(labels: impl IntoIterator<Item = Label>) -> Self {
        let mut labels: Vec<Label> = labels.into_iter().collect();
        labels.sort();
        labels.dedup();
        Self { false_alarms: labels.into_iter().map(Labelled::from).collect(), ..Self::default() }
    }

    /// A series of traffic: what was isolated, what was injected, and its figures.
    pub fn add(&mut self, series: &str, isolations: Vec<Isolation>, mut injected: Vec<Injection>, tally: &Tally) {
        let isolated_s: Vec<i64> = isolations.iter().map(|isolation| isolation.epoch_s).collect();
        self.false_alarms.iter_mut().for_each(|label| label.meet(series, tally.covered(), &isolated_s));
        for isolation in isolations {
            let of = injected.iter_mut().find(|injection| injection.is_of(&isolation));
            let is_of_one = of.is_some();
            if let Some(injection) = of {
                injection.detected_epoch_s.get_or_insert(isolation.epoch_s);
            }
            self.isolations.push(Isolated {
                series: series.to_owned(),
                epoch_s: isolation.epoch_s,
                reasons: isolation.reasons,
                injected: is_of_one,
                label: self.is_labelled(series, isolation.epoch_s).then_some(Said::FalseAlarm),
            });
        }
        self.injected.append(&mut injected);
        self.count(tally);
    }

    fn is_labelled(&self, series: &str, epoch_s: i64) -> bool {
        self.false_alarms.iter().any(|label| is_named(series, &label.series) && label.is_near(epoch_s))
    }

    /// How many labelled false alarms met this fate.
    pub fn fates(&self, fate: Fate) -> usize {
        self.false_alarms.iter().filter(|label| label.fate == fate).count()
    }

    /// A series of one metric.
    pub fn add_metric(&mut self, series: &str, changed_s: impl IntoIterator<Item = i64>, tally: &Tally) {
        let of = |epoch_s| Detection { series: series.to_owned(), timestamp: timestamp(epoch_s) };
        self.detections.extend(changed_s.into_iter().map(of));
        self.count(tally);
    }

    pub fn add_problems(&mut self, file: &str, problems: &Problems) {
        if !problems.is_empty() {
            self.problems.insert(file.to_owned(), problems.clone());
        }
    }

    /// Works out the sums.
    pub fn finish(mut self) -> Self {
        self.schema = SCHEMA;
        let wrong = self.isolations.iter().filter(|isolation| !isolation.injected).count();
        self.false_per_1000_instance_days =
            (self.instance_days > 0.0).then(|| wrong as f64 * 1000.0 / self.instance_days);
        let mut delays: Vec<_> = self
            .injected
            .iter()
            .filter_map(|injection| Some(injection.detected_epoch_s?.saturating_sub(injection.epoch_s)))
            .collect();
        self.recall = (!self.injected.is_empty()).then(|| delays.len() as f64 / self.injected.len() as f64);
        delays.sort_unstable();
        self.median_delay_s = delays.get(delays.len() / 2).copied();
        self
    }

    fn count(&mut self, tally: &Tally) {
        self.series += 1;
        self.instance_days += tally.instance_days();
        for (rule, count) in tally.by_rule() {
            let sum = self.rules.entry(rule).or_default();
            sum.datapoints += count.datapoints;
            sum.episodes += count.episodes;
        }
        for (odd, count) in tally.odd_datapoints() {
            *self.odd_datapoints.entry(*odd).or_default() += count;
        }
    }
}
