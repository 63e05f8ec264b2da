//! What EC2 counted of an instance's traffic, for the decision.

use crate::error::map;
use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AnomalyDetectorStateValue, Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use containment::ids::GroupName;
use detection::reason::DetectorState;
use detection::sample::Sample;
use detection::scale::Reporting;
use detection::watch::STEP_S;
use ports::{History, PortResult, QUERIES, Span, Traffic};
use signal::InstanceId;
use std::collections::BTreeMap;
use time::OffsetDateTime;

const OPERATION: &str = "cloudwatch:GetMetricData";
const DETECTORS: &str = "cloudwatch:DescribeAnomalyDetectors";
const NAMESPACE: &str = "AWS/EC2";
const OUT: &str = "NetworkOut";
const IN: &str = "NetworkIn";
const COUNT: &str = "SampleCount";
const BOTH: &[&str] = &[OUT, IN];

pub(crate) struct CloudWatchTraffic {
    client: Client,
}

/// Datapoints by query and time.
type Series = BTreeMap<String, BTreeMap<i64, f64>>;

/// Whose two metrics, and what their queries' ids end in.
struct Subject<'a> {
    stat: &'static str,
    dimension: &'static str,
    value: &'a str,
    suffix: String,
}

impl<'a> Subject<'a> {
    /// What one instance sent in a period is a sum.
    fn instance(id: &'a InstanceId, suffix: impl Into<String>) -> Self {
        Self { stat: "Sum", dimension: "InstanceId", value: id.as_str(), suffix: suffix.into() }
    }

    /// Each instance of a group reports once a period, so the mean of its datapoints is the mean an instance.
    fn group(name: &'a GroupName) -> Self {
        Self { stat: "Average", dimension: "AutoScalingGroupName", value: name.as_str(), suffix: "group".to_owned() }
    }
}

impl CloudWatchTraffic {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// As many instances a call as its queries are enough for. One that has no datapoint is left out.
    async fn of_each(
        &self,
        ways: &[&str],
        instances: &[InstanceId],
        span: Span,
    ) -> PortResult<BTreeMap<InstanceId, Vec<Sample>>> {
        let mut all = BTreeMap::new();
        for some in instances.chunks(QUERIES / ways.len()) {
            let numbered = some.iter().enumerate();
            let subjects: Vec<_> = numbered.map(|(index, peer)| Subject::instance(peer, index.to_string())).collect();
            let read = self.read(ways, &subjects, span).await?;
            all.extend(some.iter().cloned().zip(read).filter(|(_, samples)| !samples.is_empty()));
        }
        Ok(all)
    }

