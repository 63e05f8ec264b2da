//! Halves of the servers and of the time, so that a figure chosen on one is told apart from what it is on the other.

use detection::sample::Sample;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Servers {
    Even,
    Odd,
}

/// When. A half is begun anew: its first day is a young server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    Whole,
    FirstHalf,
    SecondHalf,
}

pub const SPANS: [Span; 3] = [Span::Whole, Span::FirstHalf, Span::SecondHalf];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Part {
    pub servers: Servers,
    pub span: Span,
}

impl Servers {
    /// By the parity of the name's hash, so that adding a file moves no other.
    pub fn of(name: &str) -> Self {
        let stem = name.strip_suffix(".gz").unwrap_or(name);
        let hash = stem
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        // The lowest bit of this hash is the parity of the bytes; a high one is mixed.
        if (hash >> 40) & 1 == 0 { Self::Even } else { Self::Odd }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Even => "servers A",
            Self::Odd => "servers B",
        }
    }
}

impl Span {
    /// The samples of it; `samples` is in the order of time.
    pub fn of(self, samples: &[Sample]) -> &[Sample] {
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return samples };
        let middle_s = i64::midpoint(first.epoch_s, last.epoch_s);
        let (before, after) = samples.split_at(samples.partition_point(|sample| sample.epoch_s <= middle_s));
        match self {
            Self::Whole => samples,
            Self::FirstHalf => before,
            Self::SecondHalf => after,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole time",
            Self::FirstHalf => "first half",
            Self::SecondHalf => "second half",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_of_the_time_share_no_datapoint_and_leave_none_out() {
        for points in [0_i64, 1, 2, 7] {
            let sample = |at| Sample { epoch_s: at * 300, network_out_bytes: None, network_in_bytes: None };
            let samples: Vec<_> = (0..points).map(sample).collect();
            let halves = [Span::FirstHalf.of(&samples), Span::SecondHalf.of(&samples)];
            assert_eq!(halves.concat(), samples);
        }
    }

    #[test]
    fn a_servers_half_is_its_own_and_packing_does_not_move_it() {
        let names: Vec<_> = (0..200).map(|number| format!("vm-{number:03}.csv")).collect();
        let even = names.iter().filter(|name| Servers::of(name) == Servers::Even).count();
        assert!((70..=130).contains(&even), "{even} of 200");
        assert!(names.iter().all(|name| Servers::of(name) == Servers::of(&format!("{name}.gz"))));
    }
}
