//! The fleet metric: what every instance of every opted-in group sends against its peers, published as one value a group
//! and period. It nominates; [`crate::Engine`] reads EC2's own counts again before it believes any of it.

use containment::authority;
use containment::ids::GroupName;
use containment::observed::ObservedGroup;
use detection::fleet::FleetStatistic;
use detection::fleet_periods::{by_period, last_complete};
use detection::sample::Sample;
use detection::thresholds::Thresholds;
use ports::{DATAPOINTS, FleetDatapoint, FleetPorts, PortError, QUERIES, Span};
use serde::Serialize;
use signal::InstanceId;
use std::collections::BTreeMap;
use thiserror::Error;
use time::{Duration, OffsetDateTime};

/// What one call may take.
const CALL: Duration = Duration::seconds(10);

/// Why the metric was not measured, or not published. The alarm must not stay quiet for it, so the function fails.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MeasureError {
    #[error("not everything could be read, so nothing was published: {0}")]
    Unread(PortError),
    #[error("the fleet metric was not published: {0}")]
    Unpublished(PortError),
    #[error("the time was over with {left} {what} left")]
    OutOfTime { left: usize, what: &'static str },
}

/// What a run measured. Periods come again in the next two runs, with the datapoints that were late.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MeasureReport {
    pub schema: u32,
    pub groups: Vec<GroupMeasure>,
    /// Values that were published.
    pub published: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupMeasure {
    pub group: GroupName,
    /// Instances in service.
    pub instances: usize,
    /// Of these, those with a datapoint in the last complete period.
    pub reporting: usize,
    /// The largest log-ratio of each period that has one; of none, the fleet is not watched by this metric.
    pub largest: BTreeMap<i64, f64>,
}

pub struct Measurement {
    pub ports: FleetPorts,
    /// When the run must have ended.
    pub deadline: OffsetDateTime,
}

impl Measurement {
    pub async fn run(&self) -> Result<MeasureReport, MeasureError> {
        let groups = self.ports.groups.tagged().await.map_err(MeasureError::Unread)?;
        // A name that CloudWatch takes as no dimension would have it refuse the others' values too.
        let groups: Vec<_> = groups.iter().filter(|one| authority::of_group(one).is_some()).collect();
        let groups: Vec<_> = groups.into_iter().filter(|group| group.name.is_dimension()).collect();
        let span = last_periods(self.ports.clock.now());
        let sent = self.sent(&groups, span).await?;
        let measured: Vec<GroupMeasure> = groups.iter().map(|group| measure(group, &sent, span)).collect();
        let datapoints = datapoints(&measured);
        for (number, some) in datapoints.chunks(DATAPOINTS).enumerate() {
            self.has_time(datapoints.len() - number * DATAPOINTS, "values")?;
            self.ports.metric.publish(some).await.map_err(MeasureError::Unpublished)?;
        }
        Ok(MeasureReport { schema: 1, groups: measured, published: datapoints.len() })
    }

    /// All groups' instances packed together: a call is paid for and counted whatever it asks for.
    async fn sent(
        &self,
        groups: &[&ObservedGroup],
        span: Span,
    ) -> Result<BTreeMap<InstanceId, Vec<Sample>>, MeasureError> {
        let members: Vec<InstanceId> =
            groups.iter().flat_map(|group| group.in_service()).map(|member| member.instance.clone()).collect();
        let mut all = BTreeMap::new();
        for (number, some) in members.chunks(QUERIES).enumerate() {
            self.has_time(members.len() - number * QUERIES, "instances")?;
            all.extend(self.ports.traffic.sent(some, span).await.map_err(MeasureError::Unread)?);
        }
        Ok(all)
    }

    fn has_time(&self, left: usize, what: &'static str) -> Result<(), MeasureError> {
        let fits = self.ports.clock.now() + CALL < self.deadline;
        if fits { Ok(()) } else { Err(MeasureError::OutOfTime { left, what }) }
    }
}

/// The periods of which a datapoint has settled, however late it comes.
pub(crate) fn last_periods(now: OffsetDateTime) -> Span {
    let (since_s, until_s) = last_complete(now.unix_timestamp(), &Thresholds::default());
    let at = |epoch_s| OffsetDateTime::from_unix_timestamp(epoch_s).unwrap_or(now);
    Span { since: at(since_s), until: at(until_s) }
}

/// The statistic of each period, of a group by its own figures. Tags that are not understood leave the defaults: that
/// nothing is isolated by them is the verdict's to say.
pub(crate) fn statistics(
    group: &ObservedGroup,
    sent: &BTreeMap<InstanceId, Vec<Sample>>,
    span: Span,
) -> (BTreeMap<i64, FleetStatistic>, Thresholds) {
    let figures = Thresholds::from_tags(&group.tags).unwrap_or_default();
    let of = |instance: &InstanceId| sent.get(instance).map(Vec::as_slice).unwrap_or_default();
    let members = group.in_service().map(|member| (member.instance.as_str(), of(&member.instance)));
    (by_period(&members.collect::<Vec<_>>(), span.since.unix_timestamp(), &figures), figures)
}

fn measure(group: &ObservedGroup, sent: &BTreeMap<InstanceId, Vec<Sample>>, span: Span) -> GroupMeasure {
    let (periods, _) = statistics(group, sent, span);
    let reporting = match periods.last_key_value() {
        Some((_, FleetStatistic::Ratios { ratios })) => ratios.len(),
        Some((_, FleetStatistic::Abstains { reporting, .. })) => *reporting,
        None => 0,
    };
    GroupMeasure {
        group: group.name.clone(),
        instances: group.in_service().count(),
        reporting,
        largest: periods.iter().filter_map(|(start_s, one)| Some((*start_s, one.largest()?))).collect(),
    }
}

fn datapoints(measured: &[GroupMeasure]) -> Vec<FleetDatapoint> {
    let of_group = |one: &GroupMeasure| {
        let group = one.group.clone();
        let at = |start_s: i64| OffsetDateTime::from_unix_timestamp(start_s).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let largest = one.largest.clone();
        largest.into_iter().map(move |(start_s, log_ratio)| FleetDatapoint {
            group: group.clone(),
            at: at(start_s),
            log_ratio,
        })
    };
    measured.iter().flat_map(of_group).collect()
}
