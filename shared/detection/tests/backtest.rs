//! The replay: causal, the verifier's own rule, and defined on every kind of bad input.

mod common;

use common::{DAY, STEP_S, add, calm, sample};
use detection::group::GroupReplay;
use detection::inject::{Coverage, Order, plan};
use detection::metric::{MetricReplay, MetricThresholds};
use detection::reason::{Decision, DetectorState};
use detection::replay::{Isolation, Replay};
use detection::results::Backtest;
use detection::sample::Sample;
use detection::tally::Odd;
use detection::thresholds::Thresholds;
use detection::verify::{Group, Question, verify};
use proptest::prelude::*;

fn replay(series: &[Sample]) -> (Vec<Isolation>, Replay) {
    let mut replay = Replay::new(Thresholds::default(), None);
    let mut found: Vec<_> = series.iter().filter_map(|sample| replay.push(sample)).collect();
    found.extend(replay.finish());
    (found, replay)
}

fn times(found: &[Isolation]) -> Vec<i64> {
    found.iter().map(|isolation| isolation.epoch_s).collect()
}

/// Calm days with bursts of any place, length, rate and answer.
fn eventful() -> impl Strategy<Value = Vec<Sample>> {
    let burst = (0..6 * DAY, 1..20_i64, 1e5..3e7_f64, prop_oneof![Just(0.0), Just(0.02), Just(1.0)]);
    proptest::collection::vec(burst, 0..12).prop_map(|bursts| {
        let mut series = calm(6 * DAY);
        for (from, points, rate, answered) in bursts {
            add(&mut series, from, from + points, rate);
            for sample in series.iter_mut().filter(|sample| (from..from + points).contains(&(sample.epoch_s / STEP_S)))
            {
                sample.network_in_bytes = sample.network_in_bytes.map(|bytes| bytes + rate * answered * 300.0);
            }
        }
        series
    })
}

#[test]
fn a_burst_is_isolated_at_the_end_of_its_second_datapoint_and_is_silent_for_a_day() {
    let mut series = calm(18 * DAY);
    add(&mut series, 8 * DAY, 8 * DAY + 12, 5e6);
    add(&mut series, 8 * DAY + 100, 8 * DAY + 112, 50e6);
    add(&mut series, 12 * DAY, 12 * DAY + 12, 5e6);
    let (found, replay) = replay(&series);
    // The second lies in the silence, is not cut off, and is learned: the third is nothing new.
    assert_eq!(times(&found), [(8 * DAY + 2) * STEP_S]);
    assert_eq!(replay.excluded_s(), [((8 * DAY + 2) * STEP_S, (8 * DAY + 12) * STEP_S)]);
}

#[test]
fn an_isolated_attack_is_not_learned() {
    let mut series = calm(18 * DAY);
    add(&mut series, 8 * DAY, 8 * DAY + 12, 5e6);
    add(&mut series, 12 * DAY, 12 * DAY + 12, 5e6);
    assert_eq!(times(&replay(&series).0), [(8 * DAY + 2) * STEP_S, (12 * DAY + 2) * STEP_S]);
}

