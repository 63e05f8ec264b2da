//! What EC2 counted: every instance is quiet, but for those that surge.

use crate::process::Process;
use async_trait::async_trait;
use containment::ids::GroupName;
use containment::observed::Lifecycle;
use detection::reason::DetectorState;
use detection::sample::Sample;
use detection::scale::Reporting;
use detection::watch::STEP_S;
use ports::{DATAPOINTS, FleetDatapoint, FleetMetric, History, PortResult, Span, Traffic};
use signal::InstanceId;
use std::collections::BTreeMap;

const OPERATION: &str = "cloudwatch:GetMetricData";
/// How far back CloudWatch shows anything: long enough for an instance not to be young.
const SHOWN: i64 = 3 * 86_400;
const QUIET: f64 = 6e5;
const SURGE: f64 = 9e8;
/// How many periods a surge has lasted.
const LASTED: i64 = 6;

#[async_trait]
impl Traffic for Process {
    async fn history(&self, instance: &InstanceId, group: Option<&GroupName>, span: Span) -> PortResult<History> {
        self.read(OPERATION, |account| {
            let members = group.and_then(|group| account.groups.get(group)).map(|group| group.members.clone());
            let members = members.unwrap_or_default();
            let in_service = members.iter().filter(|member| member.lifecycle == Lifecycle::InService).count();
            let reporting = reporting(account, in_service, span);
            let each = members.into_iter().map(|member| samples(account, &member.instance, span));
            let group = each.reduce(sum).unwrap_or_default();
            Ok(History { instance: samples(account, instance, span), group, reporting })
        })
        .await
    }

    async fn detector(&self, _instance: &InstanceId) -> PortResult<DetectorState> {
        self.read("cloudwatch:DescribeAnomalyDetectors", |account| Ok(account.detector)).await
    }

    async fn of_instances(
        &self,
        instances: &[InstanceId],
        span: Span,
    ) -> PortResult<BTreeMap<InstanceId, Vec<Sample>>> {
        self.read(OPERATION, |account| {
            Ok(instances.iter().map(|peer| (peer.clone(), samples(account, peer, span))).collect())
        })
        .await
    }

    async fn sent(&self, instances: &[InstanceId], span: Span) -> PortResult<BTreeMap<InstanceId, Vec<Sample>>> {
        self.read(OPERATION, |account| {
            let reporting = instances.iter().filter(|instance| !account.silent.contains(instance));
            let sent = |instance| samples(account, instance, span).into_iter().map(out_alone).collect();
            Ok(reporting.map(|instance| (instance.clone(), sent(instance))).collect())
        })
        .await
    }
}

#[async_trait]
impl FleetMetric for Process {
    async fn publish(&self, datapoints: &[FleetDatapoint]) -> PortResult<()> {
        assert!(datapoints.len() <= DATAPOINTS);
        self.change("cloudwatch:PutMetricData", |account| {
            account.fleet_metric.extend(datapoints.iter().cloned());
            Ok(())
        })
        .await
    }
}

fn out_alone(sample: Sample) -> Sample {
    Sample { network_in_bytes: None, ..sample }
}

fn samples(account: &crate::Account, instance: &InstanceId, span: Span) -> Vec<Sample> {
    let until = span.until.unix_timestamp();
    let since = span.since.unix_timestamp().max(until - SHOWN);
    let surges = account.surging.contains(instance);
    let periods = (since.div_euclid(STEP_S)..until.div_euclid(STEP_S)).map(|period| period * STEP_S);
    let surged = |epoch_s| {
        account.surged.iter().any(|(of, range)| of == instance && (range.from_s..range.until_s).contains(&epoch_s))
    };
    let of = |epoch_s| {
        let surges = surges && until - epoch_s <= LASTED * STEP_S;
        let sent = if surges || surged(epoch_s) { SURGE } else { QUIET };
        Sample { epoch_s, network_out_bytes: Some(sent), network_in_bytes: Some(QUIET) }
    };
    periods.map(of).collect()
}

fn reporting(account: &crate::Account, members: usize, span: Span) -> Vec<Reporting> {
    let until = span.until.unix_timestamp();
    let of = |epoch_s| match account.scaled {
        Some((scaled_at, before)) if epoch_s < scaled_at.unix_timestamp() => Reporting { epoch_s, instances: before },
        _ => Reporting { epoch_s, instances: members as u32 },
    };
    (1..=SHOWN / STEP_S).rev().map(|ago| of(until - ago * STEP_S)).filter(|_| members > 0).collect()
}

fn sum(all: Vec<Sample>, more: Vec<Sample>) -> Vec<Sample> {
    let add = |(one, other): (Sample, Sample)| Sample {
        network_out_bytes: one.network_out_bytes.zip(other.network_out_bytes).map(|(one, other)| one + other),
        network_in_bytes: one.network_in_bytes.zip(other.network_in_bytes).map(|(one, other)| one + other),
        ..one
    };
    all.into_iter().zip(more).map(add).collect()
}
