//! What an instance has sent before, by how much came in meanwhile.

use crate::heights::{LONGEST, Lows, SCALES};
use crate::sample::Rates;
use crate::sliding_max::SlidingMax;
use crate::thresholds::HISTORY_S;

/// Inbound by octave, from under 1 KiB/s up to 16 GiB/s and beyond.
const OCTAVES: usize = 26;
const FIRST_EXPONENT: i64 = 10;
/// Datapoints of the longest scale.
const DELAY: usize = LONGEST;

/// The largest sustained rates of the last 14 days.
#[derive(Debug, Clone, Default)]
pub struct Past {
    outbound: Lows,
    surplus: Lows,
    /// Negated, so that the least is the most that came in.
    inbound: Lows,
    scales: [AtScale; SCALES.len()],
}

#[derive(Debug, Clone, Default)]
struct AtScale {
    by_inbound: [SlidingMax; OCTAVES],
    surplus: SlidingMax,
}

/// What was seen before at one scale, bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Seen {
    /// The most sent while no more came in than now.
    pub while_as_little_came_in: f64,
    /// The most sent beyond what came in, whatever came in.
    pub surplus: f64,
}

impl Past {
    /// Takes in one datapoint. What is learned by it is the window of each scale that ended where the longest window of
    /// now begins: what is being judged at any scale is not part of what it is compared with at another, or an attack
    /// that only the longest scale finds would have taught itself to the others.
    pub fn push(&mut self, rates: &Rates) {
        self.outbound.push(rates.outbound);
        self.surplus.push((rates.outbound - rates.inbound).max(0.0));
        self.inbound.push(-rates.inbound);
        let oldest_s = rates.epoch_s.saturating_sub(HISTORY_S);
        for (index, scale) in self.scales.iter_mut().enumerate() {
            let outbound = self.outbound.at(index, DELAY);
            if outbound == f64::INFINITY {
                continue;
            }
            if let Some(max) = scale.by_inbound.get_mut(octave(-self.inbound.at(index, DELAY))) {
                max.push(rates.epoch_s, outbound);
                max.forget_before(oldest_s);
            }
            scale.surplus.push(rates.epoch_s, self.surplus.at(index, DELAY));
            scale.surplus.forget_before(oldest_s);
        }
    }

    /// Drops what is not yet learned: the datapoints up to now turned out to be an attack's.
    pub fn break_off(&mut self) {
        (self.outbound, self.surplus, self.inbound) = (Lows::default(), Lows::default(), Lows::default());
    }

    /// At `scale`, as of `now_s`, while at most `inbound` came in.
    pub fn seen(&self, scale: usize, now_s: i64, inbound: f64) -> Seen {
        let oldest_s = now_s.saturating_sub(HISTORY_S);
        let Some(at) = self.scales.get(scale) else { return Seen::default() };
        let no_more = at.by_inbound.iter().take(octave(inbound) + 1);
        let most = no_more.filter_map(|max| max.since(oldest_s)).fold(0.0, f64::max);
        Seen { while_as_little_came_in: most, surplus: at.surplus.since(oldest_s).unwrap_or(0.0) }
    }

    /// At `scale`, the most sent in the last 14 days, whatever came in.
    pub fn most(&self, scale: usize, now_s: i64) -> f64 {
        self.seen(scale, now_s, f64::MAX).while_as_little_came_in
    }
}

fn octave(inbound: f64) -> usize {
    let exponent = (inbound.to_bits() >> 52) as i64 - 1023;
    usize::try_from(exponent - FIRST_EXPONENT + 1).unwrap_or(0).min(OCTAVES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(rates: &[(f64, f64)]) -> Past {
        let mut past = Past::default();
        for (at, (outbound, inbound)) in rates.iter().enumerate() {
            past.push(&Rates { epoch_s: 300 * at as i64, outbound: *outbound, inbound: *inbound });
        }
        past
    }

    #[test]
    fn an_octave_holds_what_is_less_than_twice_its_start() {
        assert_eq!([0.0, 1023.0, 1024.0, 2047.0, 2048.0, 1e300].map(octave), [0, 0, 1, 1, 2, OCTAVES - 1]);
    }

    #[test]
    fn what_was_sent_while_much_came_in_is_not_seen_while_little_comes_in() {
        let mut rates = vec![(9e6, 9e6), (9e6, 9e6)];
        rates.resize(12, (10.0, 0.0));
        let seen = past(&rates);
        assert_eq!(seen.seen(0, 3300, 100.0).while_as_little_came_in, 10.0);
        assert_eq!(seen.seen(0, 3300, 1e7).while_as_little_came_in, 9e6);
        assert_eq!(seen.seen(0, 3300, 100.0).surplus, 10.0);
    }

    #[test]
    fn the_window_of_now_is_not_in_its_own_past() {
        let mut rates = vec![(5.0, 0.0); 2];
        rates.resize(10, (900.0, 0.0));
        let seen = past(&rates);
        assert_eq!(seen.seen(0, 2700, 0.0).while_as_little_came_in, 5.0);
    }

    #[test]
    fn a_spike_of_one_datapoint_was_not_sustained() {
        let mut rates = vec![(5.0, 0.0), (900.0, 0.0)];
        rates.resize(20, (5.0, 0.0));
        assert_eq!(past(&rates).most(0, 5700), 5.0);
    }
}
