//! One stretch of a series under one setting: without attacks for what is false, with each for what is found.

use crate::sums::{ATTACKS, Attack, MINUTES, PER_SERIES, SEED, Sums, Tried};
use detection::fold::period_of;
use detection::inject::{Injection, Order, plan_over};
use detection::replay::{Isolation, Replay};
use detection::sample::Sample;
use detection::thresholds::Thresholds;

/// Datapoints from which the period is told, as `cordon backtest` does.
const FIRST: usize = 16;

/// A stretch with its attacks in it, made once for all settings.
pub struct Prepared {
    clean: Vec<Sample>,
    period_s: i64,
    attacked: Vec<(Vec<Injection>, Vec<Sample>)>,
}

/// The times are those of `cordon backtest --inject RATE,60,4,7`, for the same file.
pub fn prepare(name: &str, samples: &[Sample]) -> Prepared {
    let first: Vec<_> = samples.iter().take(FIRST).map(|sample| sample.epoch_s).collect();
    let period_s = period_of(&first);
    let attacked = ATTACKS.iter().map(|attack| attacked(name, samples, period_s, attack)).collect();
    Prepared { clean: samples.to_vec(), period_s, attacked }
}

pub fn injections(name: &str, samples: &[Sample], period_s: i64, rate_bytes_per_s: f64) -> Vec<Injection> {
    let order = Order { rate_bytes_per_s, minutes: MINUTES, per_series: PER_SERIES, seed: SEED };
    plan_over(&order, name, samples, period_s)
}

fn attacked(name: &str, samples: &[Sample], period_s: i64, attack: &Attack) -> (Vec<Injection>, Vec<Sample>) {
    let injected = injections(name, samples, period_s, attack.rate_bytes_per_s);
    let mut samples = samples.to_vec();
    for injection in &injected {
        let from = samples.partition_point(|sample| sample.epoch_s.saturating_add(period_s) <= injection.epoch_s);
        let under = samples.iter_mut().skip(from).take_while(|sample| sample.epoch_s < injection.ends_s());
        for sample in under {
            let before = sample.network_out_bytes.unwrap_or(0.0);
            injection.add_to(sample, period_s);
            let added = sample.network_out_bytes.unwrap_or(0.0) - before;
            sample.network_in_bytes = sample.network_in_bytes.map(|bytes| bytes + added * attack.answered);
        }
    }
    (injected, samples)
}

pub fn sums(prepared: &Prepared, figures: &Thresholds) -> Sums {
    let (wrong, replay) = replayed(&prepared.clean, prepared.period_s, figures);
    let tally = replay.tally();
    let mut sums = Sums {
        days: tally.instance_days(),
        wrong: u32::try_from(wrong.len()).unwrap_or(u32::MAX),
        rules: tally.by_rule().iter().map(|(rule, count)| (*rule, count.episodes)).collect(),
        ..Sums::default()
    };
    for ((injected, samples), tried) in prepared.attacked.iter().zip(&mut sums.tried) {
        let (found, _) = replayed(samples, prepared.period_s, figures);
        *tried = found_of(injected, &found);
    }
    sums
}

/// Which of the attacks were isolated, and how late.
pub fn found_of(injected: &[Injection], found: &[Isolation]) -> Tried {
    let delay = |injection: &Injection| {
        let isolation = found.iter().find(|isolation| injection.is_of(isolation))?;
        Some(isolation.epoch_s.saturating_sub(injection.epoch_s))
    };
    Tried {
        injected: u32::try_from(injected.len()).unwrap_or(u32::MAX),
        delays_s: injected.iter().filter_map(delay).collect(),
    }
}

pub fn replayed(samples: &[Sample], period_s: i64, figures: &Thresholds) -> (Vec<Isolation>, Replay) {
    let mut replay = Replay::new(figures.clone(), Some(period_s));
    let mut found: Vec<_> = samples.iter().filter_map(|sample| replay.push(sample)).collect();
    found.extend(replay.finish());
    (found, replay)
}
