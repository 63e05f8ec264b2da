//! The fleet statistic over the last few periods: the largest of each is the fleet metric, and who is over the threshold
//! in most of them stands out.

use crate::fleet::{FleetStatistic, LogRatio, Member, fleet_statistic, grain};
use crate::sample::Sample;
use crate::thresholds::Thresholds;
use crate::watch::STEP_S;
use std::collections::BTreeMap;

/// Periods that are looked at, and those of them that must be over the threshold: what the fleet alarm asks, too.
pub const PERIODS: u32 = 3;
pub const DATAPOINTS: u32 = 2;

/// From when to when the last periods are that are over and have settled; epoch seconds, whole periods.
pub fn last_complete(now_s: i64, figures: &Thresholds) -> (i64, i64) {
    let settled_s = now_s.saturating_sub(figures.settle_s);
    let until_s = settled_s.saturating_sub(settled_s.rem_euclid(STEP_S));
    (until_s.saturating_sub(STEP_S * i64::from(PERIODS)), until_s)
}

/// The statistic of each period from `since_s` on, by its start. `sent` holds each member, with what it sent: one without
/// a datapoint is missing in that period.
pub fn by_period(sent: &[(&str, &[Sample])], since_s: i64, figures: &Thresholds) -> BTreeMap<i64, FleetStatistic> {
    let starts = (0..i64::from(PERIODS)).map(|period| since_s.saturating_add(period * STEP_S));
    let of = |start_s: i64| {
        let members: Vec<Member<'_>> = sent
            .iter()
            .map(|(instance, samples)| Member {
                instance,
                bytes: samples.iter().find(|sample| sample.epoch_s == start_s).and_then(|it| it.network_out_bytes),
            })
            .collect();
        (start_s, fleet_statistic(&members, figures.min_peers, grain(figures)))
    };
    starts.map(of).collect()
}

/// Who is over `threshold` in as many periods as the alarm asks for, with the least ratio of those; the largest first.
pub fn standing_out(periods: &BTreeMap<i64, FleetStatistic>, threshold: f64) -> Vec<LogRatio> {
    let mut over: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for ratio in periods.values().flat_map(FleetStatistic::ratios).filter(|ratio| ratio.log_ratio > threshold) {
        over.entry(&ratio.instance).or_default().push(ratio.log_ratio);
    }
    let mut found: Vec<LogRatio> = over
        .into_iter()
        .filter_map(|(instance, mut ratios)| {
            ratios.sort_unstable_by(|one, other| other.total_cmp(one));
            let log_ratio = *ratios.get(DATAPOINTS as usize - 1)?;
            Some(LogRatio { instance: instance.to_owned(), log_ratio })
        })
        .collect();
    found.sort_by(|one, other| other.log_ratio.total_cmp(&one.log_ratio));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::threshold;

    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

    /// Of each member, what it sent in the three periods from 0 on.
    fn periods(sent: [[Option<f64>; 3]; 6]) -> BTreeMap<i64, FleetStatistic> {
        let samples = sent.map(|each| {
            let point = |(period, bytes): (usize, Option<f64>)| Sample {
                epoch_s: period as i64 * STEP_S,
                network_out_bytes: bytes,
                network_in_bytes: None,
            };
            each.into_iter().enumerate().map(point).collect::<Vec<_>>()
        });
        let all: Vec<_> = NAMES.iter().zip(&samples).map(|(name, samples)| (*name, samples.as_slice())).collect();
        by_period(&all, 0, &Thresholds::default())
    }

    fn names(periods: &BTreeMap<i64, FleetStatistic>) -> Vec<String> {
        standing_out(periods, threshold(&Thresholds::default())).into_iter().map(|one| one.instance).collect()
    }

    const CALM: [Option<f64>; 3] = [Some(6e5); 3];
    const MUCH: Option<f64> = Some(9e8);

    #[test]
    fn who_is_over_in_two_of_three_periods_stands_out_the_largest_first() {
        let once = [Some(6e5), Some(6e5), MUCH];
        let twice = [MUCH, None, MUCH];
        let more = [Some(9e9), Some(9e9), Some(1.0)];
        let found = periods([once, CALM, twice, CALM, more, CALM]);
        assert_eq!(names(&found), ["e", "c"]);
    }

    #[test]
    fn a_surge_of_all_is_nobodys_and_a_period_in_which_few_report_says_nothing() {
        assert!(names(&periods([[MUCH; 3]; 6])).is_empty());
        let silent = [None; 3];
        let found = periods([[MUCH; 3], CALM, CALM, CALM, silent, silent]);
        assert!(names(&found).is_empty());
        assert!(found.values().all(|one| *one == FleetStatistic::Abstains { reporting: 4, least: 5 }));
        assert!(found.values().all(|one| one.largest().is_none()));
    }

    #[test]
    fn only_periods_that_are_over_and_have_settled_are_looked_at() {
        let figures = Thresholds::default();
        assert_eq!(last_complete(1200, &figures), (0, 900));
        assert_eq!(last_complete(1259, &figures), (0, 900));
        assert_eq!(last_complete(1260, &figures), (300, 1200));
    }
}
