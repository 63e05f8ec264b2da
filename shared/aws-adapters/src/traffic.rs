//! What EC2 counted of instances' traffic.

use crate::error::map;
use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy};
use detection::sample::Sample;
use detection::watch::STEP_S;
use ports::{PortResult, Span, Traffic};
use signal::InstanceId;
use std::collections::BTreeMap;
use time::OffsetDateTime;

const OPERATION: &str = "cloudwatch:GetMetricData";
const NAMESPACE: &str = "AWS/EC2";
const OUT: (&str, &str) = ("NetworkOut", "out");
const IN: (&str, &str) = ("NetworkIn", "in");
/// GetMetricData takes 500 queries; each instance needs two.
const AT_ONCE: usize = 250;

pub(crate) struct CloudWatchTraffic {
    client: Client,
}

impl CloudWatchTraffic {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Datapoints by query: the period's start and its sum.
    async fn read(&self, some: &[InstanceId], span: Span) -> PortResult<BTreeMap<String, BTreeMap<i64, f64>>> {
        let numbered = some.iter().enumerate();
        let queries = numbered.flat_map(|(number, instance)| [OUT, IN].map(|way| query(way, number, instance)));
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
            for result in page.map_err(map(OPERATION))?.metric_data_results() {
                found.entry(result.id().unwrap_or_default().to_owned()).or_default().extend(points(result));
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl Traffic for CloudWatchTraffic {
    async fn of_instances(
        &self,
        instances: &[InstanceId],
        span: Span,
    ) -> PortResult<BTreeMap<InstanceId, Vec<Sample>>> {
        let mut all = BTreeMap::new();
        for some in instances.chunks(AT_ONCE) {
            let mut found = self.read(some, span).await?;
            for (number, instance) in some.iter().enumerate() {
                let [out, incoming] = [OUT, IN].map(|way| found.remove(&id(way, number)).unwrap_or_default());
                let samples = samples(&out, &incoming);
                if !samples.is_empty() {
                    all.insert(instance.clone(), samples);
                }
            }
        }
        Ok(all)
    }
}

/// One sample a period that either metric has a datapoint for.
fn samples(out: &BTreeMap<i64, f64>, incoming: &BTreeMap<i64, f64>) -> Vec<Sample> {
    let sample = |epoch_s: &i64| Sample {
        epoch_s: *epoch_s,
        network_out_bytes: out.get(epoch_s).copied(),
        network_in_bytes: incoming.get(epoch_s).copied(),
    };
    let all: BTreeMap<i64, Sample> =
        out.keys().chain(incoming.keys()).map(|epoch_s| (*epoch_s, sample(epoch_s))).collect();
    all.into_values().collect()
}

fn points(result: &MetricDataResult) -> impl Iterator<Item = (i64, f64)> {
    result.timestamps().iter().map(DateTime::secs).zip(result.values().iter().copied())
}

fn id((_, way): (&str, &str), number: usize) -> String {
    format!("{way}{number}")
}

fn query(way: (&str, &str), number: usize, instance: &InstanceId) -> MetricDataQuery {
    let dimension = Dimension::builder().name("InstanceId").value(instance.as_str()).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(way.0).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(STEP_S as i32).stat("Sum").build();
    MetricDataQuery::builder().id(id(way, number)).metric_stat(stat).build()
}

fn time_of(at: OffsetDateTime) -> DateTime {
    DateTime::from_secs(at.unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_that_one_metric_lacks_is_a_sample_with_one_count_missing() {
        let found = samples(&BTreeMap::from([(0, 1.0), (300, 2.0)]), &BTreeMap::from([(300, 3.0)]));
        let of = |epoch_s, network_out_bytes, network_in_bytes| Sample { epoch_s, network_out_bytes, network_in_bytes };
        assert_eq!(found, [of(0, Some(1.0), None), of(300, Some(2.0), Some(3.0))]);
    }
}
