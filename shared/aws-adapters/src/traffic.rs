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
const BOTH: &[&str] = &[OUT, IN];

pub(crate) struct CloudWatchTraffic {
    client: Client,
}

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
        let queries = subjects.iter().flat_map(|subject| ways.iter().map(|way| query(way, subject)));
        let mut pages = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.collect()))
            .start_time(time_of(span.since))
            .end_time(time_of(span.until))
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
        let mut found: BTreeMap<String, BTreeMap<i64, f64>> = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(OPERATION))?;
            for result in page.metric_data_results() {
                found.entry(result.id().unwrap_or_default().to_owned()).or_default().extend(points(result));
            }
        }
        let of = |way: &str, subject: &Subject<'_>| found.get(&id(way, subject)).cloned().unwrap_or_default();
        Ok(subjects.iter().map(|subject| samples(&of(OUT, subject), &of(IN, subject))).collect())
    }
}

#[async_trait]
impl Traffic for CloudWatchTraffic {
    async fn history(&self, instance: &InstanceId, group: Option<&GroupName>, span: Span) -> PortResult<History> {
        let own = Subject::instance(instance, "own");
        let group = group.map(Subject::group);
        let subjects: Vec<_> = std::iter::once(own).chain(group).collect();
        let mut read = self.read(BOTH, &subjects, span).await?.into_iter();
        Ok(History { instance: read.next().unwrap_or_default(), group: read.next().unwrap_or_default() })
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
fn samples(out: &BTreeMap<i64, f64>, incoming: &BTreeMap<i64, f64>) -> Vec<Sample> {
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

fn points(result: &MetricDataResult) -> impl Iterator<Item = (i64, f64)> {
    result.timestamps().iter().map(DateTime::secs).zip(result.values().iter().copied())
}

fn id(way: &str, subject: &Subject<'_>) -> String {
    format!("{}_{}", if way == OUT { "out" } else { "in" }, subject.suffix)
}

fn query(name: &str, subject: &Subject<'_>) -> MetricDataQuery {
    let dimension = Dimension::builder().name(subject.dimension).value(subject.value).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(STEP_S as i32).stat(subject.stat).build();
    MetricDataQuery::builder().id(id(name, subject)).metric_stat(stat).build()
}

fn time_of(at: OffsetDateTime) -> DateTime {
    DateTime::from_secs(at.unix_timestamp())
}
