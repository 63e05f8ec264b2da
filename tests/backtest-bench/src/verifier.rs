//! How long the verifier takes for one instance, with everything that it may be given.

use detection::reason::DetectorState;
use detection::sample::Sample;
use detection::thresholds::Thresholds;
use detection::verify::{Group, Question, verify};
use detection::watch::STEP_S;
use serde::Serialize;
use std::hint::black_box;
use std::time::Instant;

const DAY: i64 = 288;
const RUNS: usize = 301;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Took {
    pub case: &'static str,
    pub median_ms: f64,
    pub slowest_of_20_ms: f64,
}

/// An instance whose last ten minutes are an attack, so that every rule is asked and its peers are compared.
pub fn measure() -> Vec<Took> {
    let mut own = calm(0, 14 * DAY);
    for sample in own.iter_mut().rev().take(4) {
        sample.network_out_bytes = Some(50e6 * STEP_S as f64);
    }
    let weeks: Vec<_> = (1..=100).map(|seed| calm(seed, 14 * DAY)).collect();
    let days: Vec<_> = weeks.iter().map(|peer| last(peer, DAY)).collect();
    vec![
        took("14 days, 100 peers' last day (what contain-instance reads)", &own, 365, &days),
        took("14 days, 100 peers' 14 days", &own, 365, &weeks),
        took("47 hours old, 12 peers' 14 days (what contain-instance reads)", last(&own, 47 * 12), 0, last(&weeks, 12)),
        took("47 hours old, 100 peers' 14 days", last(&own, 47 * 12), 0, &weeks),
    ]
}

fn last<T>(all: &[T], count: impl TryInto<usize>) -> &[T] {
    all.get(all.len().saturating_sub(count.try_into().unwrap_or(0))..).unwrap_or_default()
}

fn took<S: AsRef<[Sample]>>(case: &'static str, own: &[Sample], older_days: i64, peers: &[S]) -> Took {
    let peers: Vec<&[Sample]> = peers.iter().map(AsRef::as_ref).collect();
    let (first_s, last_s) = (own.first().map_or(0, |one| one.epoch_s), own.last().map_or(0, |one| one.epoch_s));
    let question = Question {
        series: own,
        period_s: STEP_S,
        detector: DetectorState::NotABand,
        launched_s: Some(first_s - older_days * 86_400),
        group: Group::Peers(&peers),
        events_s: &[],
        excluded_s: &[],
        now_s: last_s + STEP_S + 120,
    };
    let figures = Thresholds::default();
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            black_box(verify(black_box(&question), &figures));
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times.get((RUNS as f64 * part) as usize).copied().unwrap_or(f64::NAN);
    Took { case, median_ms: at(0.5), slowest_of_20_ms: at(0.95) }
}

fn calm(seed: i64, points: i64) -> Vec<Sample> {
    let of = |at: i64| {
        let rate = 20_000.0 + 400.0 * ((at * 7919 + seed * 104_729) % 101) as f64;
        let bytes = rate * STEP_S as f64;
        Sample { epoch_s: at * STEP_S, network_out_bytes: Some(bytes), network_in_bytes: Some(bytes / 2.0) }
    };
    (0..points).map(of).collect()
}
