//! What AWS answered, in the shapes that decisions need. Filled by the adapters, never by a signal.

use crate::figure::Figure;
use crate::ids::{GroupName, InterfaceId, SecurityGroupId, SnapshotId, TargetGroupArn, VolumeId, VpcId};
use serde::{Deserialize, Serialize};
use signal::{AccountId, AlarmArn, AlarmState, InstanceId};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// One alarm as DescribeAlarms returned it.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedAlarm {
    pub arn: AlarmArn,
    pub definition: AlarmDefinition,
    pub state: AlarmState,
    /// `StateTransitionedTimestamp`: when the state's value last changed, by AWS's clock.
    pub transitioned_at: OffsetDateTime,
    /// Whether `StateReasonData` carries an evaluation (`queryDate`). SetAlarmState leaves none unless its caller
    /// writes one, so its absence marks a state set by hand; its presence proves nothing.
    pub evaluated: bool,
    pub actions_enabled: bool,
    /// ARNs in `AlarmActions`.
    pub actions: Vec<String>,
    /// What the last evaluation compared, where `StateReasonData` says it.
    pub figure: Option<Figure>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum AlarmDefinition {
    /// A single metric, an anomaly band or metric math: every metric it reads.
    Metric {
        metrics: Vec<ObservedMetric>,
    },
    /// A Metrics Insights or PromQL query that alarms per contributor.
    MultiSeries {
        query: String,
        account: Option<AccountId>,
    },
    Composite {
        rule: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedMetric {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
    /// The account whose metric it is, where it isn't the alarm's own.
    pub account: Option<AccountId>,
}

/// One series of a multi-series alarm that is in ALARM now (DescribeAlarmContributors).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contributor {
    pub attributes: BTreeMap<String, String>,
    pub transitioned_at: Option<OffsetDateTime>,
}

/// One state change in an alarm's history (DescribeAlarmHistory, type StateUpdate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    pub at: OffsetDateTime,
    pub to: AlarmState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerState {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedVolume {
    pub id: VolumeId,
    pub device: String,
    pub delete_on_termination: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedInstance {
    pub id: InstanceId,
    pub state: PowerState,
    pub vpc: Option<VpcId>,
    pub root_is_instance_store: bool,
    /// An instance of a one-time Spot request cannot be stopped. Whether the request is persistent is not read.
    pub spot: bool,
    pub hibernation_configured: bool,
    /// `LaunchTime`: of the last start, not of the first.
    pub launched_at: Option<OffsetDateTime>,
    /// Managed by a service provider on the owner's behalf (`Operator.Managed`): the owner may not change it.
    pub operator_managed: bool,
    pub profile_arn: Option<String>,
    pub public_ipv4: Option<String>,
    pub volumes: Vec<ObservedVolume>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// `disableApiTermination`
    pub termination: bool,
    /// `disableApiStop`
    pub stop: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedInterface {
    pub id: InterfaceId,
    pub vpc: VpcId,
    pub subnet: String,
    pub device_index: i32,
    pub groups: Vec<SecurityGroupId>,
    /// Requester- or operator-managed: its groups are not ours to change.
    pub managed_by: Option<String>,
}

/// A security group that carries the quarantine group's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedSecurityGroup {
    pub id: SecurityGroupId,
    pub vpc: VpcId,
    /// Whether it carries Cordon's quarantine tag, without which Cordon's role may not use it.
    pub tagged: bool,
    pub ingress_rules: usize,
    pub egress_rules: usize,
}

impl ObservedSecurityGroup {
    pub fn is_empty(&self) -> bool {
        self.ingress_rules == 0 && self.egress_rules == 0
    }
}

/// A rule that admits everything of one family in one direction. A flow that all four admit is not tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenRule {
    IngressIpv4,
    IngressIpv6,
    EgressIpv4,
    EgressIpv6,
}

impl OpenRule {
    pub const ALL: [Self; 4] = [Self::IngressIpv4, Self::IngressIpv6, Self::EgressIpv4, Self::EgressIpv6];
}

/// A security group that carries the allow-all group's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedAllowAllGroup {
    pub id: SecurityGroupId,
    pub vpc: VpcId,
    /// Whether it carries Cordon's allow-all tag, without which Cordon's role may not use it.
    pub tagged: bool,
    pub open: BTreeSet<OpenRule>,
    /// Whether it has rules beside those.
    pub has_others: bool,
}

/// `LifecycleState` of an instance in an Auto Scaling group, folded to what containment distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    Pending,
    InService,
    /// EnteringStandby and Standby.
    Standby,
    Detaching,
    Detached,
    Terminating,
    /// Any state of a warm pool.
    Warmed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub group: GroupName,
    pub lifecycle: Lifecycle,
    pub healthy: bool,
    pub protected_from_scale_in: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    pub instance: InstanceId,
    pub lifecycle: Lifecycle,
    pub healthy: bool,
    pub protected_from_scale_in: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedGroup {
    pub name: GroupName,
    pub desired: u32,
    pub min: u32,
    pub max: u32,
    pub members: Vec<GroupMember>,
    pub target_groups: Vec<TargetGroupArn>,
    pub tags: BTreeMap<String, String>,
}

impl ObservedGroup {
    pub fn member(&self, instance: &InstanceId) -> Option<&GroupMember> {
        self.members.iter().find(|member| member.instance == *instance)
    }

    pub fn in_service(&self) -> impl Iterator<Item = &GroupMember> {
        self.members.iter().filter(|member| member.lifecycle == Lifecycle::InService)
    }

    pub fn membership(&self, instance: &InstanceId) -> Option<Membership> {
        self.member(instance).map(|member| Membership {
            group: self.name.clone(),
            lifecycle: member.lifecycle,
            healthy: member.healthy,
            protected_from_scale_in: member.protected_from_scale_in,
        })
    }
}

/// Instances that some alarm of ours nominates right now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarming {
    pub instances: BTreeSet<InstanceId>,
    /// False where there were more alarms than the reader was willing to page through.
    pub complete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotState {
    Pending,
    Completed,
    Error,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedSnapshot {
    pub id: SnapshotId,
    pub volume: VolumeId,
    pub state: SnapshotState,
}

/// A registration of the instance in a target group that its Auto Scaling group doesn't own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub group: TargetGroupArn,
    /// Instance id or IP address, as registered.
    pub id: String,
    pub port: Option<i32>,
    pub draining: bool,
}
