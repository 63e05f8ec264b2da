//! Whether what EC2 itself counted bears a nomination out. The alarm's own word is not enough: a band alone is wrong far
//! too often to stop a server for.

use crate::Engine;
use crate::observe::Observation;
use containment::judged::Judged;
use containment::verify::VerifiedAlarm;
use detection::reason::{Decision, DetectorState, Reason};
use detection::sample::Sample;
use detection::scale::changed_s;
use detection::thresholds::{HISTORY_S, Thresholds};
use detection::verify::{Group, Question, verify};
use detection::watch::STEP_S;
use ports::{History, PortResult, Refresh, Span};
use signal::InstanceId;
use time::{Duration, OffsetDateTime};

/// GetMetricData answers 100,800 datapoints a page, and the read of peers is to cost one trip: so many of them fit with
/// both metrics, for the day that a surge shows in, and for the two weeks that stand for a young instance's own.
const PEERS_A_DAY: usize = 100;
const PEERS_A_FORTNIGHT: usize = 12;
const DAY: Duration = Duration::hours(25);

/// What was read of an instance's traffic in the first round of reads.
pub(crate) struct Traffic {
    pub(crate) history: History,
    pub(crate) detector: DetectorState,
    /// Of a hinted group that doesn't exist this is an error, and must not hold up what corrects the hint.
    pub(crate) refresh: PortResult<Option<Refresh>>,
}

/// The two weeks that the rule looks back on at `now`, and what its longest scale needs before them.
pub fn traffic_span(now: OffsetDateTime) -> Span {
    let into_period = now.unix_timestamp().rem_euclid(STEP_S);
    let until = OffsetDateTime::from_unix_timestamp(now.unix_timestamp() - into_period).unwrap_or(now);
    let since = until.checked_sub(Duration::seconds(HISTORY_S + 2 * STEP_S)).unwrap_or(until);
    Span { since, until }
}

impl Engine {
    /// The verdict; `None` of a drill, which has no traffic of its own. What could not be read is read again, and is no
    /// verdict.
    pub(crate) async fn judge(
        &self,
        verified: &VerifiedAlarm,
        observation: &Observation,
    ) -> PortResult<Option<Judged>> {
        let subject = &observation.subject;
        let Some(traffic) = observation.traffic.as_ref().filter(|_| !verified.drill) else { return Ok(None) };
        let history = &traffic.history;
        let figures = match subject.group.as_ref().map(|group| Thresholds::from_tags(&group.tags)).transpose() {
            Ok(figures) => figures.unwrap_or_default(),
            Err(errors) => {
                let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
                return Ok(Some(Judged::impossible(format!("its group's figures: {}", errors.join("; ")))));
            }
        };
        let launched_at = subject.instance.as_ref().and_then(|instance| instance.launched_at);
        let others = self.others(&verified.instance, observation);
        let group = match &subject.group {
            None => Group::Standalone,
            Some(_) if others.is_empty() => Group::Peers(&[]),
            Some(_) => Group::Aggregate { mean: &history.group, instances: others.len() + 1 },
        };
        let now_s = self.ports.clock.now().unix_timestamp();
        let events_s = self.events_s(traffic, observation, &figures)?;
        let attacks = observation.glance.attacks.iter();
        let excluded_s: Vec<(i64, i64)> = attacks.map(|attack| (attack.from_s, attack.until_s)).collect();
        let question = Question {
            series: &history.instance,
            period_s: STEP_S,
            detector: detector(verified, traffic.detector),
            launched_s: launched_at.map(OffsetDateTime::unix_timestamp),
            group,
            events_s: &events_s,
            excluded_s: &excluded_s,
            now_s,
        };
        let by_aggregate = verify(&question, &figures);
        // The group's mean tells a surge. Only where it does not suffice are the peers themselves read, one trip more.
        let is_settled = by_aggregate.decision != Decision::AlertOnly || others.is_empty();
        if is_settled || !by_aggregate.reasons.iter().any(needs_peers) {
            return Ok(Some(Judged::from(&by_aggregate)));
        }
        let span = traffic_span(self.ports.clock.now());
        let of_a_day = Span { since: span.until.checked_sub(DAY).unwrap_or(span.since), ..span };
        let is_young = by_aggregate.reasons.iter().any(|reason| matches!(reason, Reason::Young { .. }));
        let (most, span) = if is_young { (PEERS_A_FORTNIGHT, span) } else { (PEERS_A_DAY, of_a_day) };
        let others = spread(&others, most);
        let series = self.ports.traffic.of_instances(&others, span).await?;
        let peers: Vec<&[Sample]> =
            others.iter().map(|peer| series.get(peer).map(Vec::as_slice).unwrap_or_default()).collect();
        Ok(Some(Judged::from(&verify(&Question { group: Group::Peers(&peers), ..question }, &figures))))
    }

    /// The group's deployment and change of scale, as far as they lie in the quiet time.
    fn events_s(&self, traffic: &Traffic, observation: &Observation, figures: &Thresholds) -> PortResult<Vec<i64>> {
        let now = self.ports.clock.now();
        let now_s = now.unix_timestamp();
        let refreshed_s =
            traffic.refresh.clone()?.map(|refresh| refresh.ended_at.map_or(now_s, |at| at.unix_timestamp()));
        let quiet = Duration::seconds(figures.event_quiet_s);
        let contained = observation.standing.group_breaker.within(now, quiet);
        let contained = u32::try_from(contained).unwrap_or(u32::MAX);
        let settled_s = now_s.saturating_sub(STEP_S + figures.settle_s);
        let reporting = &traffic.history.reporting;
        let complete = reporting.partition_point(|one| one.epoch_s <= settled_s);
        let complete = reporting.get(..complete).unwrap_or_default();
        let scaled_s = changed_s(complete, STEP_S, now_s.saturating_sub(figures.event_quiet_s), contained);
        Ok(refreshed_s.into_iter().chain(scaled_s).collect())
    }

    /// The other instances in service of its group.
    fn others(&self, instance: &InstanceId, observation: &Observation) -> Vec<InstanceId> {
        let members = observation.subject.group.iter().flat_map(|group| group.in_service());
        let others = members.map(|member| &member.instance).filter(|other| *other != instance);
        others.cloned().collect()
    }
}

/// At most so many of them, from everywhere in the list: groups list instances by zone or age.
fn spread(all: &[InstanceId], most: usize) -> Vec<InstanceId> {
    let count = all.len().min(most);
    (0..count).filter_map(|index| all.get(index * all.len() / count)).cloned().collect()
}

fn needs_peers(reason: &Reason) -> bool {
    matches!(reason, Reason::Young { .. } | Reason::PeersUnknown | Reason::FleetSurge { .. })
}

/// Of an alarm on a band, the band's own model must be trained; no other alarm has one.
fn detector(verified: &VerifiedAlarm, state: DetectorState) -> DetectorState {
    let on_a_band = verified.figure.as_ref().is_some_and(|figure| figure.upper.is_some() || figure.lower.is_some());
    if on_a_band { state } else { DetectorState::NotABand }
}
