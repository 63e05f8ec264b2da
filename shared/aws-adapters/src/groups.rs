use crate::error::map;
use async_trait::async_trait;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter, Instance, InstanceRefresh};
use containment::authority::MODE_TAG;
use containment::ids::{GroupName, TargetGroupArn};
use containment::observed::{GroupMember, Lifecycle, Membership, ObservedGroup};
use ports::{Groups, PortError, PortResult, Refresh};
use signal::InstanceId;
use time::OffsetDateTime;

const INSTANCES: &str = "autoscaling:DescribeAutoScalingInstances";
const REFRESHES: &str = "autoscaling:DescribeInstanceRefreshes";
pub(crate) const GROUPS: &str = "autoscaling:DescribeAutoScalingGroups";

pub(crate) struct AutoScalingGroups {
    client: Client,
}

impl AutoScalingGroups {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Groups for AutoScalingGroups {
    async fn membership(&self, instance: &InstanceId) -> PortResult<Option<Membership>> {
        let call = self.client.describe_auto_scaling_instances().instance_ids(instance.as_str());
        let answer = call.send().await.map_err(map(INSTANCES))?;
        let Some(details) = answer.auto_scaling_instances().first() else { return Ok(None) };
        let (Some(group), Some(state)) = (details.auto_scaling_group_name(), details.lifecycle_state()) else {
            return Err(PortError::unreadable(INSTANCES, "a member without a group or a lifecycle state"));
        };
        Ok(Some(Membership {
            group: GroupName::new(group),
            lifecycle: lifecycle(INSTANCES, state)?,
            healthy: is_healthy(details.health_status()),
            protected_from_scale_in: details.protected_from_scale_in().unwrap_or_default(),
        }))
    }

    async fn describe(&self, group: &GroupName) -> PortResult<Option<ObservedGroup>> {
        let call = self.client.describe_auto_scaling_groups().auto_scaling_group_names(group.as_str());
        let answer = call.send().await.map_err(map(GROUPS))?;
        answer.auto_scaling_groups().first().map(observed).transpose()
    }

    async fn latest_refresh(&self, group: &GroupName) -> PortResult<Option<Refresh>> {
        let call = self.client.describe_instance_refreshes().auto_scaling_group_name(group.as_str());
        // Newest first.
        let answer = call.max_records(1).send().await.map_err(map(REFRESHES))?;
        let ended_at = |shown: &InstanceRefresh| match shown.end_time() {
            Some(at) => OffsetDateTime::from_unix_timestamp(at.secs())
                .map(Some)
                .map_err(|error| PortError::unreadable(REFRESHES, error)),
            None => Ok(None),
        };
        answer.instance_refreshes().first().map(|shown| Ok(Refresh { ended_at: ended_at(shown)? })).transpose()
    }

    async fn tagged(&self) -> PortResult<Vec<ObservedGroup>> {
        let tagged = Filter::builder().name("tag-key").values(MODE_TAG).build();
        let call = self.client.describe_auto_scaling_groups().filters(tagged).max_records(100);
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for group in page.map_err(map(GROUPS))?.auto_scaling_groups() {
                found.push(observed(group)?);
            }
        }
        // Whatever the filter did, a group without the tag has not opted in.
        found.retain(|group| group.tags.contains_key(MODE_TAG));
        Ok(found)
    }

    async fn detach(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        let call = self
            .client
            .detach_instances()
            .auto_scaling_group_name(group.as_str())
            .instance_ids(instance.as_str())
            .should_decrement_desired_capacity(false);
        call.send().await.map(|_| ()).map_err(map("autoscaling:DetachInstances"))
    }

    async fn enter_standby(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        let call = self
            .client
            .enter_standby()
            .auto_scaling_group_name(group.as_str())
            .instance_ids(instance.as_str())
            .should_decrement_desired_capacity(false);
        call.send().await.map(|_| ()).map_err(map("autoscaling:EnterStandby"))
    }

    async fn attach(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        let call = self.client.attach_instances().auto_scaling_group_name(group.as_str());
        let call = call.instance_ids(instance.as_str());
        call.send().await.map(|_| ()).map_err(map("autoscaling:AttachInstances"))
    }

    async fn exit_standby(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        let call = self.client.exit_standby().auto_scaling_group_name(group.as_str()).instance_ids(instance.as_str());
        call.send().await.map(|_| ()).map_err(map("autoscaling:ExitStandby"))
    }
}

