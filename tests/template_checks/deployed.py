"""The stack under test: everything the template can make, deployed into an account of its own in this process."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from moto import mock_aws

from local_account.deploy import template as templates
from local_account.deploy.creation import Clients
from local_account.deploy.stack import Stack, deploy

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
REGION = "us-east-1"
ELSEWHERE = {number: f"arn:aws:sns:{REGION}:{ACCOUNT}:elsewhere-{number}" for number in (1, 2, 3)}
REVOCABLE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/web"
PROFILE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/profile"
VOLUME_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/volumes"
EVIDENCE_ELSEWHERE = {
    "EvidenceBucketName": "evidence-of-another-account",
    "EvidenceKeyArn": f"arn:aws:kms:{REGION}:{OTHER_ACCOUNT}:key/evidence",
}

# Every condition of the template holds, so that every resource is made; but ReachesWholeAccount, which only widens. Evidence
# is kept here, since elsewhere takes resources away.
EVERYTHING = {
    "AlarmStateChangeEvents": "true",
    "ContainReservedConcurrency": "20",
    "EnableDetailedMonitoring": "true",
    "NotificationEmail": "first@example.com",
    "ProfileRoleArns": PROFILE_ROLE,
    "AllowUntracking": "true",
    "EnrollFleet": "on",
    "AuditAccess": "on",
    "RevocableRoleArns": REVOCABLE_ROLE,
    "SecondNotificationEmail": "second@example.com",
    "SecurityHubFindings": "on",
    "VolumeKeyArns": VOLUME_KEY,
    **{f"AlarmTopicArn{number}": arn for number, arn in ELSEWHERE.items()},
}


@dataclass(frozen=True)
class Deployed:
    stack: Stack
    clients: Clients

    def id(self, logical_id: str) -> str:
        return self.stack.resources[logical_id].physical_id

    def arn(self, logical_id: str) -> str:
        return self.stack.resources[logical_id].attributes["Arn"]

    def made(self, kind: str) -> list[str]:
        """Logical ids of all resources of a type."""
        return [name for name, resource in self.stack.resources.items() if resource.type == kind]


Check = Callable[[Deployed], None]
CHECKS: dict[str, Check] = {}


def check(logical_id: str) -> Callable[[Check], Check]:
    """Makes a function the named check of one resource."""

    def register(function: Check) -> Check:
        assert logical_id not in CHECKS, f"{logical_id} has two checks"
        CHECKS[logical_id] = function
        return function

    return register


@cache
def _translated() -> dict[str, Any]:
    return templates.translate(templates.load(str(TEMPLATE)), EVERYTHING, REGION)


def plain_template() -> dict[str, Any]:
    """template.yaml as plain CloudFormation: the functions' own resources are in it by name."""
    return copy.deepcopy(_translated())


@contextmanager
def deployed_stack(
    template: dict[str, Any], binary: Path, parameters: Mapping[str, Any] = EVERYTHING
) -> Iterator[Deployed]:
    """`template` in a fresh account, with `binary` as the code of each of its functions."""
    functions = [name for name, resource in template["Resources"].items() if resource["Type"] == "AWS::Lambda::Function"]
    with mock_aws():
        clients = Clients(None, REGION)
        for arn in ELSEWHERE.values():
            clients["sns"].create_topic(Name=arn.rsplit(":", 1)[1])
        stack = deploy(template, parameters, dict.fromkeys(functions, binary), clients)
        yield Deployed(stack, clients)
