//! The fleet metric: each instance of a group against its peers, itself left out, as a robust log-ratio.

use crate::peers::median;
use crate::thresholds::Thresholds;
use crate::watch::STEP_S;
use serde::Serialize;

/// The metric as it is published: a group's largest log-ratio. An instance's own would be a metric of its own, at $0.30 a
/// month each; who stands out is computed anew from EC2's counts anyway, because anybody who may call PutMetricData can
/// write here.
pub const NAMESPACE: &str = "Cordon";
pub const METRIC: &str = "FleetLogRatio";
pub const DIMENSION: &str = "AutoScalingGroupName";

/// One instance's datapoint, bytes in its period; `None` where it reported none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member<'a> {
    pub instance: &'a str,
    pub bytes: Option<f64>,
}

/// `ln(own / median of the others)`, both at least the grain; 0 is like the others, 1 is 2.7 times as much.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogRatio {
    pub instance: String,
    pub log_ratio: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum FleetStatistic {
    Ratios {
        ratios: Vec<LogRatio>,
    },
    /// Fewer than `least` instances reported: too few to say what is usual.
    Abstains {
        reporting: usize,
        least: usize,
    },
}

impl FleetStatistic {
    pub fn ratios(&self) -> &[LogRatio] {
        match self {
            Self::Ratios { ratios } => ratios,
            Self::Abstains { .. } => &[],
        }
    }

    pub fn largest(&self) -> Option<f64> {
        self.ratios().iter().map(|ratio| ratio.log_ratio).max_by(f64::total_cmp)
    }
}

/// The log-ratio over which a group is nominated, in thousandths, so that two equal thresholds are equal: the verifier's
/// own factor over the peers. Rounded down, so that nothing that the verifier would isolate is left out.
pub fn threshold_thousandths(figures: &Thresholds) -> u32 {
    (figures.peer_factor.ln() * 1000.0).max(0.0) as u32
}

/// The same as the log-ratio.
pub fn threshold(figures: &Thresholds) -> f64 {
    f64::from(threshold_thousandths(figures)) / 1000.0
}

/// Bytes in a period of [`STEP_S`] seconds, of which the peer factor makes the verifier's floor: over the threshold is
/// whoever sends at least the floor and at least so many times the others' median, and nobody else. Idle fleets are quiet.
pub fn grain(figures: &Thresholds) -> f64 {
    figures.floor_bytes_per_s * STEP_S as f64 / figures.peer_factor
}

/// Of a group's members, those that report. A member without a datapoint, or with one that is not finite or negative,
/// is missing: it is neither judged nor counted as zero. What is less than `grain` (bytes in the period, at least 1)
/// counts as so much, so an all-zero fleet is 0 throughout and a few bytes among idle instances are nothing.
pub fn fleet_statistic(members: &[Member<'_>], least: usize, grain: f64) -> FleetStatistic {
    let reporting: Vec<(&str, f64)> = members
        .iter()
        .filter_map(|member| Some((member.instance, member.bytes?)))
        .filter(|(_, bytes)| bytes.is_finite() && *bytes >= 0.0)
        .collect();
    if reporting.len() < least.max(2) {
        return FleetStatistic::Abstains { reporting: reporting.len(), least: least.max(2) };
    }
    let grain = if grain.is_finite() { grain.max(1.0) } else { 1.0 };
    let mut sorted: Vec<f64> = reporting.iter().map(|(_, bytes)| *bytes).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let ratios = reporting.into_iter().map(|(instance, bytes)| LogRatio {
        instance: instance.to_owned(),
        log_ratio: (bytes.max(grain) / median_without(&sorted, bytes).max(grain)).ln(),
    });
    FleetStatistic::Ratios { ratios: ratios.collect() }
}

/// The median of `sorted` less one occurrence of `value`, without sorting anew for each member.
fn median_without(sorted: &[f64], value: f64) -> f64 {
    let at = sorted.partition_point(|other| *other < value);
    let left = sorted.len().saturating_sub(1);
    let other = |index: usize| sorted.get(if index >= at { index + 1 } else { index }).copied().unwrap_or(0.0);
    let mut middle =
        if left % 2 == 1 { vec![other(left / 2)] } else { vec![other((left / 2).saturating_sub(1)), other(left / 2)] };
    median(&mut middle).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(bytes: &[Option<f64>]) -> Vec<Member<'static>> {
        bytes.iter().map(|bytes| Member { instance: "i", bytes: *bytes }).collect()
    }

    fn ratios(bytes: &[Option<f64>]) -> Vec<f64> {
        match fleet_statistic(&members(bytes), 5, 1.0) {
            FleetStatistic::Ratios { ratios } => ratios.iter().map(|ratio| ratio.log_ratio).collect(),
            FleetStatistic::Abstains { .. } => panic!("abstains"),
        }
    }

    #[test]
    fn one_of_five_stands_out_however_far_it_is() {
        let found = ratios(&[Some(1e9), Some(1e3), Some(1e3), Some(1e3), Some(1e3)]);
        assert!(found[0] > 13.0);
        assert!(found[1].abs() < 1e-9, "the others are judged by each other");
    }

    #[test]
    fn an_all_zero_fleet_is_alike() {
        assert_eq!(ratios(&[Some(0.0); 6]), [0.0; 6]);
    }

    #[test]
    fn fewer_than_five_reporting_abstain_and_a_fleet_of_one_does() {
        let four = members(&[Some(1.0), None, Some(f64::NAN), Some(1.0), Some(2.0), Some(-4.0), Some(3.0)]);
        assert_eq!(fleet_statistic(&four, 5, 1.0), FleetStatistic::Abstains { reporting: 4, least: 5 });
        assert_eq!(
            fleet_statistic(&members(&[Some(1.0)]), 0, 1.0),
            FleetStatistic::Abstains { reporting: 1, least: 2 }
        );
    }

    #[test]
    fn over_the_threshold_is_who_sends_the_floor_and_the_factor_times_the_others_and_nobody_else() {
        let figures = Thresholds::default();
        let floor = figures.floor_bytes_per_s * STEP_S as f64;
        let over = |own: f64, others: f64| {
            let all: Vec<_> = [own].into_iter().chain([others; 5]).map(Some).collect();
            fleet_statistic(&members(&all), 5, grain(&figures)).largest().unwrap() > threshold(&figures)
        };
        for (own, others, expected) in [
            (floor, 0.0, true),
            (floor * 0.99, 0.0, false),
            (floor, floor * 0.24, true),
            (floor, floor * 0.26, false),
            (floor * 40.0, floor * 9.9, true),
            (floor * 40.0, floor * 10.1, false),
        ] {
            assert_eq!(over(own, others), expected, "{own} among {others}");
        }
        assert_eq!(threshold_thousandths(&figures), 1386);
        assert_eq!(threshold_thousandths(&Thresholds { peer_factor: 1.0, ..figures }), 0);
    }

    proptest::proptest! {
        #[test]
        fn leaving_one_out_is_the_median_of_the_others(values in proptest::collection::vec(0_u32..20, 5..20)) {
            let bytes: Vec<_> = values.iter().map(|value| Some(f64::from(*value))).collect();
            for (at, ratio) in ratios(&bytes).into_iter().enumerate() {
                let mut others: Vec<_> = values.iter().map(|value| f64::from(*value)).collect();
                let own = others.remove(at);
                let expected = (own.max(1.0) / median(&mut others).unwrap().max(1.0)).ln();
                proptest::prop_assert!((ratio - expected).abs() < 1e-12);
            }
        }
    }
}
