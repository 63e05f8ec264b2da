"""What enroll-fleet's role may do and may not: alarms of its names, quarantine groups, its own item; no instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local_account.iam_policy import Decision, evaluate
from tests.template_checks import Deployed, deployed_stack, plain_template
from tests.template_checks.deployed import ACCOUNT, REGION
from tests.template_checks.people import INVOKE

EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
INSTANCE, INTERFACE, GROUP, VPC = (f"{EC2}{kind}/x" for kind in ("instance", "network-interface", "security-group", "vpc"))
OURS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:cordon/web/i-0123456789abcdef0/NetworkOut"
OTHERS = [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}" for name in ("billing", "Cordon/x", "x/cordon/y", "cordon-SignalDeadLetters")]
QUARANTINE = {"aws:ResourceTag/cordon:quarantine": "true"}
NEW_QUARANTINE = {"aws:RequestTag/cordon:quarantine": "true", "aws:TagKeys": ["cordon:quarantine"]}
MEMBER = {"aws:ResourceTag/aws:autoscaling:groupName": "web"}
WRITES = ("PutMetricAlarm", "DeleteAlarms", "EnableAlarmActions", "DisableAlarmActions")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    binary = tmp_path_factory.mktemp("code") / "bootstrap"
    binary.write_bytes(b"#!/bin/sh\n")
    with deployed_stack(plain_template(), binary) as deployed:
        yield deployed


def may(deployed: Deployed, action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    role = deployed.id("EnrollFleetRole")
    document = deployed.clients["iam"].get_role_policy(RoleName=role, PolicyName="enroll-fleet")["PolicyDocument"]
    return evaluate([document], action, resource, context or {}) is Decision.ALLOWED


@pytest.mark.parametrize("action", WRITES)
def test_only_alarms_named_by_enrolment_are_written(deployed: Deployed, action: str) -> None:
    assert may(deployed, f"cloudwatch:{action}", OURS)
    assert [other for other in OTHERS if may(deployed, f"cloudwatch:{action}", other)] == []


def test_an_alarm_is_tagged_as_this_deployments_and_in_no_other_way(deployed: Deployed) -> None:
    tagged = {"aws:RequestTag/cordon:enrolled": deployed.id("AlarmTopic"), "aws:TagKeys": ["cordon:enrolled"]}
    assert may(deployed, "cloudwatch:TagResource", OURS, tagged)
    for wrong in (
        {},
        {**tagged, "aws:RequestTag/cordon:enrolled": "another"},
        {**tagged, "aws:TagKeys": ["cordon:enrolled", "Owner"]},
    ):
        assert not may(deployed, "cloudwatch:TagResource", OURS, wrong)
    assert not may(deployed, "cloudwatch:UntagResource", OURS)
    assert not may(deployed, "cloudwatch:SetAlarmState", OURS)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:ModifyNetworkInterfaceAttribute", INTERFACE, {}),
        ("ec2:ModifyNetworkInterfaceAttribute", GROUP, QUARANTINE),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {}),
        ("ec2:StopInstances", INSTANCE, MEMBER),
        ("ec2:TerminateInstances", INSTANCE, MEMBER),
        ("ec2:CreateTags", INSTANCE, MEMBER),
        ("ec2:UnmonitorInstances", INSTANCE, MEMBER),
        ("ec2:AuthorizeSecurityGroupIngress", GROUP, QUARANTINE),
        ("ec2:AuthorizeSecurityGroupEgress", GROUP, QUARANTINE),
        ("ec2:DeleteSecurityGroup", GROUP, QUARANTINE),
        ("autoscaling:DetachInstances", "*", {}),
        ("autoscaling:CreateOrUpdateTags", "*", {}),
        ("cloudwatch:PutMetricData", "*", {}),
        ("sns:Publish", "*", {}),
        ("iam:PassRole", "*", {}),
        ("s3:PutObject", "*", {}),
    ],
)
def test_enroll_fleet_cannot_touch_an_instance_or_its_network(
    deployed: Deployed, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not may(deployed, action, resource, context)


def test_quarantine_groups_are_made_and_emptied_and_no_other_group_is(deployed: Deployed) -> None:
    made = {**NEW_QUARANTINE, "ec2:CreateAction": "CreateSecurityGroup"}
    assert may(deployed, "ec2:CreateSecurityGroup", VPC)
    assert may(deployed, "ec2:CreateSecurityGroup", GROUP, NEW_QUARANTINE)
    assert may(deployed, "ec2:CreateTags", GROUP, made)
    assert may(deployed, "ec2:RevokeSecurityGroupEgress", GROUP, QUARANTINE)
    assert not may(deployed, "ec2:CreateSecurityGroup", GROUP)
    assert not may(deployed, "ec2:CreateTags", GROUP, NEW_QUARANTINE)
    assert not may(deployed, "ec2:RevokeSecurityGroupEgress", GROUP)


def test_detailed_monitoring_is_turned_on_for_members_of_groups_alone(deployed: Deployed) -> None:
    assert may(deployed, "ec2:MonitorInstances", INSTANCE, MEMBER)
    assert not may(deployed, "ec2:MonitorInstances", INSTANCE)


def test_of_the_table_it_writes_its_own_item_and_reads_holds(deployed: Deployed) -> None:
    table = deployed.arn("JournalTable")

    def touches(action: str, key: str | None) -> bool:
        return may(deployed, f"dynamodb:{action}", table, {"dynamodb:LeadingKeys": [key]} if key else {})

    assert touches("UpdateItem", "enrolment") and touches("BatchGetItem", "instance#i-1")
    for key in ("incident#1", "instance#i-1", "freeze", "breaker#account", "authority#i-1", "nonce#1", None):
        assert not touches("UpdateItem", key)
    for key in ("incident#1", "freeze", "authority#i-1", None):
        assert not touches("BatchGetItem", key)
    for action in ("PutItem", "DeleteItem", "Query", "Scan", "GetItem"):
        assert not touches(action, "enrolment")


def test_enroll_fleet_invokes_nothing(deployed: Deployed) -> None:
    assert [name for name in deployed.made("AWS::Lambda::Function") if may(deployed, INVOKE, deployed.arn(name))] == []
