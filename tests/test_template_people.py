"""What the policies for people let them do and what not, judged by evaluating those that were deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.template_checks import Deployed, deployed_stack, plain_template
from tests.template_checks.deployed import ACCOUNT, OTHER_ACCOUNT, REGION
from tests.template_checks.people import INVOKE, document, may

PEOPLE = ("ViewerPolicy", "OperatorPolicy", "ApproverPolicy")
CONTAIN, RECONCILE, RELEASE, REVOKE = (
    f"{name}Function" for name in ("ContainInstance", "ReconcileIncidents", "ReleaseInstance", "RevokeCredentials")
)
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/cordon/local"
TOPICS = ("AlarmTopic", "NotificationTopic")
KEYS = ("MessageKey", "JournalKey", "EvidenceKey", "SigningKey", "LogKey")
INSTANCE = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/x"
FLEET = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/web"
VIA_DYNAMODB = {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}
VIA_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
OURS = {"aws:ResourceAccount": ACCOUNT}
Row = tuple[str, str, dict[str, Any]]

# An action, a resource, what the request says. A resource is an ARN, or a logical id and what follows its ARN.
READS: list[Row] = [
    ("dynamodb:GetItem", "JournalTable", {}),
    ("dynamodb:Query", "JournalTable", {}),
    ("dynamodb:Query", "JournalTable/index/listed-incidents", {}),
    ("dynamodb:Query", "JournalTable/index/open-incidents", {}),
    ("kms:Decrypt", "JournalKey", VIA_DYNAMODB),
    ("s3:GetObject", "EvidenceBucket/evidence/inc-1/x", OURS),
    ("s3:GetObjectVersion", "EvidenceBucket/evidence/inc-1/x", OURS),
    ("s3:ListBucketVersions", "EvidenceBucket", OURS),
    ("kms:Decrypt", "EvidenceKey", VIA_S3),
    ("kms:GetPublicKey", "SigningKey", {}),
    *[
        (f"lambda:{verb}", function, {})
        for verb in ("GetFunctionConfiguration", "GetFunctionConcurrency", "GetPolicy")
        for function in (CONTAIN, RECONCILE, RELEASE, REVOKE)
    ],
    ("autoscaling:DescribeAutoScalingGroups", "*", {}),
    ("cloudwatch:DescribeAlarms", "*", {}),
    ("cloudwatch:GetMetricData", "*", {}),
    ("ec2:DescribeInstances", "*", {}),
    ("dynamodb:BatchGetItem", "JournalTable", {}),
    ("cloudformation:ListStackResources", STACK, {}),
    *[(f"sns:{verb}", topic, {}) for verb in ("GetTopicAttributes", "ListSubscriptionsByTopic") for topic in TOPICS],
    *[("sqs:GetQueueAttributes", queue, {}) for queue in ("SignalDeadLetterQueue", "InvocationFailureQueue")],
    *[(f"kms:{verb}", key, {}) for verb in ("DescribeKey", "GetKeyRotationStatus") for key in KEYS],
    *[(f"dynamodb:{verb}", "JournalTable", {}) for verb in ("DescribeContinuousBackups", "DescribeTable")],
    ("s3:GetBucketObjectLockConfiguration", "EvidenceBucket", OURS),
    ("s3:GetBucketPublicAccessBlock", "EvidenceBucket", OURS),
    ("s3:GetBucketVersioning", "EvidenceBucket", OURS),
    ("s3:GetEncryptionConfiguration", "EvidenceBucket", OURS),
    *[
        (f"events:{verb}", rule, {})
        for verb in ("DescribeRule", "ListTargetsByRule")
        for rule in ("ReconcileIncidentsSchedule", "LookAgainSchedule")
    ],
]
# A key by itself, outside the services that a viewer reads through; what is not Cordon's record.
READS_OF_NOBODY: list[Row] = [
    ("kms:Decrypt", "JournalKey", {}),
    ("kms:Decrypt", "JournalKey", VIA_S3),
    ("kms:Decrypt", "EvidenceKey", {}),
    ("kms:Decrypt", "EvidenceKey", VIA_DYNAMODB),
    ("kms:Decrypt", "MessageKey", VIA_DYNAMODB),
    ("s3:GetObject", "EvidenceBucket/elsewhere", OURS),
    ("s3:GetObject", "EvidenceBucket/evidence/inc-1/x", {"aws:ResourceAccount": OTHER_ACCOUNT}),
    ("s3:GetObject", "arn:aws:s3:::another/evidence/x", OURS),
    ("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/another", {}),
    ("lambda:GetFunction", CONTAIN, {}),
    ("lambda:GetFunctionConfiguration", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:another", {}),
    ("sqs:ReceiveMessage", "SignalDeadLetterQueue", {}),
    ("sns:GetTopicAttributes", f"arn:aws:sns:{REGION}:{ACCOUNT}:another", {}),
    ("s3:GetBucketVersioning", "arn:aws:s3:::another", OURS),
    ("s3:GetBucketVersioning", "EvidenceBucket", {"aws:ResourceAccount": OTHER_ACCOUNT}),
]
WRITES: list[Row] = [
    *[(f"dynamodb:{verb}", "JournalTable", {}) for verb in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")],
    *[(f"dynamodb:{verb}", "JournalTable", {}) for verb in ("PartiQLInsert", "UpdateTable", "DeleteTable")],
    ("dynamodb:PutItem", "JournalTable", {"dynamodb:LeadingKeys": ["authority#i-1"]}),
    ("dynamodb:DeleteItem", "JournalTable", {"dynamodb:LeadingKeys": ["freeze"]}),
    *[(f"s3:{verb}", "EvidenceBucket/evidence/inc-1/x", OURS) for verb in ("PutObject", "DeleteObject")],
    *[(f"s3:{verb}", "EvidenceBucket/evidence/inc-1/x", OURS) for verb in ("DeleteObjectVersion", "PutObjectRetention")],
    ("s3:BypassGovernanceRetention", "EvidenceBucket/evidence/inc-1/x", OURS),
    ("kms:Sign", "SigningKey", {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"}),
    ("kms:GenerateDataKey", "EvidenceKey", VIA_S3),
    ("kms:ScheduleKeyDeletion", "JournalKey", {}),
    ("ec2:StopInstances", INSTANCE, {}),
    ("ec2:StartInstances", INSTANCE, {"aws:ResourceTag/cordon:incident": "inc-1"}),
    ("ec2:CreateTags", INSTANCE, {"aws:RequestTag/cordon:incident": "inc-1", "aws:TagKeys": ["cordon:incident"]}),
    ("autoscaling:DetachInstances", FLEET, {"aws:ResourceTag/cordon:mode": "enforce"}),
    ("cloudwatch:SetAlarmState", "*", {}),
    ("sns:Publish", "arn:aws:sns:us-east-1:123456789012:x", {}),
    ("iam:PassRole", "ContainInstanceRole", {"iam:PassedToService": "lambda.amazonaws.com"}),
    ("sts:AssumeRole", "ContainInstanceRole", {}),
    *[(f"lambda:{verb}", CONTAIN, {}) for verb in ("UpdateFunctionCode", "UpdateFunctionConfiguration", "AddPermission")],
    *[(f"lambda:{verb}", RELEASE, {}) for verb in ("UpdateFunctionCode", "InvokeFunctionUrl", "DeleteFunction")],
]
ASKED = [CONTAIN, RECONCILE, RELEASE, REVOKE, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:another"]
MAY_ASK = {"ViewerPolicy": [], "OperatorPolicy": [CONTAIN, RELEASE], "ApproverPolicy": [CONTAIN]}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    binary = tmp_path_factory.mktemp("code") / "bootstrap"
    binary.write_bytes(b"#!/bin/sh\n")
    with deployed_stack(plain_template(), binary) as deployed:
        yield deployed


def arn(deployed: Deployed, resource: str) -> str:
    if resource == "*" or resource.startswith("arn:"):
        return resource
    if resource in TOPICS:
        # A topic's id is its ARN.
        return deployed.id(resource)
    logical_id, slash, rest = resource.partition("/")
    return deployed.arn(logical_id) + slash + rest


@pytest.mark.parametrize(("action", "resource", "context"), READS)
def test_only_a_viewer_reads(deployed: Deployed, action: str, resource: str, context: dict[str, Any]) -> None:
    readers = [policy for policy in PEOPLE if may(deployed, policy, action, arn(deployed, resource), context)]

    assert readers == ["ViewerPolicy"]


@pytest.mark.parametrize("policy", PEOPLE)
@pytest.mark.parametrize(("action", "resource", "context"), [*READS_OF_NOBODY, *WRITES])
def test_nobody_reads_beyond_the_record_or_changes_anything_past_the_functions(
    deployed: Deployed, policy: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not may(deployed, policy, action, arn(deployed, resource), context)


@pytest.mark.parametrize("policy", PEOPLE)
def test_people_ask_the_functions_that_they_are_there_for_and_no_other(deployed: Deployed, policy: str) -> None:
    assert [name for name in ASKED if may(deployed, policy, INVOKE, arn(deployed, name))] == MAY_ASK[policy]
    assert not may(deployed, policy, INVOKE, "*")


@pytest.mark.parametrize("policy", PEOPLE)
def test_every_action_allowed_is_named_and_has_a_row_in_these_tables(deployed: Deployed, policy: str) -> None:
    named = set()
    for statement in document(deployed, policy)["Statement"]:
        assert statement["Effect"] == "Allow"
        named |= {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])

    assert named == ({action for action, _, _ in READS} if policy == "ViewerPolicy" else {INVOKE})


@pytest.mark.parametrize("policy", PEOPLE)
def test_a_policy_fits_into_a_managed_policy(deployed: Deployed, policy: str) -> None:
    """A managed policy may have 6,144 characters, white space not counted."""
    assert len(json.dumps(document(deployed, policy), separators=(",", ":"))) <= 6_144
