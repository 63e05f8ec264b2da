//! Reads of the whole account, for those who look at what is watched.

use crate::alarm_mapping::{composite, metric};
use crate::error::map;
use crate::groups::{GROUPS, observed};
use crate::journal::{BATCH_GET, JournalTable};
use crate::journal_items::{Item, Reader, authority_key};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_ec2::types::Filter;
use containment::authority::StandaloneEntry;
use containment::observed::{ObservedAlarm, ObservedGroup};
use ports::{Coverage, PortError, PortResult};
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};

const ALARMS: &str = "cloudwatch:DescribeAlarms";
const INSTANCES: &str = "ec2:DescribeInstances";
/// As many keys as BatchGetItem takes.
const BATCH: usize = 100;

pub(crate) struct AccountCoverage {
    auto_scaling: aws_sdk_autoscaling::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    ec2: aws_sdk_ec2::Client,
    table: JournalTable,
}

impl AccountCoverage {
    pub(crate) fn new(config: &SdkConfig, table: &str) -> Self {
        Self {
            auto_scaling: aws_sdk_autoscaling::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            table: JournalTable::new(aws_sdk_dynamodb::Client::new(config), table),
        }
    }
}

#[async_trait]
impl Coverage for AccountCoverage {
    async fn groups(&self) -> PortResult<Vec<ObservedGroup>> {
        let mut pages = self.auto_scaling.describe_auto_scaling_groups().max_records(100).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(GROUPS))?;
            for group in page.auto_scaling_groups() {
                found.push(observed(group)?);
            }
        }
        Ok(found)
    }

    async fn running(&self) -> PortResult<BTreeSet<InstanceId>> {
        let running = Filter::builder().name("instance-state-name").values("running").build();
        let mut pages = self.ec2.describe_instances().filters(running).max_results(1000).into_paginator().send();
        let mut found = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(INSTANCES))?;
            for instance in page.reservations().iter().flat_map(|reservation| reservation.instances()) {
                let id = instance.instance_id().unwrap_or_default();
                found.insert(id.parse().map_err(|error| PortError::unreadable(INSTANCES, error))?);
            }
        }
        Ok(found)
    }

    async fn alarms_leading_to(&self, action: &str) -> PortResult<Vec<ObservedAlarm>> {
        let call = self
            .cloudwatch
            .describe_alarms()
            .action_prefix(action)
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .max_records(100);
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(ALARMS))?;
            for alarm in page.metric_alarms() {
                found.push(metric(alarm)?);
            }
            for alarm in page.composite_alarms() {
                found.push(composite(alarm)?);
            }
        }
        Ok(found)
    }

    async fn standalone(&self, instances: &[InstanceId]) -> PortResult<BTreeMap<InstanceId, StandaloneEntry>> {
        let mut found = BTreeMap::new();
        for some in instances.chunks(BATCH) {
            let keys: Vec<Item> = some.iter().map(authority_key).collect();
            let items = self.table.batch(keys.clone()).await?;
            for item in &items {
                let is_of = |key: &Item| key.get("pk") == item.get("pk");
                let listed = keys.iter().zip(some).find(|(key, _)| is_of(key));
                let Some((_, instance)) = listed else { continue };
                found.insert(instance.clone(), Reader { operation: BATCH_GET, item }.standalone()?);
            }
        }
        Ok(found)
    }
}
