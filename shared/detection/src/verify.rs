//! The verifier: an alarm nominates an instance, this decides.

use crate::fold::Fold;
use crate::judge::{Fleet, judge};
use crate::peers::{Level, PeerFigures, Rise, compare};
use crate::reason::{Decision, DetectorState, Reason, decide};
use crate::sample::{Rates, Sample};
use crate::thresholds::{HISTORY_S, Thresholds};
use crate::watch::{Finding, Watch};
use serde::{Deserialize, Serialize};

/// What was read of the group. Only `AWS/EC2` metrics may come in here.
#[derive(Debug, Clone, Copy)]
pub enum Group<'a> {
    /// The instance is in no group.
    Standalone,
    /// The group could not be read.
    Unknown,
    /// Every other instance's series; one that could not be read is an empty one. At best 14 days of each; a day tells
    /// a surge.
    Peers(&'a [&'a [Sample]]),
    /// The group's aggregate, the mean an instance (statistic Average over `AutoScalingGroupName`), and how many
    /// instances it is of, the one in question among them.
    Aggregate { mean: &'a [Sample], instances: usize },
}

/// What the verifier is asked. Series are in the order of time; what isn't is left out.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Up to 14 days up to now, window included.
    pub series: &'a [Sample],
    /// 60 or 300 seconds, of every series here.
    pub period_s: i64,
    pub detector: DetectorState,
    pub launched_s: Option<i64>,
    pub group: Group<'a>,
    /// Deployments and changes of scale, epoch seconds.
    pub events_s: &'a [i64],
    /// Attacks of earlier incidents, from and to: never learned from.
    pub excluded_s: &'a [(i64, i64)],
    pub now_s: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub decision: Decision,
    pub reasons: Vec<Reason>,
    /// The end of the last datapoint that was used.
    pub detected_epoch_s: Option<i64>,
}

/// Decides. What is unknown is never "isolate".
pub fn verify(question: &Question<'_>, figures: &Thresholds) -> Verdict {
    let fold = Fold::of(question.period_s);
    let step_s = fold.step_s();
    let Some((watch, last, finding)) = watched(question, fold, figures) else {
        return verdict(vec![Reason::NoDatapoint], None);
    };
    let ends_s = last.epoch_s.saturating_add(step_s);
    let fleet = match finding {
        // Peers matter only to what would else be isolated, and are the dearest to look at.
        Finding::Novel { .. } => fleet(question, &last, figures),
        Finding::Quiet { .. } | Finding::Held { .. } => Fleet::Standalone,
    };
    let mut reasons = judge(&finding, watch.age_s(last.epoch_s, question.launched_s), &fleet, figures);
    reasons.extend(around(question, ends_s, figures));
    verdict(reasons, Some(ends_s))
}

fn verdict(reasons: Vec<Reason>, detected_epoch_s: Option<i64>) -> Verdict {
    Verdict { decision: decide(&reasons), reasons, detected_epoch_s }
}

/// The state after the last complete datapoint, that datapoint, and what was found of it.
fn watched(question: &Question<'_>, mut fold: Fold, figures: &Thresholds) -> Option<(Watch, Rates, Finding)> {
    let mut watch = Watch::default();
    let mut last = None;
    let mut attacks = 0;
    let mut before_s = i64::MIN;
    let oldest_s = question.now_s.saturating_sub(HISTORY_S.saturating_add(fold.step_s().saturating_mul(2)));
    for sample in complete(question.series, question, figures) {
        if sample.epoch_s <= before_s || sample.epoch_s < oldest_s {
            continue;
        }
        before_s = sample.epoch_s;
        let Some(rates) = fold.push(sample) else { continue };
        // What led up to an attack is not learned either, where the attack itself left no datapoint.
        let begun = question.excluded_s.iter().filter(|(from_s, _)| *from_s <= rates.epoch_s).count();
        if begun > attacks {
            attacks = begun;
            watch.break_off();
        }
        if question.excluded_s.iter().any(|(from_s, to_s)| (*from_s..*to_s).contains(&rates.epoch_s)) {
            watch.skip(&rates);
            continue;
        }
        last = Some((rates, watch.step(&rates, figures)));
    }
    last.map(|(rates, finding)| (watch, rates, finding))
}

/// A datapoint is published after its first sample and revised: until its period is over and has settled it is not
/// used. One from a clock that runs ahead is not complete either.
fn complete<'a>(
    series: &'a [Sample],
    question: &Question<'_>,
    figures: &Thresholds,
) -> impl Iterator<Item = &'a Sample> + use<'a> {
    let settled_s = question.now_s.saturating_sub(question.period_s.max(1)).saturating_sub(figures.settle_s);
    series.iter().filter(move |sample| sample.epoch_s <= settled_s)
}

