//! Enrolment's reads and writes of EC2 and CloudWatch.

use crate::error::map;
use crate::watch_mapping::{characteristics, configuration, detector, limited, single_metric, training, watch};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_cloudwatch::types::{AlarmType, AnomalyDetectorType, Tag};
use aws_sdk_ec2::types::{Filter, MonitoringState};
use containment::ids::{GroupName, VpcId};
use enrolment::{AlarmShape, Detector, Machine, SeenAlarm, TAG, Training};
use ports::{Detectors, PortError, PortResult, Watches};
use signal::InstanceId;
use std::collections::BTreeMap;

const ALARMS: &str = "cloudwatch:DescribeAlarms";
pub(crate) const DETECTORS: &str = "cloudwatch:DescribeAnomalyDetectors";
const TAGS: &str = "cloudwatch:ListTagsForResource";
const INSTANCES: &str = "ec2:DescribeInstances";
const PREFIX: &str = "cordon/";
/// As many as a filter takes.
const FILTER_VALUES: usize = 200;

pub(crate) struct AwsWatches {
    reads: aws_sdk_cloudwatch::Client,
    /// Repeats nothing by itself: the caller keeps the account's rates, and each repetition counts.
    writes: aws_sdk_cloudwatch::Client,
    ec2: aws_sdk_ec2::Client,
}

impl AwsWatches {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        let once = aws_sdk_cloudwatch::config::Builder::from(config).retry_config(RetryConfig::disabled()).build();
        Self {
            reads: aws_sdk_cloudwatch::Client::new(config),
            writes: aws_sdk_cloudwatch::Client::from_conf(once),
            ec2: aws_sdk_ec2::Client::new(config),
        }
    }
}

/// EC2 reads `*` and `?` in a filter's value as wildcards.
fn literal(value: &str) -> String {
    let escaped = |character| matches!(character, '*' | '?' | '\\');
    value.chars().flat_map(|one| escaped(one).then_some('\\').into_iter().chain([one])).collect()
}

