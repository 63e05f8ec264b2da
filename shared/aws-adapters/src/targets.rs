use crate::error::map;
use async_trait::async_trait;
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealthStateEnum};
use containment::ids::TargetGroupArn;
use containment::observed::Target;
use futures::stream::{self, StreamExt, TryStreamExt};
use ports::{ErrorKind, PortResult, Targets};
use signal::InstanceId;

const GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";
const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";
/// Target groups read at once. ELB's describe calls share a small bucket.
const AT_ONCE: usize = 10;

pub(crate) struct LoadBalancerTargets {
    client: Client,
}

impl LoadBalancerTargets {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// A target group that went away meanwhile holds nobody.
    async fn registrations_in(&self, instance: &InstanceId, group: &TargetGroupArn) -> PortResult<Vec<Target>> {
        let call = self.client.describe_target_health().target_group_arn(group.as_str());
        let answer = match call.send().await.map_err(map(HEALTH)) {
            Ok(answer) => answer,
            Err(error) if error.kind == ErrorKind::Gone => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for health in answer.target_health_descriptions() {
            let Some(target) = health.target().filter(|target| target.id() == Some(instance.as_str())) else {
                continue;
            };
            let state = health.target_health().and_then(|health| health.state());
            found.push(Target {
                group: group.clone(),
                id: instance.to_string(),
                port: target.port(),
                draining: state == Some(&TargetHealthStateEnum::Draining),
            });
        }
        Ok(found)
    }
}

#[async_trait]
impl Targets for LoadBalancerTargets {
    async fn groups(&self) -> PortResult<Vec<TargetGroupArn>> {
        let mut pages = self.client.describe_target_groups().into_paginator().send();
        let mut groups = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(GROUPS))?;
            groups.extend(
                page.target_groups().iter().filter_map(|group| group.target_group_arn()).map(TargetGroupArn::new),
            );
        }
        Ok(groups)
    }

    async fn registrations(&self, instance: &InstanceId, groups: &[TargetGroupArn]) -> PortResult<Vec<Target>> {
        let by_group: Vec<Vec<Target>> = stream::iter(groups.to_vec())
            .map(async |group| self.registrations_in(instance, &group).await)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(by_group.into_iter().flatten().collect())
    }

    async fn deregister(&self, target: &Target) -> PortResult<()> {
        let description = TargetDescription::builder().id(&target.id).set_port(target.port).build();
        let call = self.client.deregister_targets().target_group_arn(target.group.as_str()).targets(description);
        call.send().await.map(|_| ()).map_err(map("elasticloadbalancing:DeregisterTargets"))
    }

    async fn register(&self, target: &Target) -> PortResult<()> {
        let description = TargetDescription::builder().id(&target.id).set_port(target.port).build();
        let call = self.client.register_targets().target_group_arn(target.group.as_str()).targets(description);
        call.send().await.map(|_| ()).map_err(map("elasticloadbalancing:RegisterTargets"))
    }
}