/// The reasons that lie outside the series.
fn around(question: &Question<'_>, ends_s: i64, figures: &Thresholds) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match question.detector {
        DetectorState::Trained | DetectorState::NotABand => {}
        state @ (DetectorState::TrainedInsufficientData | DetectorState::PendingTraining | DetectorState::Unknown) => {
            reasons.push(Reason::Detector { state });
        }
    }
    if question.launched_s.is_none() {
        reasons.push(Reason::LaunchUnknown);
    }
    let ended_ago_s = question.now_s.saturating_sub(ends_s);
    if ended_ago_s > figures.stale_s {
        reasons.push(Reason::Stale { ended_ago_s });
    }
    let ago = question.events_s.iter().map(|event_s| question.now_s.saturating_sub(*event_s));
    // An event that a skewed clock puts a little ahead is as recent as one just now.
    if let Some(ago_s) = ago.filter(|ago_s| (-figures.event_quiet_s..figures.event_quiet_s).contains(ago_s)).min() {
        reasons.push(Reason::RecentEvent { ago_s, quiet_s: figures.event_quiet_s });
    }
    reasons
}

fn fleet(question: &Question<'_>, last: &Rates, figures: &Thresholds) -> Fleet {
    let Some(own) = level(question.series, question, figures).rise(last.epoch_s) else { return Fleet::Unknown };
    match question.group {
        Group::Standalone => Fleet::Standalone,
        Group::Unknown => Fleet::Unknown,
        Group::Peers(peers) => {
            let rises: Vec<_> =
                peers.iter().filter_map(|peer| level(peer, question, figures).rise(last.epoch_s)).collect();
            let young =
                question.launched_s.is_some_and(|launched_s| last.epoch_s.saturating_sub(launched_s) < figures.young_s);
            let most_seen = if young { Some(most_of(peers, question, figures)) } else { None };
            Fleet::Peers(PeerFigures { most_seen, ..compare(own, &rises, figures) })
        }
        Group::Aggregate { mean, instances } => aggregate(question, mean, instances, own, last, figures),
    }
}

/// The others' mean, from the whole's: a few of the peers can't be told apart, so all stand for one rise.
fn aggregate(
    question: &Question<'_>,
    mean: &[Sample],
    instances: usize,
    own: Rise,
    last: &Rates,
    figures: &Thresholds,
) -> Fleet {
    let others = instances.saturating_sub(1);
    let Some(whole) = level(mean, question, figures).rise(last.epoch_s) else { return Fleet::Unknown };
    if others == 0 {
        return Fleet::Peers(compare(own, &[], figures));
    }
    let less = |mean: f64, own: f64| ((mean * instances as f64 - own) / others as f64).max(0.0);
    let rest = Rise { now: less(whole.now, own.now), usual: less(whole.usual, own.usual) };
    let alike = vec![rest; others];
    Fleet::Peers(compare(own, &alike, figures))
}

fn level(series: &[Sample], question: &Question<'_>, figures: &Thresholds) -> Level {
    let (mut level, mut fold) = (Level::default(), Fold::of(question.period_s));
    let from_s = question.now_s.saturating_sub(crate::thresholds::DAY_S + crate::thresholds::HOUR_S);
    let first = series.partition_point(|sample| sample.epoch_s < from_s);
    let recent = series.get(first..).unwrap_or_default();
    let mut before_s = i64::MIN;
    for sample in complete(recent, question, figures).filter(|sample| sample.epoch_s >= from_s) {
        if sample.epoch_s > before_s {
            before_s = sample.epoch_s;
            if let Some(rates) = fold.push(sample) {
                level.push(&rates);
            }
        }
    }
    level
}

/// The most that any peer has sustained for two datapoints, in what was read of it. A hundred peers' two weeks are many
/// datapoints, so this looks at nothing but the counts; a missing one makes the more of its neighbour, never less.
fn most_of(peers: &[&[Sample]], question: &Question<'_>, figures: &Thresholds) -> f64 {
    let mut most = 0_f64;
    for peer in peers {
        let mut before = 0_f64;
        for sample in complete(peer, question, figures) {
            let bytes = sample.network_out_bytes.unwrap_or(before);
            most = most.max(before.min(bytes));
            before = bytes;
        }
    }
    most / question.period_s.max(1) as f64
}
