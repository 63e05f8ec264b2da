//! What enrolment may call.

/// All that enroll-fleet's role may allow: `tests/test_template_declared.py` compares.
pub const ENROL_ACTIONS: &[&str] = &[
    "autoscaling:DescribeAutoScalingGroups",
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DeleteAnomalyDetector",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DescribeAnomalyDetectors",
    "cloudwatch:DisableAlarmActions",
    "cloudwatch:EnableAlarmActions",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:PutAnomalyDetector",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:TagResource",
    "dynamodb:BatchGetItem",
    "dynamodb:UpdateItem",
    "ec2:CreateSecurityGroup",
    "ec2:CreateTags",
    "ec2:DescribeInstances",
    "ec2:DescribeSecurityGroups",
    "ec2:MonitorInstances",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
];
