//! Series for the tests: the period is five minutes and they begin at 0.

use detection::sample::Sample;

pub const STEP_S: i64 = 300;
pub const DAY: i64 = 288;

pub fn sample(at: i64, out_per_s: f64, in_per_s: f64) -> Sample {
    Sample {
        epoch_s: at * STEP_S,
        network_out_bytes: Some(out_per_s * 300.0),
        network_in_bytes: Some(in_per_s * 300.0),
    }
}

/// An instance that sends 20–60 KB/s and takes in half of it.
pub fn calm(points: i64) -> Vec<Sample> {
    (0..points)
        .map(|at| {
            let out = 20_000.0 + 40_000.0 * ((at * 7919) % 101) as f64 / 100.0;
            sample(at, out, out / 2.0)
        })
        .collect()
}

/// Adds a rate to what goes out from one datapoint up to another.
pub fn add(series: &mut [Sample], from: i64, to: i64, out_per_s: f64) {
    for sample in series.iter_mut().filter(|sample| (from..to).contains(&(sample.epoch_s / STEP_S))) {
        sample.network_out_bytes = sample.network_out_bytes.map(|bytes| bytes + out_per_s * 300.0);
    }
}