#[async_trait]
impl Watches for AwsWatches {
    async fn machines(&self, groups: &[GroupName]) -> PortResult<BTreeMap<InstanceId, Machine>> {
        let mut found = BTreeMap::new();
        for some in groups.chunks(FILTER_VALUES) {
            let names = some.iter().map(|group| literal(group.as_str())).collect();
            // Auto Scaling sets this tag; nobody else can set one that begins so.
            let members = Filter::builder().name("tag:aws:autoscaling:groupName").set_values(Some(names)).build();
            let states = Filter::builder().name("instance-state-name").values("pending").values("running").build();
            let call = self.ec2.describe_instances().filters(members).filters(states).max_results(1000);
            let mut pages = call.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(map(INSTANCES))?;
                for instance in page.reservations().iter().flat_map(|reservation| reservation.instances()) {
                    let id = instance.instance_id().unwrap_or_default();
                    let id: InstanceId = id.parse().map_err(|error| PortError::unreadable(INSTANCES, error))?;
                    let monitoring = instance.monitoring().and_then(|monitoring| monitoring.state());
                    let detailed = matches!(monitoring, Some(MonitoringState::Enabled | MonitoringState::Pending));
                    found.insert(id, Machine { vpc: instance.vpc_id().map(VpcId::new), detailed });
                }
            }
        }
        Ok(found)
    }

    async fn alarms(&self) -> PortResult<BTreeMap<String, SeenAlarm>> {
        let call = self.reads.describe_alarms().alarm_name_prefix(PREFIX).alarm_types(AlarmType::MetricAlarm);
        let mut pages = call.max_records(100).into_paginator().send();
        let mut found = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for alarm in page.map_err(map(ALARMS))?.metric_alarms() {
                let name =
                    alarm.alarm_name().ok_or_else(|| PortError::unreadable(ALARMS, "an alarm without a name"))?;
                found.insert(name.to_owned(), watch(alarm));
            }
        }
        Ok(found)
    }

    async fn detectors(&self) -> PortResult<Detectors> {
        let call = self
            .reads
            .describe_anomaly_detectors()
            .anomaly_detector_types(AnomalyDetectorType::SingleMetric)
            .anomaly_detector_types(AnomalyDetectorType::MetricMath)
            .max_results(100);
        let mut pages = call.into_paginator().send();
        let mut found = Detectors::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(DETECTORS))?;
            found.count += page.anomaly_detectors().len();
            for shown in page.anomaly_detectors() {
                let Some(detector) = detector(shown) else { continue };
                let training = training(shown)?;
                if training != Training::default() {
                    found.trained.insert(detector.clone(), training);
                }
                found.of_instances.insert(detector);
            }
        }
        Ok(found)
    }

    async fn enrolled_tag(&self, arn: &str) -> PortResult<Option<String>> {
        let answer = self.reads.list_tags_for_resource().resource_arn(arn).send().await.map_err(map(TAGS))?;
        let tag = answer.tags().iter().find(|tag| tag.key() == Some(TAG));
        Ok(tag.and_then(|tag| tag.value()).map(ToOwned::to_owned))
    }

    async fn put_detector(&self, detector: &Detector, training: &Training) -> PortResult<()> {
        let call = self
            .writes
            .put_anomaly_detector()
            .single_metric_anomaly_detector(single_metric(detector))
            .set_configuration(configuration(training)?)
            .set_metric_characteristics(characteristics(training));
        call.send().await.map(|_| ()).map_err(map("cloudwatch:PutAnomalyDetector"))
    }

    async fn delete_detector(&self, detector: &Detector) -> PortResult<()> {
        let call = self.writes.delete_anomaly_detector().single_metric_anomaly_detector(single_metric(detector));
        call.send().await.map(|_| ()).map_err(map("cloudwatch:DeleteAnomalyDetector"))
    }

    async fn put_alarm(&self, name: &str, shape: &AlarmShape, topic: &str) -> PortResult<()> {
        let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let call = self
            .writes
            .put_metric_alarm()
            .alarm_name(name)
            .alarm_description(&shape.description)
            .set_alarm_actions(Some(shape.actions.clone()))
            .actions_enabled(true)
            .evaluation_periods(count(shape.periods))
            .datapoints_to_alarm(count(shape.datapoints))
            .treat_missing_data(shape.limit.missing_data())
            // Counts only where the alarm is new; an alarm that is there has its tag, or this is not called.
            .tags(Tag::builder().key(TAG).value(topic).build());
        limited(call, shape).send().await.map(|_| ()).map_err(map("cloudwatch:PutMetricAlarm"))
    }

    async fn delete_alarms(&self, names: &[String]) -> PortResult<()> {
        let call = self.writes.delete_alarms().set_alarm_names(Some(names.to_vec()));
        call.send().await.map(|_| ()).map_err(map("cloudwatch:DeleteAlarms"))
    }

    async fn switch_alarms(&self, names: &[String], on: bool) -> PortResult<()> {
        let names = Some(names.to_vec());
        if on {
            let call = self.writes.enable_alarm_actions().set_alarm_names(names);
            return call.send().await.map(|_| ()).map_err(map("cloudwatch:EnableAlarmActions"));
        }
        let call = self.writes.disable_alarm_actions().set_alarm_names(names);
        call.send().await.map(|_| ()).map_err(map("cloudwatch:DisableAlarmActions"))
    }

    async fn monitor(&self, instances: &[InstanceId]) -> PortResult<()> {
        let ids = instances.iter().map(|id| id.as_str().to_owned()).collect();
        let call = self.ec2.monitor_instances().set_instance_ids(Some(ids));
        call.send().await.map(|_| ()).map_err(map("ec2:MonitorInstances"))
    }
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_groups_name_is_no_pattern() {
        assert_eq!(literal("we*b?\\"), "we\\*b\\?\\\\");
        assert_eq!(literal("web/blue-1"), "web/blue-1");
    }
}
