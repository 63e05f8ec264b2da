//! What the verifier decides, and on what.

mod common;

use common::{DAY, STEP_S, add, calm, sample};
use detection::reason::{Decision, DetectorState};
use detection::sample::Sample;
use detection::thresholds::Thresholds;
use detection::verify::{Group, Question, Verdict, verify};

/// Ten days of calm, then 5 MB/s for two datapoints, asked two minutes after they ended.
fn burst() -> Vec<Sample> {
    let mut series = calm(10 * DAY + 2);
    add(&mut series, 10 * DAY, 10 * DAY + 2, 5e6);
    series
}

fn question(series: &[Sample]) -> Question<'_> {
    let last_s = series.last().map_or(0, |sample| sample.epoch_s);
    Question {
        series,
        period_s: STEP_S,
        detector: DetectorState::Trained,
        launched_s: Some(-365 * 86_400),
        group: Group::Standalone,
        events_s: &[],
        excluded_s: &[],
        now_s: last_s + STEP_S + 120,
    }
}

fn ask(question: &Question<'_>) -> Verdict {
    verify(question, &Thresholds::default())
}

fn names(verdict: &Verdict) -> Vec<&'static str> {
    verdict.reasons.iter().map(detection::reason::Reason::name).collect()
}

#[test]
fn a_steady_unseen_stream_with_a_trained_detector_isolates() {
    let series = burst();
    let verdict = ask(&question(&series));
    assert_eq!(verdict.decision, Decision::Isolate, "{:?}", names(&verdict));
    assert_eq!(verdict.detected_epoch_s, Some((10 * DAY + 2) * STEP_S));
    assert!(verdict.reasons[0].to_string().starts_with("sent 5.0 MB/s for 10 minutes"), "{}", verdict.reasons[0]);
}

#[test]
fn calm_traffic_is_rejected() {
    let verdict = ask(&question(&calm(10 * DAY)));
    assert_eq!((verdict.decision, names(&verdict)), (Decision::Reject, vec!["floor"]));
}

#[test]
fn one_datapoint_is_not_yet_persistent() {
    let mut series = calm(10 * DAY + 1);
    add(&mut series, 10 * DAY, 10 * DAY + 1, 5e6);
    let verdict = ask(&question(&series));
    assert_eq!((verdict.decision, names(&verdict)), (Decision::Reject, vec!["persistence"]));
}

#[test]
fn what_was_sustained_before_is_rejected() {
    let mut series = burst();
    add(&mut series, 5 * DAY, 5 * DAY + 20, 5e6);
    let verdict = ask(&question(&series));
    assert_eq!((verdict.decision, names(&verdict)), (Decision::Reject, vec!["novelty"]));
}

#[test]
fn the_same_with_the_earlier_attack_excluded_isolates() {
    let mut series = burst();
    add(&mut series, 5 * DAY, 5 * DAY + 20, 5e6);
    let excluded = [(5 * DAY * STEP_S, (5 * DAY + 20) * STEP_S)];
    let verdict = ask(&Question { excluded_s: &excluded, ..question(&series) });
    assert_eq!(verdict.decision, Decision::Isolate, "{:?}", names(&verdict));
}

#[test]
fn a_relay_that_takes_in_what_it_sends_only_alerts() {
    let mut series = burst();
    for sample in series.iter_mut().rev().take(2) {
        sample.network_in_bytes = sample.network_out_bytes;
    }
    let verdict = ask(&question(&series));
    assert_eq!((verdict.decision, names(&verdict)), (Decision::AlertOnly, vec!["inbound"]));
}

#[test]
fn an_acknowledged_upload_isolates_after_twenty_or_forty_minutes_and_not_after_ten() {
    let mut decisions = Vec::new();
    for points in [2, 4, 8] {
        let mut series = calm(10 * DAY + points);
        add(&mut series, 10 * DAY, 10 * DAY + points, 5e6);
        for sample in series.iter_mut().rev().take(points.unsigned_abs() as usize) {
            sample.network_in_bytes = Some((30_000.0 + 5e6 * 0.015) * 300.0);
        }
        decisions.push(ask(&question(&series)).decision);
    }
    assert_eq!(decisions[0], Decision::AlertOnly);
    assert_eq!(decisions[2], Decision::Isolate);
}

#[test]
fn what_is_unknown_never_isolates() {
    let series = burst();
    let sound = question(&series);
    let unknown = [
        (Question { detector: DetectorState::Unknown, ..sound }, "detector"),
        (Question { detector: DetectorState::PendingTraining, ..sound }, "detector"),
        (Question { detector: DetectorState::TrainedInsufficientData, ..sound }, "detector"),
        (Question { launched_s: None, ..sound }, "launch-unknown"),
        (Question { launched_s: Some(9 * DAY * STEP_S), ..sound }, "young"),
        (Question { group: Group::Unknown, ..sound }, "peers-unknown"),
        (Question { now_s: sound.now_s + 3600, ..sound }, "stale"),
        (Question { events_s: &[10 * DAY * STEP_S], ..sound }, "recent-event"),
        (Question { series: &[], ..sound }, "no-datapoint"),
        (Question { launched_s: Some((10 * DAY - 1) * STEP_S), ..sound }, "young"),
    ];
    for (question, reason) in unknown {
        let verdict = ask(&question);
        assert_eq!(verdict.decision, Decision::AlertOnly, "{reason}");
        assert!(names(&verdict).contains(&reason), "{reason} not in {:?}", names(&verdict));
    }
}

