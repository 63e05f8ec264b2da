//! The ports' calls by the names that AWS gives them. The cloud logs them and the faults choose by them.

use ports::{ErrorKind, PortError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    Reads,
    /// Changes something in AWS other than the journal, or tells somebody.
    Mutates,
    /// Writes the journal's table.
    Journals,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    /// `service:Operation`, as in an IAM policy. Where a port's call makes several, the one it is made for.
    pub name: &'static str,
    /// `port.method`, which tells apart the uses of one AWS operation.
    pub port: &'static str,
    pub effect: Effect,
}

impl Operation {
    const fn reads(name: &'static str, port: &'static str) -> Self {
        Self { name, port, effect: Effect::Reads }
    }

    const fn mutates(name: &'static str, port: &'static str) -> Self {
        Self { name, port, effect: Effect::Mutates }
    }

    const fn journals(name: &'static str, port: &'static str) -> Self {
        Self { name, port, effect: Effect::Journals }
    }

    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.port == name
    }

    /// An error as AWS answers it to this operation.
    pub(crate) fn error(&self, kind: ErrorKind, code: &str, message: &str) -> PortError {
        PortError::new(self.name, kind, Some(code), message)
    }
}

pub(crate) const DESCRIBE_ALARMS: Operation = Operation::reads("cloudwatch:DescribeAlarms", "alarms.describe");
pub(crate) const IN_ALARM: Operation = Operation::reads("cloudwatch:DescribeAlarms", "alarms.in_alarm");
pub(crate) const CONTRIBUTORS: Operation =
    Operation::reads("cloudwatch:DescribeAlarmContributors", "alarms.contributors");
pub(crate) const HISTORY: Operation = Operation::reads("cloudwatch:DescribeAlarmHistory", "alarms.history");

pub(crate) const DESCRIBE_INSTANCE: Operation = Operation::reads("ec2:DescribeInstances", "instances.describe");
pub(crate) const PROTECTION: Operation = Operation::reads("ec2:DescribeInstanceAttribute", "instances.protection");
pub(crate) const SET_TERMINATION_PROTECTION: Operation =
    Operation::mutates("ec2:ModifyInstanceAttribute", "instances.set_termination_protection");
pub(crate) const SET_STOP_PROTECTION: Operation =
    Operation::mutates("ec2:ModifyInstanceAttribute", "instances.set_stop_protection");
pub(crate) const KEEP_VOLUMES: Operation = Operation::mutates("ec2:ModifyInstanceAttribute", "instances.keep_volumes");
pub(crate) const STOP: Operation = Operation::mutates("ec2:StopInstances", "instances.stop");
pub(crate) const TAG: Operation = Operation::mutates("ec2:CreateTags", "instances.tag");
pub(crate) const PROFILE_ASSOCIATION: Operation =
    Operation::reads("ec2:DescribeIamInstanceProfileAssociations", "instances.profile_association");
pub(crate) const DISASSOCIATE_PROFILE: Operation =
    Operation::mutates("ec2:DisassociateIamInstanceProfile", "instances.disassociate_profile");

pub(crate) const INTERFACES: Operation = Operation::reads("ec2:DescribeNetworkInterfaces", "network.interfaces");
pub(crate) const QUARANTINE_GROUPS: Operation =
    Operation::reads("ec2:DescribeSecurityGroups", "network.quarantine_groups");
pub(crate) const CREATE_QUARANTINE_GROUP: Operation =
    Operation::mutates("ec2:CreateSecurityGroup", "network.create_quarantine_group");
pub(crate) const EMPTY_QUARANTINE_GROUP: Operation =
    Operation::mutates("ec2:RevokeSecurityGroupIngress", "network.empty_quarantine_group");
pub(crate) const REVOKE_DEFAULT_RULES: Operation =
    Operation::mutates("ec2:RevokeSecurityGroupEgress", "network.revoke_default_rules");
pub(crate) const SET_ONLY_GROUP: Operation =
    Operation::mutates("ec2:ModifyNetworkInterfaceAttribute", "network.set_only_group");

pub(crate) const MEMBERSHIP: Operation =
    Operation::reads("autoscaling:DescribeAutoScalingInstances", "groups.membership");
pub(crate) const DESCRIBE_GROUP: Operation =
    Operation::reads("autoscaling:DescribeAutoScalingGroups", "groups.describe");
pub(crate) const DETACH: Operation = Operation::mutates("autoscaling:DetachInstances", "groups.detach");
pub(crate) const ENTER_STANDBY: Operation = Operation::mutates("autoscaling:EnterStandby", "groups.enter_standby");

pub(crate) const TARGET_GROUPS: Operation =
    Operation::reads("elasticloadbalancing:DescribeTargetGroups", "targets.groups");
pub(crate) const REGISTRATIONS: Operation =
    Operation::reads("elasticloadbalancing:DescribeTargetHealth", "targets.registrations");
pub(crate) const DEREGISTER: Operation =
    Operation::mutates("elasticloadbalancing:DeregisterTargets", "targets.deregister");

pub(crate) const OF_INCIDENT: Operation = Operation::reads("ec2:DescribeSnapshots", "snapshots.of_incident");
pub(crate) const CREATE_SNAPSHOTS: Operation = Operation::mutates("ec2:CreateSnapshots", "snapshots.create");

pub(crate) const REVOKE_CREDENTIALS: Operation = Operation::mutates("lambda:InvokeFunction", "credentials.revoke");
pub(crate) const OF_PROFILE: Operation = Operation::reads("iam:GetInstanceProfile", "roles.of_profile");
pub(crate) const PUT_INLINE_POLICY: Operation = Operation::mutates("iam:PutRolePolicy", "roles.put_inline_policy");
pub(crate) const INLINE_POLICY: Operation = Operation::reads("iam:GetRolePolicy", "roles.inline_policy");

pub(crate) const PUT_EVIDENCE: Operation = Operation::mutates("s3:PutObject", "evidence.put");
pub(crate) const NOTIFY: Operation = Operation::mutates("sns:Publish", "notifier.notify");

pub(crate) const GLANCE: Operation = Operation::reads("dynamodb:BatchGetItem", "journal.glance");
pub(crate) const COMMIT: Operation = Operation::journals("dynamodb:TransactWriteItems", "journal.commit");
pub(crate) const RECORD: Operation = Operation::journals("dynamodb:TransactWriteItems", "journal.record");
pub(crate) const APPEND: Operation = Operation::journals("dynamodb:TransactWriteItems", "journal.append");
pub(crate) const TAKE_LEASE: Operation = Operation::journals("dynamodb:UpdateItem", "journal.take_lease");
pub(crate) const GIVE_LEASE_BACK: Operation = Operation::journals("dynamodb:UpdateItem", "journal.give_lease_back");
pub(crate) const LOAD: Operation = Operation::reads("dynamodb:GetItem", "journal.load");
pub(crate) const EVENTS: Operation = Operation::reads("dynamodb:Query", "journal.events");
pub(crate) const OPEN_INCIDENTS: Operation = Operation::reads("dynamodb:Query", "journal.open_incidents");
