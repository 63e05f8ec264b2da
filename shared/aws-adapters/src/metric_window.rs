//! An instance's traffic beside its band and the traffic of its group's other instances.

use crate::error::map;
use aws_config::SdkConfig;
use aws_sdk_autoscaling::Client as AutoScaling;
use aws_sdk_autoscaling::types::LifecycleState;
use aws_sdk_cloudwatch::Client as CloudWatch;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use ports::{CaptureSubject, PortResult};
use serde_json::{Value, json};

const NETWORK_OUT: &str = "NetworkOut";
const METRICS: [&str; 4] = [NETWORK_OUT, "NetworkIn", "NetworkPacketsOut", "NetworkPacketsIn"];
const NAMESPACE: &str = "AWS/EC2";
const STATISTIC: &str = "Average";
const PERIOD_SECONDS: i32 = 300;
/// Enough for a median that one busy peer doesn't move.
const PEERS: usize = 10;

pub(crate) struct MetricWindow {
    auto_scaling: AutoScaling,
    cloudwatch: CloudWatch,
}

impl MetricWindow {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { auto_scaling: AutoScaling::new(config), cloudwatch: CloudWatch::new(config) }
    }

    /// Series `m0`…: the instance's; `band`, twice: the edges of the first, where its detector is trained; `p0`…: the same
    /// metric of peers, labelled with their ids.
    pub(crate) async fn read(&self, subject: &CaptureSubject, from: DateTime, to: DateTime) -> PortResult<Vec<u8>> {
        let peers = self.peers(subject).await;
        let named = peers.as_deref().unwrap_or_default();
        let own = subject.instance.as_str();
        let mut queries: Vec<_> =
            METRICS.iter().enumerate().map(|(at, name)| query(format!("m{at}"), name, name, own)).collect();
        queries.push(MetricDataQuery::builder().id("band").expression("ANOMALY_DETECTION_BAND(m0, 2)").build());
        queries.extend(named.iter().enumerate().map(|(at, peer)| query(format!("p{at}"), peer, NETWORK_OUT, peer)));
        let mut pages = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(from)
            .end_time(to)
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
        let mut series: Vec<Value> = Vec::new();
        while let Some(page) = pages.next().await {
            for result in page.map_err(map("cloudwatch:GetMetricData"))?.metric_data_results() {
                let times: Vec<i64> = result.timestamps().iter().map(DateTime::secs).collect();
                let status = result.status_code().map(|status| status.as_str());
                series.push(json!({
                    "id": result.id(), "label": result.label(), "epoch_s": times, "values": result.values(), "status": status,
                }));
            }
        }
        let window = json!({
            "instance": own,
            "namespace": NAMESPACE,
            "statistic": STATISTIC,
            "period_s": PERIOD_SECONDS,
            "series": series,
            "peers_unread": peers.err().map(|error| error.to_string()),
        });
        Ok(window.to_string().into_bytes())
    }

    /// Other instances in service in its group, the first by their ids.
    async fn peers(&self, subject: &CaptureSubject) -> PortResult<Vec<String>> {
        let Some(group) = &subject.group else { return Ok(Vec::new()) };
        let call = self.auto_scaling.describe_auto_scaling_groups().auto_scaling_group_names(group.as_str());
        let answer = call.send().await.map_err(map("autoscaling:DescribeAutoScalingGroups"))?;
        let members = answer.auto_scaling_groups().iter().flat_map(|group| group.instances());
        let in_service = members.filter(|member| member.lifecycle_state() == Some(&LifecycleState::InService));
        let mut peers: Vec<_> = in_service
            .filter_map(|member| member.instance_id())
            .filter(|id| *id != subject.instance.as_str())
            .map(ToOwned::to_owned)
            .collect();
        peers.sort_unstable();
        peers.truncate(PEERS);
        Ok(peers)
    }
}

fn query(id: String, label: &str, metric: &str, instance: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("InstanceId").value(instance).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(metric).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat(STATISTIC).build();
    MetricDataQuery::builder().id(id).label(label).metric_stat(stat).build()
}