pub(crate) fn observed(group: &AutoScalingGroup) -> PortResult<ObservedGroup> {
    let size = |size: Option<i32>, name: &str| {
        let size = size.and_then(|size| u32::try_from(size).ok());
        size.ok_or_else(|| PortError::unreadable(GROUPS, format!("a group without {name}")))
    };
    let tags =
        group.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())));
    Ok(ObservedGroup {
        name: GroupName::new(
            group.auto_scaling_group_name().ok_or_else(|| PortError::unreadable(GROUPS, "a group without a name"))?,
        ),
        desired: size(group.desired_capacity(), "a desired capacity")?,
        min: size(group.min_size(), "a minimum size")?,
        max: size(group.max_size(), "a maximum size")?,
        members: group.instances().iter().map(member).collect::<PortResult<_>>()?,
        target_groups: group.target_group_arns().iter().map(TargetGroupArn::new).collect(),
        tags: tags.collect(),
    })
}

fn member(instance: &Instance) -> PortResult<GroupMember> {
    let id = instance.instance_id().unwrap_or_default();
    let state = instance.lifecycle_state().map(|state| state.as_str()).unwrap_or_default();
    Ok(GroupMember {
        instance: id.parse().map_err(|error| PortError::unreadable(GROUPS, error))?,
        lifecycle: lifecycle(GROUPS, state)?,
        healthy: is_healthy(instance.health_status()),
        protected_from_scale_in: instance.protected_from_scale_in().unwrap_or_default(),
    })
}

/// `Healthy` from one API, `HEALTHY` from the other.
fn is_healthy(status: Option<&str>) -> bool {
    status.is_some_and(|status| status.eq_ignore_ascii_case("healthy"))
}

/// AWS: "Amazon EC2 Auto Scaling instance lifecycle". A state not known here is an error, never a guess.
fn lifecycle(operation: &'static str, state: &str) -> PortResult<Lifecycle> {
    Ok(match state {
        // An instance whose root volume is replaced is out of service and comes back by itself, as a pending one does.
        "RootVolumeReplaced" => Lifecycle::Pending,
        pending if pending.starts_with("Pending") || pending.starts_with("ReplacingRootVolume") => Lifecycle::Pending,
        "InService" => Lifecycle::InService,
        "EnteringStandby" | "Standby" => Lifecycle::Standby,
        "Detaching" => Lifecycle::Detaching,
        "Detached" => Lifecycle::Detached,
        "Quarantined" | "Terminated" => Lifecycle::Terminating,
        warmed if warmed.starts_with("Warmed:") => Lifecycle::Warmed,
        terminating if terminating.starts_with("Terminating") => Lifecycle::Terminating,
        other => {
            return Err(PortError::unreadable(operation, format!("unknown lifecycle state {}", signal::Quoted(other))));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{lifecycle, observed};
    use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LifecycleState};
    use containment::observed::Lifecycle;

    #[test]
    fn every_documented_state_is_folded_and_others_are_errors() {
        for (state, expected) in [
            ("Pending:Wait", Lifecycle::Pending),
            ("InService", Lifecycle::InService),
            ("EnteringStandby", Lifecycle::Standby),
            ("Detaching", Lifecycle::Detaching),
            ("RootVolumeReplaced", Lifecycle::Pending),
            ("ReplacingRootVolume:Wait", Lifecycle::Pending),
            ("Terminating:Wait", Lifecycle::Terminating),
            ("Warmed:Stopped", Lifecycle::Warmed),
        ] {
            assert_eq!(lifecycle("x", state).unwrap(), expected, "{state}");
        }
        assert!(lifecycle("x", "Levitating").is_err());
    }

    #[test]
    fn no_state_that_the_sdk_knows_hides_a_group() {
        for state in LifecycleState::values() {
            assert!(lifecycle("x", state).is_ok(), "{state}");
        }
    }

    #[test]
    fn one_member_that_cannot_be_read_makes_the_group_unreadable() {
        let group = |state: &str| {
            let member = Instance::builder().instance_id("i-00000000000000001").lifecycle_state(state.into());
            AutoScalingGroup::builder()
                .auto_scaling_group_name("web")
                .min_size(1)
                .max_size(3)
                .desired_capacity(2)
                .instances(member.health_status("Healthy").build())
                .build()
        };
        let read = observed(&group("InService")).unwrap();
        assert_eq!((read.min, read.desired, read.max), (1, 2, 3));
        assert!(read.members.iter().all(|member| member.healthy && member.lifecycle == Lifecycle::InService));
        assert!(observed(&group("Levitating")).is_err());
    }
}
