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
        isolation.epoch_s > self.epoch_s && isolation.epoch_s - STEP_S < self.ends_s()
    }
}

/// Where in a series that spans `first_s` to `last_s` (start of its last datapoint) to inject: never in its first two
/// days, in which a series without peers is never isolated; each in its own equal part of the rest, so that none
/// overlap, and more than the silence of 24 hours apart where they fit. Fewer than asked where even an hour between them
/// doesn't fit. The same seed and name give the same times.
pub fn plan(order: &Order, series: &str, first_s: i64, last_s: i64) -> Vec<Injection> {
    let lasts_s = i64::from(order.minutes) * 60;
    let from_s = first_s.saturating_add(2 * 86_400);
    let room_s = last_s.saturating_add(STEP_S).saturating_sub(from_s);
    let fits = room_s / lasts_s.saturating_add(3600).max(1);
    let count = i64::from(order.per_series).min(fits).max(0);
    if count == 0 {
        return Vec::new();
    }
    let part_s = room_s / count;
    // From the end of one to the start of the next, in the worst case.
    let apart_s = if part_s > lasts_s + SILENCE_S + STEP_S { SILENCE_S + STEP_S } else { 0 };
    let mut chance = Chance::of(order.seed, series);
    let mut injections = Vec::new();
    for index in 0..count {
        let steps = ((part_s - lasts_s - apart_s) / STEP_S).max(1);
        let offset_s = i64::try_from(chance.below(steps.unsigned_abs())).unwrap_or(0) * STEP_S;
        injections.push(Injection {
            series: series.to_owned(),
            // On the datapoints' own grid: a file knows no finer time.
            epoch_s: from_s + (index * part_s).div_euclid(STEP_S) * STEP_S + offset_s,
            rate_bytes_per_s: order.rate_bytes_per_s,
            minutes: order.minutes,
            detected_epoch_s: None,
        });
    }
    injections
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