#[test]
fn the_first_two_days_isolate_nobody_without_peers() {
    let mut series = calm(3 * DAY);
    add(&mut series, DAY, DAY + 12, 50e6);
    let (found, replay) = replay(&series);
    assert_eq!(found, []);
    assert!(replay.tally().by_rule()["young"].datapoints > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cutting_a_series_off_after_a_decision_never_changes_it(series in eventful(), cut in 0..6 * DAY) {
        let cut = cut.unsigned_abs() as usize;
        let (whole, _) = replay(&series);
        let (part, _) = replay(&series[..cut]);
        let until_s = series[..cut].last().map_or(0, |sample| sample.epoch_s + STEP_S);
        let before: Vec<_> = whole.into_iter().filter(|isolation| isolation.epoch_s <= until_s).collect();
        prop_assert_eq!(part, before);
    }

    #[test]
    fn the_verifier_decides_as_the_replay_does(series in eventful(), at in proptest::collection::vec(16..6 * DAY, 12)) {
        let mut replay = Replay::new(Thresholds::default(), Some(STEP_S));
        let mut excluded: Vec<(i64, i64)> = Vec::new();
        let mut silent_until_s = i64::MIN;
        let mut asked = at;
        // Where the replay isolates is where a disagreement would hurt.
        asked.extend(self::replay(&series).0.iter().map(|isolation| isolation.epoch_s / STEP_S - 1));
        for (index, sample) in series.iter().enumerate() {
            let isolated = replay.push(sample);
            if asked.contains(&(index as i64)) && sample.epoch_s >= silent_until_s {
                let verdict = verify(&Question {
                    series: &series[..=index],
                    period_s: STEP_S,
                    detector: DetectorState::Trained,
                    launched_s: Some(i64::MIN / 2),
                    group: Group::Standalone,
                    events_s: &[],
                    excluded_s: &excluded,
                    now_s: sample.epoch_s + STEP_S + 120,
                }, &Thresholds::default());
                prop_assert_eq!(verdict.decision == Decision::Isolate, isolated.is_some(), "at {}", index);
                if let Some(isolation) = &isolated {
                    prop_assert_eq!(&verdict.reasons, &isolation.reasons);
                    prop_assert_eq!(verdict.detected_epoch_s, Some(isolation.epoch_s));
                }
            }
            if let Some(isolation) = isolated {
                silent_until_s = isolation.epoch_s + 86_400;
            }
            excluded = replay.excluded_s().to_vec();
        }
    }

    #[test]
    fn no_series_panics(points in proptest::collection::vec((any::<i64>(), any::<Option<f64>>(), any::<Option<f64>>()), 0..60)) {
        let series: Vec<_> = points
            .iter()
            .map(|(epoch_s, out, inn)| Sample { epoch_s: *epoch_s, network_out_bytes: *out, network_in_bytes: *inn })
            .collect();
        let mut sorted = series.clone();
        sorted.sort_by_key(|sample| sample.epoch_s);
        for series in [&series, &sorted] {
            let _ = replay(series);
            let mut group = GroupReplay::new(Thresholds::default(), 2, 60);
            let mut metric = MetricReplay::new(MetricThresholds::default());
            for (at, sample) in series.iter().enumerate() {
                let _ = group.push(at % 3, sample);
                let _ = metric.push(sample.epoch_s, sample.network_out_bytes);
            }
            let _ = group.finish();
            for now_s in [0, i64::MAX, i64::MIN] {
                let _ = verify(&Question {
                    series,
                    period_s: now_s,
                    detector: DetectorState::Trained,
                    launched_s: Some(now_s),
                    group: Group::Peers(&[series, series]),
                    events_s: &[now_s, 0],
                    excluded_s: &[(now_s, 0)],
                    now_s,
                }, &Thresholds::default());
            }
        }
    }

    #[test]
    fn injections_lie_apart_where_there_are_datapoints_and_are_the_same_for_a_seed(
        seed in any::<u64>(), per_series in 1_u32..40, gap in 0..20 * DAY, minutes in 1_u32..600,
    ) {
        let mut coverage = Coverage::default();
        for at in (0..40 * DAY).filter(|at| !(gap..gap + 200).contains(at)) {
            coverage.push(at * STEP_S, STEP_S, minutes);
        }
        let order = Order { rate_bytes_per_s: 1.0, minutes, per_series, seed };
        let planned = plan(&order, "vm", &coverage);
        prop_assert_eq!(&planned, &plan(&order, "vm", &coverage));
        for pair in planned.windows(2) {
            prop_assert!(pair[0].ends_s() < pair[1].epoch_s);
        }
        for injection in &planned {
            prop_assert!(injection.epoch_s >= 2 * 86_400);
            prop_assert!(injection.ends_s() <= gap * STEP_S || injection.epoch_s >= (gap + 200) * STEP_S);
        }
        if per_series <= 10 && minutes <= 60 {
            prop_assert_eq!(planned.len(), per_series as usize);
        }
    }
}

#[test]
fn duplicates_unsorted_missing_negative_and_not_a_number_are_counted_and_unknown() {
    let mut series = calm(3 * DAY);
    series.insert(50, series[49]);
    series.insert(60, series[20]);
    series[100].network_out_bytes = None;
    series[101].network_in_bytes = Some(-5.0);
    series[102].network_out_bytes = Some(f64::NAN);
    let (found, replay) = replay(&series);
    assert_eq!(found, []);
    let odd = replay.tally().odd_datapoints();
    for kind in [Odd::Duplicate, Odd::Unsorted, Odd::Missing, Odd::Negative, Odd::NotANumber] {
        assert_eq!(odd[&kind], 1, "{kind:?}");
    }
}

#[test]
fn a_gap_of_two_datapoints_breaks_what_lasts_and_one_does_not() {
    let with_gap = |missing: i64| {
        let mut series = calm(8 * DAY + 3);
        add(&mut series, 8 * DAY, 8 * DAY + 3, 5e6);
        series.retain(|sample| !(1..=missing).contains(&(sample.epoch_s / STEP_S - 8 * DAY)));
        replay(&series).0.len()
    };
    assert_eq!((with_gap(1), with_gap(2)), (1, 0));
}

#[test]
fn a_constant_an_empty_and_a_series_of_two_points_say_nothing() {
    let constant: Vec<_> = (0..20 * DAY).map(|at| sample(at, 5e6, 0.0)).collect();
    assert_eq!(replay(&constant).0, []);
    assert_eq!(replay(&[]).0, []);
    let (found, two) = replay(&calm(2));
    assert_eq!(found, []);
    assert!((two.tally().instance_days() - 600.0 / 86_400.0).abs() < 1e-9);
}

#[test]
fn a_minutes_series_is_judged_in_five_minutes() {
    let mut series: Vec<Sample> = (0..8 * 1440 + 20)
        .map(|at| Sample { epoch_s: at * 60, network_out_bytes: Some(3e5), network_in_bytes: Some(6e4) })
        .collect();
    for sample in series.iter_mut().skip(8 * 1440) {
        sample.network_out_bytes = Some(60.0 * 5e6);
    }
    assert_eq!(times(&replay(&series).0), [8 * 86_400 + 600]);
}

#[test]
fn in_a_group_one_that_differs_is_isolated_from_its_first_day_and_a_surge_is_not() {
    let mut fleet = vec![calm(4 * DAY); 7];
    add(&mut fleet[2], DAY, DAY + 12, 5e6);
    for series in &mut fleet {
        add(series, 3 * DAY, 3 * DAY + 12, 9e6);
    }
    let mut group = GroupReplay::new(Thresholds::default(), fleet.len(), STEP_S);
    let mut found = Vec::new();
    for at in 0..4 * DAY as usize {
        for (place, series) in fleet.iter().enumerate() {
            found.extend(group.push(place, &series[at]));
        }
    }
    found.extend(group.finish());
    let found: Vec<_> = found.iter().map(|(place, isolation)| (*place, isolation.epoch_s)).collect();
    assert_eq!(found, [(2, (DAY + 4) * STEP_S)]);
}

#[test]
fn a_metrics_rise_and_fall_are_detected_once_and_a_constant_one_says_nothing() {
    let run = |value: &dyn Fn(i64) -> f64| {
        let mut metric = MetricReplay::new(MetricThresholds::default());
        let found: Vec<_> = (0..10 * DAY).filter_map(|at| metric.push(at * STEP_S, Some(value(at)))).collect();
        found.iter().map(|change| (change.epoch_s / STEP_S, change.rises)).collect::<Vec<_>>()
    };
    let wave = |at: i64| 40.0 + (at * 7919 % 101) as f64 / 50.0;
    assert_eq!(run(&|_| 5.0), []);
    assert_eq!(run(&wave), []);
    assert_eq!(run(&|at| if at == 5 * DAY { 90.0 } else { wave(at) }), [(5 * DAY, true)]);
    assert_eq!(run(&|at| if at == 5 * DAY { 0.5 } else { wave(at) }), [(5 * DAY, false)]);
}

#[test]
fn the_sums_tell_false_isolations_from_found_injections() {
    let mut series = calm(60 * DAY);
    let mut coverage = Coverage::default();
    for sample in &series {
        coverage.push(sample.epoch_s, STEP_S, 60);
    }
    let order: Order = "5000000,60,5,7".parse().unwrap();
    let injected = plan(&order, "vm-1", &coverage);
    for sample in &mut series {
        for injection in &injected {
            injection.add_to(sample, STEP_S);
        }
    }
    let (found, replay) = replay(&series);
    let mut sums = Backtest::default();
    sums.add("vm-1", found, injected, replay.tally());
    let sums = sums.finish();
    assert_eq!((sums.recall, sums.median_delay_s, sums.isolations.len()), (Some(1.0), Some(600), 5));
    assert_eq!(sums.false_per_1000_instance_days, Some(0.0));
    let json = serde_json::to_value(&sums).unwrap();
    for field in ["schema", "series", "instance_days", "isolations", "injected", "detections", "rules"] {
        assert!(json.get(field).is_some(), "{field}");
    }
    assert_eq!(json["isolations"][0]["reasons"][0]["rule"], "novel");
}

#[test]
fn an_order_that_cannot_be_read_says_what_to_write() {
    for wrong in ["", "1,2,3", "x,60,1,1", "0,60,1,1", "5,0,1,1", "5,60,0,1", "5,60,1,-1", "1,2,3,4,5", "inf,1,1,1"] {
        let error = wrong.parse::<Order>().unwrap_err().to_string();
        assert!(error.ends_with("write for example 5000000,60,4,1"), "{error}");
    }
}
