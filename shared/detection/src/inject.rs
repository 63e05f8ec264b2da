//! Synthetic exfiltration, to learn what would be found: a steady rate added to what goes out, and nothing to what
//! comes in.

use crate::replay::{Isolation, SILENCE_S};
use crate::sample::Sample;
use crate::watch::STEP_S;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What to inject into each series, as `RATE,MINUTES,N,SEED`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    pub rate_bytes_per_s: f64,
    pub minutes: u32,
    pub per_series: u32,
    pub seed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{given:?} is not RATE,MINUTES,N,SEED: {what}; write for example 5000000,60,4,1")]
pub struct OrderError {
    given: String,
    what: &'static str,
}

impl std::str::FromStr for Order {
    type Err = OrderError;

    fn from_str(given: &str) -> Result<Self, OrderError> {
        let wrong = |what| OrderError { given: given.to_owned(), what };
        let mut parts = given.split(',').map(str::trim);
        let (Some(rate), Some(minutes), Some(count), Some(seed), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("it needs four numbers"));
        };
        let rate: f64 = rate.parse().map_err(|_| wrong("RATE is bytes a second"))?;
        if !rate.is_finite() || rate <= 0.0 {
            return Err(wrong("RATE is more than nothing"));
        }
        let minutes = minutes.parse().ok().filter(|minutes| (1..=14 * 24 * 60).contains(minutes));
        let per_series = count.parse().ok().filter(|count| (1..=10_000).contains(count));
        Ok(Self {
            rate_bytes_per_s: rate,
            minutes: minutes.ok_or_else(|| wrong("MINUTES is a whole number from 1 to 20160"))?,
            per_series: per_series.ok_or_else(|| wrong("N is a whole number from 1 to 10000"))?,
            seed: seed.parse().map_err(|_| wrong("SEED is a whole number"))?,
        })
    }
}

/// One exfiltration, and when it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Injection {
    pub series: String,
    pub epoch_s: i64,
    pub rate_bytes_per_s: f64,
    pub minutes: u32,
    pub detected_epoch_s: Option<i64>,
}

impl Injection {
    pub fn ends_s(&self) -> i64 {
        self.epoch_s.saturating_add(i64::from(self.minutes) * 60)
    }

    /// Adds its share to a datapoint of `period_s`; a missing count stays missing.
    pub fn add_to(&self, sample: &mut Sample, period_s: i64) {
        let from_s = sample.epoch_s.max(self.epoch_s);
        let to_s = sample.epoch_s.saturating_add(period_s).min(self.ends_s());
        let seconds = to_s.saturating_sub(from_s).max(0) as f64;
        sample.network_out_bytes = sample.network_out_bytes.map(|bytes| bytes + self.rate_bytes_per_s * seconds);
    }

    /// Whether `isolation` is of this injection: the last datapoint that it used has some of it. What follows later is
    /// of something else.
    pub fn is_of(&self, isolation: &Isolation) -> bool {
        isolation.epoch_s > self.epoch_s && isolation.epoch_s.saturating_sub(STEP_S) < self.ends_s()
    }
}

/// Where a series has datapoints: what a first pass over it must learn, for nothing can be injected into a gap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// From the start of the first datapoint to the end of the last, without a gap between.
    stretches: Vec<(i64, i64)>,
    first_s: Option<i64>,
}

impl Coverage {
    /// Datapoints in the order of time; others are left out. Only stretches that could hold `minutes` are kept, so a
    /// file of gaps needs no more memory than its length in days.
    pub fn push(&mut self, epoch_s: i64, period_s: i64, minutes: u32) {
        self.first_s.get_or_insert(epoch_s);
        let ends_s = epoch_s.saturating_add(period_s);
        match self.stretches.last_mut() {
            Some((_, to_s)) if epoch_s < *to_s => {}
            Some((_, to_s)) if epoch_s == *to_s => *to_s = ends_s,
            Some(short) if short.1.saturating_sub(short.0) < i64::from(minutes) * 60 => *short = (epoch_s, ends_s),
            _ => self.stretches.push((epoch_s, ends_s)),
        }
    }

    /// Starts, on the grid of five minutes, at which `lasts_s` are covered, of at least `from_s`: how many, and each by
    /// its number.
    fn starts(&self, from_s: i64, lasts_s: i64) -> (u64, impl Fn(u64) -> Option<i64> + '_) {
        let room = move |(starts_s, to_s): &(i64, i64)| {
            let starts_s = starts_s.max(&from_s);
            let room = to_s.saturating_sub(lasts_s).saturating_sub(*starts_s).div_euclid(STEP_S) + 1;
            (*starts_s, u64::try_from(room).unwrap_or(0))
        };
        let count = self.stretches.iter().map(|stretch| room(stretch).1).fold(0, u64::saturating_add);
        let at = move |mut number: u64| {
            self.stretches.iter().map(room).find_map(|(starts_s, room)| {
                if number < room {
                    return starts_s.checked_add(i64::try_from(number).ok()?.checked_mul(STEP_S)?);
                }
                number -= room;
                None
            })
        };
        (count, at)
    }
}

/// Where in a series to inject. Never into its first two days, in which a series without peers is never isolated; never
/// where a datapoint is missing; at the start of a datapoint, for a file knows no finer time. Each has its own equal part
/// of the rest, and in it keeps more than the silence of 24 hours from the next one's where that fits. Fewer than asked
/// where they would overlap. The same seed, name and coverage give the same times.
pub fn plan(order: &Order, series: &str, coverage: &Coverage) -> Vec<Injection> {
    let lasts_s = i64::from(order.minutes) * 60;
    let from_s = coverage.first_s.unwrap_or(0).saturating_add(2 * 86_400);
    let (room, start) = coverage.starts(from_s, lasts_s);
    let mut chance = Chance::of(order.seed, series);
    let mut injections: Vec<Injection> = Vec::new();
    let parts = u64::from(order.per_series);
    let silence = u64::try_from((lasts_s + SILENCE_S) / STEP_S + 1).unwrap_or(0);
    for part in 0..parts {
        let bound = |part: u64| (u128::from(room) * u128::from(part) / u128::from(parts.max(1))) as u64;
        let (begins, ends) = (bound(part), bound(part + 1));
        let wide = ends.saturating_sub(begins);
        let free = if wide > silence { wide - silence } else { wide };
        let Some(epoch_s) = start(begins + chance.below(free)) else { continue };
        let overlaps = injections.last().is_some_and(|before| epoch_s <= before.ends_s().saturating_add(3600));
        if wide == 0 || overlaps {
            continue;
        }
        injections.push(Injection {
            series: series.to_owned(),
            epoch_s,
            rate_bytes_per_s: order.rate_bytes_per_s,
            minutes: order.minutes,
            detected_epoch_s: None,
        });
    }
    injections
}

/// The same for samples that are all at hand, in the order of time. One that lacks a count is not there.
pub fn plan_over(order: &Order, series: &str, samples: &[Sample], period_s: i64) -> Vec<Injection> {
    let mut coverage = Coverage::default();
    let is_whole = |sample: &&Sample| sample.network_out_bytes.is_some() && sample.network_in_bytes.is_some();
    samples.iter().filter(is_whole).for_each(|sample| coverage.push(sample.epoch_s, period_s, order.minutes));
    plan(order, series, &coverage)
}

/// A small generator of numbers that anyone can repeat: a counter and a finaliser that mixes its bits.
struct Chance(u64);

impl Chance {
    fn of(seed: u64, series: &str) -> Self {
        let mixed = series.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(mixed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}