#[test]
fn a_datapoint_that_may_still_be_revised_is_not_used() {
    let series = burst();
    let early = Question { now_s: (10 * DAY + 2) * STEP_S + 30, ..question(&series) };
    let verdict = ask(&early);
    assert_eq!(verdict.decision, Decision::Reject);
    assert_eq!(verdict.detected_epoch_s, Some((10 * DAY + 1) * STEP_S));
}

#[test]
fn a_datapoint_from_a_clock_that_runs_ahead_is_not_used() {
    let mut series = burst();
    series.push(sample(20 * DAY, 0.0, 0.0));
    let verdict = ask(&Question { now_s: (10 * DAY + 2) * STEP_S + 120, ..question(&series) });
    assert_eq!(verdict.decision, Decision::Isolate, "{:?}", names(&verdict));
}

#[test]
fn a_whole_fleet_that_surges_isolates_nobody_whatever_each_usually_sends() {
    let fleet: Vec<Vec<Sample>> = (0..8)
        .map(|place| {
            let mut series = calm(10 * DAY + 2);
            // One of them always sends more than the others, and so stands out at any time.
            add(&mut series, 0, 10 * DAY + 2, if place == 0 { 200_000.0 } else { 0.0 });
            add(&mut series, 10 * DAY, 10 * DAY + 2, if place == 0 { 40e6 } else { 6e6 });
            series
        })
        .collect();
    for place in 0..fleet.len() {
        let peers: Vec<&[Sample]> = fleet
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .map(|(_, series)| series.as_slice())
            .collect();
        let verdict = ask(&Question { group: Group::Peers(&peers), ..question(&fleet[place]) });
        assert_eq!(verdict.decision, Decision::AlertOnly, "{place}");
        assert!(names(&verdict).contains(&"fleet-surge"));
    }
}

#[test]
fn the_groups_mean_tells_a_surge_from_one_instances_doing() {
    let series = burst();
    let mut alone = calm(10 * DAY + 2);
    add(&mut alone, 10 * DAY, 10 * DAY + 2, 5e6 / 8.0);
    let together = burst();
    let with = |mean| ask(&Question { group: Group::Aggregate { mean, instances: 8 }, ..question(&series) }).decision;
    assert_eq!(with(alone.as_slice()), Decision::Isolate);
    assert_eq!(with(together.as_slice()), Decision::AlertOnly);
    assert_eq!(with(&[]), Decision::AlertOnly, "an aggregate that could not be read is unknown");
}

#[test]
fn calm_peers_let_a_young_instance_be_isolated_and_four_do_not() {
    let peers = vec![calm(10 * DAY + 4); 6];
    let peers: Vec<&[Sample]> = peers.iter().map(Vec::as_slice).collect();
    let mut series = calm(10 * DAY + 4).split_off(9 * DAY as usize);
    add(&mut series, 10 * DAY, 10 * DAY + 4, 20e6);
    let young = Question { launched_s: Some(9 * DAY * STEP_S), ..question(&series) };
    assert_eq!(ask(&Question { group: Group::Peers(&peers), ..young }).decision, Decision::Isolate);
    let four = Question { group: Group::Peers(&peers[..4]), ..young };
    assert_eq!(ask(&four).decision, Decision::AlertOnly);
    assert_eq!(names(&ask(&four)), ["novel", "peers-abstain", "young"]);
}

#[test]
fn a_young_instance_that_does_what_a_peer_has_done_is_rejected() {
    let mut peers = vec![calm(10 * DAY + 4); 6];
    add(&mut peers[3], 4 * DAY, 4 * DAY + 9, 20e6);
    let peers: Vec<&[Sample]> = peers.iter().map(Vec::as_slice).collect();
    let mut series = calm(10 * DAY + 4).split_off(9 * DAY as usize);
    add(&mut series, 10 * DAY, 10 * DAY + 4, 20e6);
    let young = Question { launched_s: Some(9 * DAY * STEP_S), group: Group::Peers(&peers), ..question(&series) };
    assert_eq!(names(&ask(&young)), ["novel", "peers-differ", "seen-on-peers"]);
    assert_eq!(ask(&young).decision, Decision::Reject);
}

#[test]
fn an_all_zero_fleet_and_a_fleet_of_one_do_not_keep_a_burst_from_being_seen() {
    let zero = vec![(0..=10 * DAY + 1).map(|at| sample(at, 0.0, 0.0)).collect::<Vec<_>>(); 5];
    let zero: Vec<&[Sample]> = zero.iter().map(Vec::as_slice).collect();
    let series = burst();
    assert_eq!(ask(&Question { group: Group::Peers(&zero), ..question(&series) }).decision, Decision::Isolate);
    assert_eq!(ask(&Question { group: Group::Peers(&[]), ..question(&series) }).decision, Decision::Isolate);
}

#[test]
fn a_verdict_keeps_its_decision_and_rules_through_json() {
    let series = burst();
    let verdict = ask(&question(&series));
    let text = serde_json::to_string(&verdict).unwrap();
    let read: Verdict = serde_json::from_str(&text).unwrap();
    assert_eq!((read.decision, names(&read)), (verdict.decision, names(&verdict)));
    assert!(text.contains("\"decision\":\"isolate\"") && text.contains("\"rule\":\"novel\""), "{text}");
}
