//! The backtest's core: one series, datapoint by datapoint, with nothing of the future.

use crate::fold::{Fold, period_of};
use crate::judge::{Fleet, judge};
use crate::reason::{Decision, Reason, decide};
use crate::sample::{Rates, Sample};
use crate::tally::{Odd, Tally};
use crate::thresholds::{DAY_S, HOUR_S, Thresholds};
use crate::watch::{Finding, STEP_S, Watch};

/// How long nothing is said of a series that was isolated.
pub const SILENCE_S: i64 = DAY_S;
/// What goes on for longer after an isolation is what the instance does, and is learned.
const ATTACK_S: i64 = 6 * HOUR_S;
/// Datapoints from which the period is told.
const FIRST: usize = 16;

/// What would have been done.
#[derive(Debug, Clone, PartialEq)]
pub struct Isolation {
    /// The end of the last datapoint used.
    pub epoch_s: i64,
    pub reasons: Vec<Reason>,
}

/// An instance's state with what follows from isolating it. A backtest has no alarms: every datapoint is nominated,
/// which is never fewer than CloudWatch would.
#[derive(Debug, Clone, Default)]
pub struct Track {
    pub(crate) watch: Watch,
    silent_until_s: Option<i64>,
    /// The level that isolated it, and until when what keeps near it is the same attack.
    attack: Option<(f64, i64)>,
    excluded_s: Vec<(i64, i64)>,
    pub(crate) tally: Tally,
}

impl Track {
    /// Looks at a datapoint. `None` where nothing is to be decided: in silence, or part of an attack.
    pub fn look(&mut self, rates: &Rates, figures: &Thresholds) -> Option<Finding> {
        self.tally.datapoint(rates.epoch_s, STEP_S);
        if let Some((level, until_s)) = self.attack {
            if rates.epoch_s < until_s && rates.outbound >= level / 2.0 {
                self.watch.skip(rates);
                if let Some((_, to_s)) = self.excluded_s.last_mut() {
                    *to_s = rates.epoch_s.saturating_add(STEP_S);
                }
                return None;
            }
            self.attack = None;
        }
        let finding = self.watch.step(rates, figures);
        let silent = self.silent_until_s.is_some_and(|until_s| rates.epoch_s < until_s);
        (!silent).then_some(finding)
    }

    /// Decides on a finding, with what is known of the fleet.
    pub fn settle(
        &mut self,
        finding: &Finding,
        rates: &Rates,
        fleet: &Fleet,
        figures: &Thresholds,
    ) -> Option<Isolation> {
        if matches!(finding, Finding::Quiet { .. }) {
            return None;
        }
        let reasons = judge(finding, self.watch.age_s(rates.epoch_s, None), fleet, figures);
        let decision = decide(&reasons);
        self.tally.candidate(rates.epoch_s, decision, &reasons);
        if decision != Decision::Isolate {
            return None;
        }
        let ends_s = rates.epoch_s.saturating_add(STEP_S);
        if let Some(Reason::Novel { figures: compared }) = reasons.first() {
            self.attack = Some((compared.level, ends_s.saturating_add(ATTACK_S)));
            self.excluded_s.push((ends_s, ends_s));
        }
        self.silent_until_s = Some(ends_s.saturating_add(SILENCE_S));
        self.watch.break_off();
        Some(Isolation { epoch_s: ends_s, reasons })
    }

    /// The attacks so far, from the isolation on: what the verifier is to be told to leave out.
    pub fn excluded_s(&self) -> &[(i64, i64)] {
        &self.excluded_s
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// A series on its own, without peers.
#[derive(Debug, Clone)]
pub struct Replay {
    figures: Thresholds,
    fold: Option<Fold>,
    first: Vec<Sample>,
    last_s: Option<i64>,
    track: Track,
}

impl Replay {
    /// `period_s` is the datapoints' period; `None` tells it from the first of them.
    pub fn new(figures: Thresholds, period_s: Option<i64>) -> Self {
        Self { figures, fold: period_s.map(Fold::of), first: Vec::new(), last_s: None, track: Track::default() }
    }

    /// The next datapoint. One that is not later than the one before is counted and left out.
    pub fn push(&mut self, sample: &Sample) -> Option<Isolation> {
        if let Some(odd) = odd(sample, self.last_s) {
            self.track.tally.odd(odd);
            if odd.is_out_of_order() {
                return None;
            }
        }
        self.last_s = Some(sample.epoch_s);
        if let Some(fold) = &mut self.fold {
            let rates = fold.push(sample)?;
            return step(&mut self.track, &rates, &self.figures);
        }
        self.first.push(*sample);
        if self.first.len() < FIRST { None } else { self.begin() }
    }

    /// The series is over. Only a series of fewer than sixteen datapoints has anything left to say.
    pub fn finish(&mut self) -> Option<Isolation> {
        let found = if self.fold.is_none() { self.begin() } else { None };
        self.track.tally.finish();
        found
    }

    pub fn tally(&self) -> &Tally {
        &self.track.tally
    }

    pub fn excluded_s(&self) -> &[(i64, i64)] {
        self.track.excluded_s()
    }

    fn begin(&mut self) -> Option<Isolation> {
        let first = std::mem::take(&mut self.first);
        let epochs_s: Vec<_> = first.iter().map(|sample| sample.epoch_s).collect();
        let fold = self.fold.insert(Fold::of(period_of(&epochs_s)));
        let rates: Vec<_> = first.iter().filter_map(|sample| fold.push(sample)).collect();
        // The first datapoints are of a young instance: at most the last of them could isolate, and none does.
        rates.iter().filter_map(|rates| step(&mut self.track, rates, &self.figures)).last()
    }
}

fn step(track: &mut Track, rates: &Rates, figures: &Thresholds) -> Option<Isolation> {
    let finding = track.look(rates, figures)?;
    track.settle(&finding, rates, &Fleet::Standalone, figures)
}

/// What is odd about a datapoint that follows one of `last_s`.
pub fn odd(sample: &Sample, last_s: Option<i64>) -> Option<Odd> {
    match last_s {
        Some(last_s) if sample.epoch_s == last_s => return Some(Odd::Duplicate),
        Some(last_s) if sample.epoch_s < last_s => return Some(Odd::Unsorted),
        _ => {}
    }
    let counts = [sample.network_out_bytes, sample.network_in_bytes];
    if counts.iter().any(Option::is_none) {
        return Some(Odd::Missing);
    }
    if counts.iter().flatten().any(|bytes| *bytes < 0.0) {
        return Some(Odd::Negative);
    }
    counts.iter().flatten().any(|bytes| !bytes.is_finite()).then_some(Odd::NotANumber)
}
