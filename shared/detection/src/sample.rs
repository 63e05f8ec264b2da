//! One datapoint of an instance's traffic, and its rate.

use serde::{Deserialize, Serialize};

/// What the rule works in: bytes a second, both ways, of the five minutes that begin at `epoch_s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    pub epoch_s: i64,
    pub outbound: f64,
    pub inbound: f64,
}

/// One datapoint as CloudWatch or a file gives it: bytes in the period that begins at `epoch_s`; `None` is missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub epoch_s: i64,
    pub network_out_bytes: Option<f64>,
    pub network_in_bytes: Option<f64>,
}

impl Sample {
    /// The rates, or `None` where either way is missing, not finite or negative: a rate that isn't known is not zero.
    pub fn rates(&self, period_s: i64) -> Option<Rates> {
        let known = |bytes: Option<f64>| bytes.filter(|bytes| bytes.is_finite() && *bytes >= 0.0);
        let seconds = period_s.max(1) as f64;
        Some(Rates {
            epoch_s: self.epoch_s,
            outbound: known(self.network_out_bytes)? / seconds,
            inbound: known(self.network_in_bytes)? / seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_negative_or_infinite_count_has_no_rate() {
        let at = |out, inn| Sample { epoch_s: 0, network_out_bytes: out, network_in_bytes: inn }.rates(300);
        assert_eq!(at(Some(600.0), Some(300.0)), Some(Rates { epoch_s: 0, outbound: 2.0, inbound: 1.0 }));
        for bad in [None, Some(-1.0), Some(f64::NAN), Some(f64::INFINITY)] {
            assert_eq!(at(bad, Some(1.0)), None);
            assert_eq!(at(Some(1.0), bad), None);
        }
    }
}
