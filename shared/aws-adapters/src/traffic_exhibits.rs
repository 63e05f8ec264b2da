//! The alarm with its history, the metrics around it with the band, and what the instance's own sessions did.

use crate::error::map;
use aws_config::SdkConfig;
use aws_sdk_cloudtrail::Client as CloudTrail;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_sdk_cloudwatch::Client as CloudWatch;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmType, Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use containment::figure::unit_of;
use evidence::metrics::{BAND, Metrics, OWN, PEER, Series};
use ports::{CaptureSubject, Exhibit, PortError, PortResult};
use serde_json::{Value, json};
use signal::{AlarmArn, InstanceId};
use time::{Duration, OffsetDateTime};

/// Before the containment: enough to see what was usual.
const BEFORE: Duration = Duration::hours(24);
const AFTER: Duration = Duration::hours(1);
const PERIOD_SECONDS: i32 = 300;
/// Pages of 50; LookupEvents allows two calls a second.
const TRAIL_PAGES: usize = 4;
const METRIC_DATA: &str = "cloudwatch:GetMetricData";
const NAMESPACE: &str = "AWS/EC2";
const STATISTIC: &str = "Average";
/// What everything is about where the alarm's metric isn't known, or is none that EC2 documents.
const USUAL: &str = "NetworkOut";
const METRICS: [&str; 4] = ["NetworkOut", "NetworkIn", "NetworkPacketsOut", "NetworkPacketsIn"];

pub(crate) struct TrafficExhibits {
    cloudwatch: CloudWatch,
    cloudtrail: CloudTrail,
}

impl TrafficExhibits {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { cloudwatch: CloudWatch::new(config), cloudtrail: CloudTrail::new(config) }
    }

    pub(crate) async fn of(&self, subject: &CaptureSubject) -> Vec<Exhibit> {
        let (alarm, metrics, trail) = tokio::join!(
            async {
                match &subject.alarm {
                    Some(alarm) => Some(self.alarm(alarm, subject.at).await),
                    None => None,
                }
            },
            self.metrics(subject),
            self.trail(subject),
        );
        let mut exhibits = vec![
            Exhibit { name: evidence::metrics::METRICS, answer: metrics },
            Exhibit { name: "cloudtrail-events.json", answer: trail },
        ];
        exhibits.extend(alarm.map(|answer| Exhibit { name: "alarm.json", answer }));
        exhibits
    }

    async fn alarm(&self, alarm: &AlarmArn, at: OffsetDateTime) -> PortResult<Vec<u8>> {
        let describe = self.cloudwatch.describe_alarms().alarm_names(alarm.name());
        let describe = describe.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let history = self.cloudwatch.describe_alarm_history().alarm_name(alarm.name());
        let history = history.start_date(time_of(at - BEFORE)).end_date(time_of(at + AFTER));
        let (described, history) = tokio::join!(describe.send(), history.send());
        let described = described.map_err(map("cloudwatch:DescribeAlarms"))?;
        let history = history.map_err(map("cloudwatch:DescribeAlarmHistory"))?;
        let items = history.alarm_history_items().iter().map(|item| {
            let data = item.history_data().and_then(|data| serde_json::from_str::<Value>(data).ok());
            json!({"at": item.timestamp().map(ToString::to_string), "summary": item.history_summary(), "data": data})
        });
        let metric = described.metric_alarms().first();
        let reason = metric.and_then(|alarm| alarm.state_reason());
        Ok(json!({
            "alarm": alarm.to_string(),
            "state": metric.and_then(|alarm| alarm.state_value()).map(|state| state.as_str()),
            "reason": reason,
            "composite_rule": described.composite_alarms().first().and_then(|alarm| alarm.alarm_rule()),
            "history": items.collect::<Vec<_>>(),
        })
        .to_string()
        .into_bytes())
    }

    /// The band is there where the metric has a trained detector, the peers where the instance was in a group.
    async fn metrics(&self, subject: &CaptureSubject) -> PortResult<Vec<u8>> {
        let own = subject.metric.as_deref().filter(|name| unit_of(name).is_some()).unwrap_or(USUAL);
        let others = METRICS.iter().filter(|name| **name != own);
        let names = std::iter::once(own).chain(others.copied()).enumerate();
        let mut queries: Vec<MetricDataQuery> =
            names.map(|(index, name)| query(&format!("m{index}"), name, name, &subject.instance)).collect();
        let band = format!("ANOMALY_DETECTION_BAND({OWN}, 2)");
        queries.push(MetricDataQuery::builder().id(BAND).expression(band).build());
        let peers = subject.peers.iter().enumerate();
        queries.extend(peers.map(|(index, peer)| query(&format!("{PEER}{index}"), peer.as_str(), own, peer)));
        let mut pages = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(time_of(subject.at - BEFORE))
            .end_time(time_of(subject.at + AFTER))
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
        let mut series = Vec::new();
        while let Some(page) = pages.next().await {
            for result in page.map_err(map(METRIC_DATA))?.metric_data_results() {
                series.push(Series {
                    id: result.id().map(ToOwned::to_owned),
                    label: result.label().map(ToOwned::to_owned),
                    epoch_s: result.timestamps().iter().map(DateTime::secs).collect(),
                    values: result.values().iter().copied().map(Some).collect(),
                    status: result.status_code().map(|status| status.as_str().to_owned()),
                });
            }
        }
        let metrics = Metrics {
            instance: subject.instance.to_string(),
            namespace: NAMESPACE.to_owned(),
            statistic: STATISTIC.to_owned(),
            period_s: PERIOD_SECONDS.unsigned_abs(),
            series,
        };
        serde_json::to_vec(&metrics).map_err(|error| PortError::unreadable(METRIC_DATA, error))
    }

    /// EC2 names the sessions of an instance's role after the instance.
    async fn trail(&self, subject: &CaptureSubject) -> PortResult<Vec<u8>> {
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::Username)
            .attribute_value(subject.instance.as_str())
            .build()
            .map_err(|error| PortError::unreadable("cloudtrail:LookupEvents", error))?;
        let mut pages = self
            .cloudtrail
            .lookup_events()
            .lookup_attributes(attribute)
            .start_time(time_of(subject.at - BEFORE))
            .into_paginator()
            .send();
        let (mut events, mut read) = (Vec::new(), 0);
        let mut complete = true;
        while let Some(page) = pages.next().await {
            let page = page.map_err(map("cloudtrail:LookupEvents"))?;
            events.extend(page.events().iter().filter_map(|event| event.cloud_trail_event()).map(event));
            read += 1;
            if read == TRAIL_PAGES {
                complete = page.next_token().is_none();
                break;
            }
        }
        Ok(json!({"username": subject.instance, "events": events, "complete": complete}).to_string().into_bytes())
    }
}

fn query(id: &str, label: &str, name: &str, instance: &InstanceId) -> MetricDataQuery {
    let dimension = Dimension::builder().name("InstanceId").value(instance.as_str()).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat(STATISTIC).build();
    MetricDataQuery::builder().id(id).label(label).metric_stat(stat).build()
}

/// CloudTrail nests each event as text.
fn event(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn time_of(at: OffsetDateTime) -> DateTime {
    DateTime::from_secs(at.unix_timestamp())
}
