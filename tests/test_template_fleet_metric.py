"""What measure-fleet's role may do: read what the fleets send, and publish in one namespace. Nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_account.iam_policy import Decision, evaluate
from tests.template_checks import Deployed, deployed_stack, plain_template
from tests.template_checks.deployed import ACCOUNT, REGION
from tests.template_checks.functions import BINARIES

ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:cordon/web/fleet/FleetLogRatio"
INSTANCE = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/x"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    binary = tmp_path_factory.mktemp("code") / "bootstrap"
    binary.write_bytes(b"#!/bin/sh\n")
    with deployed_stack(plain_template(), binary) as deployed:
        yield deployed


def may(deployed: Deployed, function: str, action: str, resource: str = "*", context: dict[str, Any] | None = None) -> bool:
    iam, role = deployed.clients["iam"], deployed.id(f"{function}Role")
    document = iam.get_role_policy(RoleName=role, PolicyName=BINARIES[function])["PolicyDocument"]
    return evaluate([document], action, resource, context or {}) is Decision.ALLOWED


def test_measure_fleet_publishes_in_cordons_namespace_and_no_other_function_publishes(deployed: Deployed) -> None:
    for namespace, publishers in (("Cordon", ["MeasureFleet"]), ("AWS/EC2", []), ("Mine", [])):
        context = {"cloudwatch:namespace": namespace}
        found = [name for name in BINARIES if may(deployed, name, "cloudwatch:PutMetricData", "*", context)]
        assert found == publishers, namespace
    assert not may(deployed, "MeasureFleet", "cloudwatch:PutMetricData")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cloudwatch:PutMetricAlarm", ALARM),
        ("cloudwatch:DeleteAlarms", ALARM),
        ("cloudwatch:DisableAlarmActions", ALARM),
        ("cloudwatch:SetAlarmState", ALARM),
        ("autoscaling:CreateOrUpdateTags", "*"),
        ("autoscaling:DetachInstances", "*"),
        ("ec2:ModifyNetworkInterfaceAttribute", INSTANCE),
        ("ec2:StopInstances", INSTANCE),
        ("dynamodb:GetItem", "*"),
        ("dynamodb:UpdateItem", "*"),
        ("sns:Publish", "*"),
        ("iam:PassRole", "*"),
    ],
)
def test_measure_fleet_changes_nothing(deployed: Deployed, action: str, resource: str) -> None:
    assert not may(deployed, "MeasureFleet", action, resource)
