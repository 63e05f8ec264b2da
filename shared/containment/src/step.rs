//! The steps of a containment: what each needs, what undoes it, which AWS actions it calls.

use serde::{Deserialize, Serialize};
use std::fmt;

/// In the order in which a person reads them. A step is done when AWS shows its effect, not when a call returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Step {
    QuarantineNetwork,
    /// Only where a person asked for it, by the run that committed it, and at most once.
    UntrackConnections,
    DetachFromGroup,
    ProtectEvidence,
    DeregisterTargets,
    SnapshotVolumes,
    CaptureMetadata,
    RevokeCredentials,
    StopInstance,
    TagInstance,
    Notify,
}

/// When a step may start. Waves only order steps; what a step really depends on is its [`Need`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wave {
    /// At once after the commit: cut the instance off.
    Cut,
    /// Secure what is there, before the power state changes.
    Secure,
    Stop,
    Finish,
}

/// A fact without which a step would do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Seen Detaching, detached or in Standby: a group terminates a member that stops, and the evidence with it.
    OutOfGroup,
    /// Every interface seen in its quarantine group: what never got there has no way back to it.
    Quarantined,
}

/// What an operator's release does about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    RestoreSecurityGroups,
    AttachToGroup,
    RestoreProtection,
    RegisterTargets,
    /// Snapshots, metadata and notices stay: they are the record. Cut connections are the other ends' to make anew.
    Keep,
    RestoreCredentials,
    StartInstance,
    RemoveTags,
}

impl Step {
    pub const ALL: [Self; 11] = [
        Self::QuarantineNetwork,
        Self::UntrackConnections,
        Self::DetachFromGroup,
        Self::ProtectEvidence,
        Self::DeregisterTargets,
        Self::SnapshotVolumes,
        Self::CaptureMetadata,
        Self::RevokeCredentials,
        Self::StopInstance,
        Self::TagInstance,
        Self::Notify,
    ];

    pub fn wave(self) -> Wave {
        match self {
            Self::QuarantineNetwork | Self::UntrackConnections | Self::DetachFromGroup => Wave::Cut,
            Self::ProtectEvidence
            | Self::DeregisterTargets
            | Self::SnapshotVolumes
            | Self::CaptureMetadata
            | Self::RevokeCredentials => Wave::Secure,
            Self::StopInstance => Wave::Stop,
            Self::TagInstance | Self::Notify => Wave::Finish,
        }
    }

    pub fn needs(self) -> &'static [Need] {
        match self {
            Self::StopInstance => &[Need::OutOfGroup],
            Self::UntrackConnections => &[Need::Quarantined],
            Self::QuarantineNetwork
            | Self::DetachFromGroup
            | Self::ProtectEvidence
            | Self::DeregisterTargets
            | Self::SnapshotVolumes
            | Self::CaptureMetadata
            | Self::RevokeCredentials
            | Self::TagInstance
            | Self::Notify => &[],
        }
    }

    pub fn undo(self) -> Undo {
        match self {
            Self::QuarantineNetwork => Undo::RestoreSecurityGroups,
            Self::DetachFromGroup => Undo::AttachToGroup,
            Self::ProtectEvidence => Undo::RestoreProtection,
            Self::DeregisterTargets => Undo::RegisterTargets,
            Self::UntrackConnections | Self::SnapshotVolumes | Self::CaptureMetadata | Self::Notify => Undo::Keep,
            Self::RevokeCredentials => Undo::RestoreCredentials,
            Self::StopInstance => Undo::StartInstance,
            Self::TagInstance => Undo::RemoveTags,
        }
    }

    /// IAM actions that taking the step needs, in contain-instance and in reconcile-incidents alike, but for
    /// [`UNTRACK_ACTIONS`]. With those below they are all that a role may allow: `tests/test_template_declared.py` compares.
    pub fn iam_actions(self) -> &'static [&'static str] {
        match self {
            Self::QuarantineNetwork => &[
                "ec2:CreateSecurityGroup",
                "ec2:CreateTags",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:ModifyNetworkInterfaceAttribute",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
            ],
            Self::UntrackConnections => UNTRACK_ACTIONS,
            Self::DetachFromGroup => {
                &["autoscaling:DescribeAutoScalingInstances", "autoscaling:DetachInstances", "autoscaling:EnterStandby"]
            }
            Self::ProtectEvidence => &["ec2:ModifyInstanceAttribute"],
            Self::DeregisterTargets => &[
                "elasticloadbalancing:DeregisterTargets",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            Self::SnapshotVolumes => &["ec2:CreateSnapshots", "ec2:CreateTags", "ec2:LockSnapshot"],
            Self::CaptureMetadata => &[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
                "cloudtrail:LookupEvents",
                "cloudwatch:DescribeAlarmHistory",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "ec2:DescribeInstanceAttribute",
                "ec2:DescribeInstances",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeVolumes",
                "ec2:GetConsoleOutput",
                "ec2:GetConsoleScreenshot",
                "iam:GetInstanceProfile",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "kms:Sign",
                "s3:PutObject",
            ],
            Self::RevokeCredentials => &[
                "ec2:DescribeIamInstanceProfileAssociations",
                "ec2:DisassociateIamInstanceProfile",
                "lambda:InvokeFunction",
            ],
            Self::StopInstance => &["ec2:ModifyInstanceAttribute", "ec2:StopInstances"],
            Self::TagInstance => &["ec2:CreateTags"],
            Self::Notify => &["securityhub:BatchImportFindings", "sns:Publish"],
        }
    }
}

/// UntrackConnections' own, which contain-instance alone needs: whoever resumes moves interfaces into quarantine, no more.
pub const UNTRACK_ACTIONS: &[&str] = &[
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateSecurityGroup",
    "ec2:CreateTags",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:ModifyNetworkInterfaceAttribute",
];

/// What contain-instance needs beside the steps' own: to verify, decide, commit and journal.
pub const CONTAIN_ACTIONS: &[&str] = &[
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeInstanceRefreshes",
    "cloudwatch:DescribeAlarmContributors",
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DescribeAnomalyDetectors",
    "cloudwatch:GetMetricData",
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "elasticloadbalancing:DescribeTargetGroups",
    "sns:Publish",
];

/// What reconcile-incidents needs beside the steps' own: to find open incidents, see what AWS shows of each, and journal.
pub const RECONCILE_ACTIONS: &[&str] = &[
    "autoscaling:DescribeAutoScalingInstances",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeInstances",
    "ec2:DescribeLockedSnapshots",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSnapshots",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "sns:Publish",
];

/// What release-instance may do: to see what AWS shows, undo each step, and journal. What may be undone is what the steps
/// did; [`Step::undo`] says how.
pub const RELEASE_ACTIONS: &[&str] = &[
    "autoscaling:AttachInstances",
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:ExitStandby",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "ec2:AssociateIamInstanceProfile",
    "ec2:DeleteTags",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSnapshots",
    "ec2:ModifyInstanceAttribute",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:StartInstances",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:RegisterTargets",
    "kms:Sign",
    "lambda:InvokeFunction",
    "s3:PutObject",
    "securityhub:BatchImportFindings",
    "sns:Publish",
];

/// What measure-fleet may do: to read what each opted-in group sends, and publish the fleet metric.
pub const MEASURE_ACTIONS: &[&str] =
    &["autoscaling:DescribeAutoScalingGroups", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData"];

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
