//! What a setting did in a part, summed over its series.

use serde::Serialize;
use std::collections::BTreeMap;

/// An exfiltration that is tried: how fast, and which part of it comes back as acknowledgements.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Attack {
    pub name: &'static str,
    pub rate_bytes_per_s: f64,
    pub answered: f64,
}

pub const ATTACKS: [Attack; 4] = [
    Attack { name: "1 MB/s", rate_bytes_per_s: 1e6, answered: 0.0 },
    Attack { name: "5 MB/s", rate_bytes_per_s: 5e6, answered: 0.0 },
    Attack { name: "20 MB/s", rate_bytes_per_s: 20e6, answered: 0.0 },
    Attack { name: "5 MB/s acknowledged", rate_bytes_per_s: 5e6, answered: 0.015 },
];
pub const MINUTES: u32 = 60;
pub const PER_SERIES: u32 = 4;
pub const SEED: u64 = 7;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tried {
    pub injected: u32,
    pub delays_s: Vec<i64>,
}

impl Tried {
    pub fn recall(&self) -> Option<f64> {
        (self.injected > 0).then(|| self.delays_s.len() as f64 / f64::from(self.injected))
    }

    /// The upper median from an attack's start to the end of the last datapoint used, of those found.
    pub fn median_delay_s(&self) -> Option<i64> {
        let mut delays = self.delays_s.clone();
        delays.sort_unstable();
        delays.get(delays.len() / 2).copied()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sums {
    pub days: f64,
    /// Isolations where nothing was injected.
    pub wrong: u32,
    /// In the order of [`ATTACKS`].
    pub tried: [Tried; ATTACKS.len()],
    /// By rule, the episodes that it turned away.
    pub rules: BTreeMap<&'static str, u64>,
}

impl Sums {
    pub fn add(&mut self, other: &Self) {
        self.days += other.days;
        self.wrong += other.wrong;
        for (own, more) in self.tried.iter_mut().zip(&other.tried) {
            own.injected += more.injected;
            own.delays_s.extend(&more.delays_s);
        }
        for (rule, episodes) in &other.rules {
            *self.rules.entry(rule).or_default() += episodes;
        }
    }

    pub fn figures(&self) -> Figures {
        let of = |attack: &Attack, tried: &Tried| Found {
            attack: attack.name,
            injected: tried.injected,
            found: tried.delays_s.len(),
            recall: tried.recall(),
            median_delay_minutes: tried.median_delay_s().map(|delay| delay / 60),
        };
        Figures {
            instance_days: self.days,
            false_isolations: self.wrong,
            false_per_1000_instance_days: (self.days > 0.0).then(|| f64::from(self.wrong) * 1000.0 / self.days),
            found: ATTACKS.iter().zip(&self.tried).map(|(attack, tried)| of(attack, tried)).collect(),
        }
    }
}

/// As printed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub instance_days: f64,
    pub false_isolations: u32,
    pub false_per_1000_instance_days: Option<f64>,
    pub found: Vec<Found>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    pub attack: &'static str,
    pub injected: u32,
    pub found: usize,
    pub recall: Option<f64>,
    pub median_delay_minutes: Option<i64>,
}

impl Figures {
    pub fn recall(&self, attack: usize) -> Option<f64> {
        self.found.get(attack)?.recall
    }
}
