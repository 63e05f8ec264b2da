//! An instance against the others of its group. It is left out of what it is compared with: in its own mean, one of n
//! can never stand out by more than √(n−1) deviations.

use crate::sample::Rates;
use crate::thresholds::{DAY_S, Thresholds};
use crate::watch::STEP_S;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What is compared, as ratios and as bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PeerFigures {
    /// Peers with a datapoint for the time in question.
    pub reporting: usize,
    /// How many times its usual rate the instance sends.
    pub own_rise: f64,
    /// The median of the same over the peers.
    pub median_rise: f64,
    /// How many peers rose by the peer factor.
    pub surging: usize,
    /// How many times the peers' median rate the instance sends.
    pub times_median: f64,
    /// The most that any peer has sustained in its history; `None` where only an aggregate was read.
    pub most_seen: Option<f64>,
}

/// One instance's last day, enough to tell a rise.
#[derive(Debug, Clone, Default)]
pub struct Level {
    day: VecDeque<(i64, f32)>,
}

/// What one instance sends now and usually, bytes a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rise {
    pub now: f64,
    pub usual: f64,
}

impl Rise {
    /// How many times the usual; `grain` on both sides keeps an idle instance's first byte from being a rise.
    pub fn times(&self, grain: f64) -> f64 {
        (self.now + grain) / (self.usual + grain)
    }
}

impl Level {
    pub fn push(&mut self, rates: &Rates) {
        self.day.push_back((rates.epoch_s, rates.outbound as f32));
        while self.day.front().is_some_and(|(epoch_s, _)| *epoch_s < rates.epoch_s.saturating_sub(DAY_S)) {
            self.day.pop_front();
        }
    }

    /// Now is the lesser of the last two datapoints; the usual is the median of the day before them. `None` without a
    /// datapoint in the ten minutes up to `now_s`, or without a dozen to compare with: missing is missing.
    pub fn rise(&self, now_s: i64) -> Option<Rise> {
        let last_s = self.day.back()?.0;
        if now_s.saturating_sub(last_s) > 2 * STEP_S || last_s > now_s {
            return None;
        }
        let now = self.day.iter().rev().take(2).map(|(_, rate)| *rate).fold(f32::INFINITY, f32::min);
        // Rates are never negative, so their bits have their order, and whole numbers are quicker to select from.
        let mut before: Vec<u32> = self.day.iter().rev().skip(2).map(|(_, rate)| rate.max(0.0).to_bits()).collect();
        if before.len() < 12 {
            return None;
        }
        let middle = before.len() / 2;
        let (_, median, _) = before.select_nth_unstable(middle);
        Some(Rise { now: f64::from(now), usual: f64::from(f32::from_bits(*median)) })
    }
}

/// Compares `own` with every peer that reports. `most_seen` is for the caller to add.
pub fn compare(own: Rise, peers: &[Rise], figures: &Thresholds) -> PeerFigures {
    let grain = figures.floor_bytes_per_s / 10.0;
    let mut rises: Vec<f64> = peers.iter().map(|peer| peer.times(grain)).collect();
    let mut rates: Vec<f64> = peers.iter().map(|peer| peer.now).collect();
    PeerFigures {
        reporting: peers.len(),
        own_rise: own.times(grain),
        surging: rises.iter().filter(|rise| **rise >= figures.peer_factor).count(),
        median_rise: median(&mut rises).unwrap_or(1.0),
        times_median: (own.now + grain) / (median(&mut rates).unwrap_or(0.0) + grain),
        most_seen: None,
    }
}

/// The middle value, or the mean of the middle two; `None` of nothing.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(upper, *values.get(values.len() / 2 - 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rise(now: f64, usual: f64) -> Rise {
        Rise { now, usual }
    }

    #[test]
    fn an_idle_instances_first_bytes_are_no_rise() {
        assert!(rise(100.0, 0.0).times(80_000.0) < 1.01);
    }

    #[test]
    fn a_fleet_that_rises_together_is_no_rise_over_its_peers() {
        let peers: Vec<_> = (0..8).map(|_| rise(6e6, 1e5)).collect();
        let compared = compare(rise(6e6, 1e5), &peers, &Thresholds::default());
        assert_eq!(compared.surging, 8);
        assert!((compared.own_rise / compared.median_rise - 1.0).abs() < 1e-9);
        assert!((compared.times_median - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_silent_peer_is_missing_and_not_zero() {
        let mut level = Level::default();
        for at in 0..40 {
            level.push(&Rates { epoch_s: at * 300, outbound: 5.0, inbound: 0.0 });
        }
        assert_eq!(level.rise(39 * 300), Some(rise(5.0, 5.0)));
        assert_eq!(level.rise(42 * 300), None);
        assert_eq!(level.rise(30 * 300), None, "what it sends later says nothing of earlier");
    }

    #[test]
    fn a_peer_of_an_hour_has_no_usual_rate() {
        let mut level = Level::default();
        for at in 0..12 {
            level.push(&Rates { epoch_s: at * 300, outbound: 5.0, inbound: 0.0 });
        }
        assert_eq!(level.rise(11 * 300), None);
    }
}
