//! What a replay makes of clocks, counters and fleets that are not as they should be.

mod common;

use common::{DAY, STEP_S, add, calm, sample};
use detection::group::GroupReplay;
use detection::inject::{Order, plan_over};
use detection::replay::{Isolation, Replay};
use detection::sample::Sample;
use detection::tally::Odd;
use detection::thresholds::Thresholds;

fn replay(series: &[Sample]) -> (Vec<i64>, Replay) {
    let mut replay = Replay::new(Thresholds::default(), None);
    let mut found: Vec<Isolation> = series.iter().filter_map(|sample| replay.push(sample)).collect();
    found.extend(replay.finish());
    (found.iter().map(|isolation| isolation.epoch_s).collect(), replay)
}

fn burst() -> Vec<Sample> {
    let mut series = calm(12 * DAY);
    add(&mut series, 10 * DAY, 10 * DAY + 12, 5e6);
    series
}

fn in_group(fleet: &[Vec<Sample>]) -> Vec<(usize, i64)> {
    let mut group = GroupReplay::new(Thresholds::default(), fleet.len(), STEP_S);
    let mut found = Vec::new();
    let mut merged: Vec<_> =
        fleet.iter().enumerate().flat_map(|(place, series)| series.iter().map(move |sample| (place, sample))).collect();
    merged.sort_by_key(|(_, sample)| sample.epoch_s);
    merged.into_iter().for_each(|(place, sample)| found.extend(group.push(place, sample)));
    found.extend(group.finish());
    found.into_iter().map(|(place, isolation)| (place, isolation.epoch_s)).collect()
}

#[test]
fn a_counter_that_goes_backwards_is_unknown_and_neither_isolates_nor_is_learned() {
    let mut series = burst();
    // A reset before the attack, as large as the attack, and one within it.
    series[(9 * DAY) as usize].network_out_bytes = Some(-5e6 * 300.0);
    series[(9 * DAY + 1) as usize].network_out_bytes = Some(-5e6 * 300.0);
    series[(10 * DAY + 1) as usize].network_out_bytes = Some(-1.0);
    let (found, replay) = replay(&series);
    assert_eq!(found, [(10 * DAY + 3) * STEP_S], "the datapoint that is unknown is borne, and costs its five minutes");
    assert_eq!(replay.tally().odd_datapoints()[&Odd::Negative], 3);
}

#[test]
fn a_clock_that_is_off_by_seconds_changes_no_decision() {
    for off_s in [-137, 1, 59, 299] {
        let mut series = burst();
        series.iter_mut().for_each(|sample| sample.epoch_s += off_s);
        assert_eq!(replay(&series).0, [(10 * DAY + 2) * STEP_S + off_s]);
    }
}

#[test]
fn a_clock_that_jumps_ahead_and_back_costs_the_datapoints_that_it_hides_and_they_are_counted() {
    let mut series = burst();
    // Two hours ahead for one datapoint: those that follow are older than it, up to where it was.
    series[(5 * DAY) as usize].epoch_s += 7200;
    let (found, replay) = replay(&series);
    assert_eq!(found, [(10 * DAY + 2) * STEP_S]);
    let odd = replay.tally().odd_datapoints();
    assert_eq!(odd[&Odd::Unsorted] + odd[&Odd::Duplicate], 24);
}

#[test]
fn in_a_fleet_of_zeros_and_in_a_fleet_of_one_the_instances_own_past_decides() {
    let zeros: Vec<_> = (0..12 * DAY).map(|at| sample(at, 0.0, 0.0)).collect();
    let isolated = [(0, (10 * DAY + 2) * STEP_S)];
    assert_eq!(
        in_group(&[burst(), zeros.clone(), zeros.clone(), zeros.clone(), zeros.clone(), zeros.clone()]),
        isolated
    );
    assert_eq!(in_group(&[burst()]), isolated);
    assert_eq!(in_group(&[zeros.clone(), zeros.clone(), zeros]), []);
}

#[test]
fn one_datapoint_and_two_say_nothing_of_any_size() {
    for points in [1, 2] {
        let mut series = calm(points);
        add(&mut series, 0, points, 900e6);
        assert_eq!(replay(&series).0, []);
    }
}

#[test]
fn into_a_sample_that_lacks_a_count_nothing_is_injected() {
    let mut series = calm(9 * DAY);
    let order = Order { rate_bytes_per_s: 1.0, minutes: 60, per_series: 3, seed: 7 };
    assert_eq!(plan_over(&order, "vm", &series, STEP_S).len(), 3);
    series.iter_mut().skip(3 * DAY as usize).for_each(|sample| sample.network_in_bytes = None);
    let left = plan_over(&order, "vm", &series, STEP_S);
    assert!(!left.is_empty() && left.iter().all(|injection| injection.ends_s() <= 3 * DAY * STEP_S), "{left:?}");
}