    /// The samples of each subject, in their order.
    async fn read(&self, ways: &[&str], subjects: &[Subject<'_>], span: Span) -> PortResult<Vec<Vec<Sample>>> {
        let queries = subjects.iter().flat_map(|subject| queries_of(ways, subject)).collect();
        let found = self.series(queries, span).await?;
        Ok(subjects.iter().map(|subject| samples(&found, subject)).collect())
    }

    /// Datapoints by query and time.
    async fn series(&self, queries: Vec<MetricDataQuery>, span: Span) -> PortResult<Series> {
        let mut pages = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(time_of(span.since))
            .end_time(time_of(span.until))
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
        let mut found = Series::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(OPERATION))?;
            for result in page.metric_data_results() {
                found.entry(result.id().unwrap_or_default().to_owned()).or_default().extend(points(result));
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl Traffic for CloudWatchTraffic {
    async fn history(&self, instance: &InstanceId, group: Option<&GroupName>, span: Span) -> PortResult<History> {
        let own = Subject::instance(instance, "own");
        let Some(group) = group.map(Subject::group) else {
            let found = self.series(queries_of(BOTH, &own).collect(), span).await?;
            return Ok(History { instance: samples(&found, &own), ..History::default() });
        };
        let counts = [count(&own), count(&group)];
        let queries = [&own, &group].into_iter().flat_map(|subject| queries_of(BOTH, subject)).chain(counts).collect();
        let found = self.series(queries, span).await?;
        Ok(History {
            instance: samples(&found, &own),
            group: samples(&found, &group),
            reporting: reporting(&points_of(&found, COUNT, &group), &points_of(&found, COUNT, &own)),
        })
    }

    async fn detector(&self, instance: &InstanceId) -> PortResult<DetectorState> {
        let dimension = Dimension::builder().name("InstanceId").value(instance.as_str()).build();
        let call = self.client.describe_anomaly_detectors().namespace(NAMESPACE).dimensions(dimension);
        let mut pages = call.into_paginator().send();
        let mut states = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(DETECTORS))?;
            states.extend(page.anomaly_detectors().iter().map(|detector| state_of(detector.state_value())));
        }
        Ok(states.into_iter().max_by_key(untrained).unwrap_or(DetectorState::Unknown))
    }

    async fn of_instances(
        &self,
        instances: &[InstanceId],
        span: Span,
    ) -> PortResult<BTreeMap<InstanceId, Vec<Sample>>> {
        self.of_each(BOTH, instances, span).await
    }

    async fn sent(&self, instances: &[InstanceId], span: Span) -> PortResult<BTreeMap<InstanceId, Vec<Sample>>> {
        self.of_each(&[OUT], instances, span).await
    }
}

fn state_of(state: Option<&AnomalyDetectorStateValue>) -> DetectorState {
    match state {
        Some(AnomalyDetectorStateValue::Trained) => DetectorState::Trained,
        Some(AnomalyDetectorStateValue::TrainedInsufficientData) => DetectorState::TrainedInsufficientData,
        Some(AnomalyDetectorStateValue::PendingTraining) => DetectorState::PendingTraining,
        _ => DetectorState::Unknown,
    }
}

/// How far from trained a state is.
fn untrained(state: &DetectorState) -> u8 {
    match state {
        DetectorState::Trained | DetectorState::NotABand => 0,
        DetectorState::TrainedInsufficientData => 1,
        DetectorState::PendingTraining => 2,
        DetectorState::Unknown => 3,
    }
}

/// One sample a period that either metric has a datapoint for.
fn samples(found: &Series, subject: &Subject<'_>) -> Vec<Sample> {
    let (out, incoming) = (points_of(found, OUT, subject), points_of(found, IN, subject));
    let mut all: BTreeMap<i64, Sample> = BTreeMap::new();
    for epoch_s in out.keys().chain(incoming.keys()) {
        all.entry(*epoch_s).or_insert_with(|| Sample {
            epoch_s: *epoch_s,
            network_out_bytes: out.get(epoch_s).copied(),
            network_in_bytes: incoming.get(epoch_s).copied(),
        });
    }
    all.into_values().collect()
}

/// Each instance gives one or five samples a period (basic or detailed monitoring), and those of a group do the same: what
/// the instance itself gave, at most, tells how many instances stand behind the group's samples.
fn reporting(group: &BTreeMap<i64, f64>, own: &BTreeMap<i64, f64>) -> Vec<Reporting> {
    let each = own.values().copied().fold(0.0, f64::max);
    if each <= 0.0 {
        return Vec::new();
    }
    let of =
        |(epoch_s, samples): (&i64, &f64)| Reporting { epoch_s: *epoch_s, instances: (samples / each).round() as u32 };
    group.iter().map(of).collect()
}

fn points_of(found: &Series, what: &str, subject: &Subject<'_>) -> BTreeMap<i64, f64> {
    found.get(&id(what, subject)).cloned().unwrap_or_default()
}

fn points(result: &MetricDataResult) -> impl Iterator<Item = (i64, f64)> {
    result.timestamps().iter().map(DateTime::secs).zip(result.values().iter().copied())
}

fn id(what: &str, subject: &Subject<'_>) -> String {
    let what = match what {
        OUT => "out",
        IN => "in",
        _ => "count",
    };
    format!("{what}_{}", subject.suffix)
}

fn queries_of<'a>(ways: &'a [&str], subject: &'a Subject<'_>) -> impl Iterator<Item = MetricDataQuery> {
    ways.iter().map(|way| query(way, subject.stat, id(way, subject), subject))
}

fn count(subject: &Subject<'_>) -> MetricDataQuery {
    query(OUT, COUNT, id(COUNT, subject), subject)
}

fn query(name: &str, stat: &str, id: String, subject: &Subject<'_>) -> MetricDataQuery {
    let dimension = Dimension::builder().name(subject.dimension).value(subject.value).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(STEP_S as i32).stat(stat).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

fn time_of(at: OffsetDateTime) -> DateTime {
    DateTime::from_secs(at.unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::reporting;
    use std::collections::BTreeMap;

    #[test]
    fn instances_are_counted_whatever_their_monitoring() {
        let counts = |samples: &[f64]| (0..).zip(samples.iter().copied()).collect::<BTreeMap<i64, f64>>();
        let instances = |group: &[f64], own: &[f64]| {
            reporting(&counts(group), &counts(own)).iter().map(|one| one.instances).collect::<Vec<_>>()
        };
        assert_eq!(instances(&[6.0, 3.0], &[1.0, 1.0]), [6, 3]);
        assert_eq!(instances(&[30.0, 14.0], &[5.0, 4.0]), [6, 3]);
        assert_eq!(instances(&[6.0], &[]), [0_u32; 0]);
    }
}
