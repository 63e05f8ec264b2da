"""What the deployed roles may do and may not, judged by evaluating the policies that were deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_account.deploy.policies import POLICIES, differences, files
from local_account.iam_policy import Decision, evaluate
from tests.template_checks import Deployed, deployed_stack, plain_template
from tests.template_checks.deployed import ACCOUNT, PROFILE_ROLE, REGION, REVOCABLE_ROLE, VOLUME_KEY
from tests.template_checks.functions import BINARIES
from tests.template_checks.people import INVOKE

EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
INSTANCE, INTERFACE, GROUP, VPC = (f"{EC2}{kind}/x" for kind in ("instance", "network-interface", "security-group", "vpc"))
SNAPSHOT = f"arn:aws:ec2:{REGION}::snapshot/*"
FLEET = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/web"
QUARANTINE = {"aws:ResourceTag/cordon:quarantine": "true"}
NEW_QUARANTINE = {"aws:RequestTag/cordon:quarantine": "true", "aws:TagKeys": ["cordon:quarantine"]}
ALLOW_ALL = {"aws:ResourceTag/cordon:allow-all": "true"}
NEW_ALLOW_ALL = {"aws:RequestTag/cordon:allow-all": "true", "aws:TagKeys": ["cordon:allow-all"]}
AS_IT_IS_MADE = {"ec2:CreateAction": "CreateSecurityGroup"}
OF_INCIDENT = {"aws:RequestTag/cordon:incident": "inc-1", "aws:TagKeys": ["cordon:incident"]}
CONTAINERS = ("contain-instance", "reconcile-incidents")
RELEASER = "release-instance"
# They ask no function.
WATCHERS = ("enroll-fleet", "measure-fleet", "audit-access")
ALL = (*CONTAINERS, RELEASER, "revoke-credentials", *WATCHERS)
INCIDENT = {"aws:ResourceTag/cordon:incident": "inc-1"}
OPTED_IN = {"aws:ResourceTag/cordon:mode": "enforce"}
OURS = {"aws:ResourceAccount": ACCOUNT}
VIA_EC2 = {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}
TARGETS = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/1"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    binary = tmp_path_factory.mktemp("code") / "bootstrap"
    binary.write_bytes(b"#!/bin/sh\n")
    with deployed_stack(plain_template(), binary) as deployed:
        yield deployed


def policy(deployed: Deployed, function: str) -> dict[str, Any]:
    logical_id = "".join(word.capitalize() for word in function.split("-")) + "Role"
    iam, role = deployed.clients["iam"], deployed.id(logical_id)
    return iam.get_role_policy(RoleName=role, PolicyName=function)["PolicyDocument"]


def may(deployed: Deployed, function: str, action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    return evaluate([policy(deployed, function)], action, resource, context or {}) is Decision.ALLOWED


def test_the_policies_on_file_are_those_of_the_template() -> None:
    assert differences(POLICIES, files()) == []


@pytest.mark.parametrize("function", CONTAINERS)
@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:ModifyNetworkInterfaceAttribute", INTERFACE, {}),
        ("ec2:ModifyNetworkInterfaceAttribute", GROUP, QUARANTINE),
        ("ec2:RevokeSecurityGroupEgress", GROUP, QUARANTINE),
        ("ec2:RevokeSecurityGroupIngress", GROUP, QUARANTINE),
        ("ec2:CreateSecurityGroup", VPC, {}),
        ("ec2:CreateSecurityGroup", GROUP, NEW_QUARANTINE),
        ("ec2:CreateTags", GROUP, {**NEW_QUARANTINE, "ec2:CreateAction": "CreateSecurityGroup"}),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {"ec2:Attribute": "DisableApiTermination"}),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {"ec2:Attribute": "disableApiStop"}),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {"ec2:Attribute": "BlockDeviceMapping"}),
        ("ec2:CreateSnapshots", INSTANCE, {}),
        ("ec2:CreateSnapshots", f"{EC2}volume/x", {}),
        ("ec2:CreateSnapshots", SNAPSHOT, OF_INCIDENT),
        ("ec2:CreateTags", SNAPSHOT, {**OF_INCIDENT, "ec2:CreateAction": "CreateSnapshots"}),
        ("ec2:LockSnapshot", SNAPSHOT, {**INCIDENT, "ec2:SnapshotLockDuration": "90"}),
        ("ec2:CreateTags", INSTANCE, OF_INCIDENT),
        ("ec2:StopInstances", INSTANCE, {}),
        ("ec2:DisassociateIamInstanceProfile", INSTANCE, {}),
        ("autoscaling:DetachInstances", FLEET, {"aws:ResourceTag/cordon:mode": "enforce"}),
        ("autoscaling:EnterStandby", FLEET, {"aws:ResourceTag/cordon:mode": "observe"}),
    ],
)
def test_a_containing_function_may_do_its_steps(
    deployed: Deployed, function: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert may(deployed, function, action, resource, context)


@pytest.mark.parametrize("function", CONTAINERS)
@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        # A group that isn't a quarantine group, or that would be made one only now.
        ("ec2:ModifyNetworkInterfaceAttribute", GROUP, {}),
        ("ec2:ModifyNetworkInterfaceAttribute", GROUP, {"aws:ResourceTag/cordon:quarantine": "false"}),
        ("ec2:CreateTags", GROUP, NEW_QUARANTINE),
        ("ec2:CreateTags", GROUP, {**NEW_QUARANTINE, "ec2:CreateAction": "RunInstances"}),
        ("ec2:CreateSecurityGroup", GROUP, {}),
        ("ec2:RevokeSecurityGroupEgress", GROUP, {}),
        ("ec2:RevokeSecurityGroupIngress", GROUP, {}),
        ("ec2:AuthorizeSecurityGroupIngress", GROUP, QUARANTINE),
        # Attributes by which an instance could be taken over.
        ("ec2:ModifyInstanceAttribute", INSTANCE, {}),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {"ec2:Attribute": "UserData"}),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {"ec2:Attribute": "GroupSet"}),
        # Tags that Cordon's own authority, or anybody's, hangs on.
        ("ec2:CreateTags", INSTANCE, {"aws:RequestTag/Name": "x", "aws:TagKeys": ["Name"]}),
        ("ec2:CreateTags", INSTANCE, {**OF_INCIDENT, "aws:TagKeys": ["cordon:incident", "Name"]}),
        ("ec2:CreateTags", SNAPSHOT, OF_INCIDENT),
        ("ec2:CreateSnapshots", SNAPSHOT, {}),
        ("ec2:DeleteTags", INSTANCE, OF_INCIDENT),
        # Groups that did not opt in, and everything that would undo a containment or lose evidence.
        ("autoscaling:DetachInstances", FLEET, {}),
        ("autoscaling:EnterStandby", FLEET, {"aws:ResourceTag/cordon:mode": "off"}),
        ("autoscaling:AttachInstances", FLEET, {"aws:ResourceTag/cordon:mode": "enforce"}),
        ("autoscaling:UpdateAutoScalingGroup", FLEET, {"aws:ResourceTag/cordon:mode": "enforce"}),
        ("ec2:StartInstances", INSTANCE, {}),
        ("ec2:TerminateInstances", INSTANCE, {}),
        ("ec2:DeleteSnapshot", SNAPSHOT, {}),
        ("ec2:UnlockSnapshot", SNAPSHOT, INCIDENT),
        ("ec2:LockSnapshot", SNAPSHOT, {"ec2:SnapshotLockDuration": "90"}),
        ("ec2:AssociateIamInstanceProfile", INSTANCE, {}),
        ("ec2:StartInstances", INSTANCE, INCIDENT),
        ("autoscaling:ExitStandby", FLEET, OPTED_IN),
        ("elasticloadbalancing:RegisterTargets", TARGETS, {}),
        ("iam:PassRole", PROFILE_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("kms:CreateGrant", VOLUME_KEY, {**VIA_EC2, "kms:GrantIsForAWSResource": "true"}),
        ("ec2:DeleteTags", INSTANCE, {"aws:TagKeys": ["cordon:incident"]}),
        ("iam:PutRolePolicy", REVOCABLE_ROLE, {}),
        ("lambda:UpdateFunctionCode", "*", {}),
        ("cloudwatch:SetAlarmState", "*", {}),
    ],
)
def test_a_containing_function_may_not_do_more(
    deployed: Deployed, function: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not may(deployed, function, action, resource, context)


UNTRACKING = [
    ("ec2:ModifyNetworkInterfaceAttribute", GROUP, ALLOW_ALL),
    ("ec2:AuthorizeSecurityGroupEgress", GROUP, ALLOW_ALL),
    ("ec2:AuthorizeSecurityGroupIngress", GROUP, ALLOW_ALL),
    ("ec2:CreateSecurityGroup", GROUP, NEW_ALLOW_ALL),
    ("ec2:CreateTags", GROUP, {**NEW_ALLOW_ALL, **AS_IT_IS_MADE}),
]


@pytest.mark.parametrize(("action", "resource", "context"), UNTRACKING)
def test_only_contain_instance_opens_an_interface(
    deployed: Deployed, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert [name for name in ALL if may(deployed, name, action, resource, context)] == ["contain-instance"]


@pytest.mark.parametrize("function", CONTAINERS)
@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        # Rules go into the allow-all group alone, and nothing becomes one that somebody made.
        ("ec2:AuthorizeSecurityGroupEgress", GROUP, {}),
        ("ec2:AuthorizeSecurityGroupEgress", GROUP, QUARANTINE),
        ("ec2:AuthorizeSecurityGroupIngress", GROUP, {"aws:ResourceTag/cordon:allow-all": "false"}),
        ("ec2:CreateTags", GROUP, NEW_ALLOW_ALL),
        ("ec2:CreateTags", GROUP, {**NEW_ALLOW_ALL, "ec2:CreateAction": "RunInstances"}),
        ("ec2:CreateTags", GROUP, {**NEW_ALLOW_ALL, **NEW_QUARANTINE, **AS_IT_IS_MADE, "aws:TagKeys": ["cordon:allow-all", "cordon:quarantine"]}),
        ("ec2:ModifySecurityGroupRules", GROUP, ALLOW_ALL),
        ("ec2:RevokeSecurityGroupIngress", GROUP, ALLOW_ALL),
        ("ec2:DeleteSecurityGroup", GROUP, ALLOW_ALL),
    ],
)
def test_a_function_that_may_open_an_interface_may_open_nothing_else(
    deployed: Deployed, function: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not may(deployed, function, action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:ModifyNetworkInterfaceAttribute", INTERFACE, {}),
        ("ec2:ModifyNetworkInterfaceAttribute", GROUP, {}),
        ("ec2:StartInstances", INSTANCE, INCIDENT),
        ("ec2:AssociateIamInstanceProfile", INSTANCE, INCIDENT),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {**INCIDENT, "ec2:Attribute": "disableApiTermination"}),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {**INCIDENT, "ec2:Attribute": "BlockDeviceMapping"}),
        ("ec2:DeleteTags", INSTANCE, {"aws:TagKeys": ["cordon:incident"]}),
        ("autoscaling:AttachInstances", FLEET, OPTED_IN),
        ("autoscaling:ExitStandby", FLEET, {"aws:ResourceTag/cordon:mode": "observe"}),
        ("elasticloadbalancing:RegisterTargets", TARGETS, {}),
        ("iam:PassRole", PROFILE_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("kms:CreateGrant", VOLUME_KEY, {**VIA_EC2, "kms:GrantIsForAWSResource": "true"}),
    ],
)
def test_release_instance_may_undo_the_steps(
    deployed: Deployed, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert may(deployed, RELEASER, action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        # It cannot contain.
        ("ec2:ModifyNetworkInterfaceAttribute", GROUP, QUARANTINE),
        ("ec2:ModifyNetworkInterfaceAttribute", GROUP, ALLOW_ALL),
        ("ec2:AuthorizeSecurityGroupIngress", GROUP, ALLOW_ALL),
        ("ec2:StopInstances", INSTANCE, INCIDENT),
        ("ec2:TerminateInstances", INSTANCE, INCIDENT),
        ("ec2:CreateSecurityGroup", VPC, {}),
        ("ec2:CreateSecurityGroup", GROUP, NEW_QUARANTINE),
        ("ec2:RevokeSecurityGroupIngress", GROUP, QUARANTINE),
        ("ec2:AuthorizeSecurityGroupIngress", GROUP, QUARANTINE),
        ("ec2:CreateSnapshots", INSTANCE, INCIDENT),
        ("ec2:CreateTags", INSTANCE, OF_INCIDENT),
        ("ec2:CreateTags", GROUP, {**NEW_QUARANTINE, "ec2:CreateAction": "CreateSecurityGroup"}),
        ("ec2:DisassociateIamInstanceProfile", INSTANCE, INCIDENT),
        ("autoscaling:DetachInstances", FLEET, OPTED_IN),
        ("autoscaling:EnterStandby", FLEET, OPTED_IN),
        ("elasticloadbalancing:DeregisterTargets", TARGETS, {}),
        # It touches what Cordon contained, and no further.
        ("ec2:StartInstances", INSTANCE, {}),
        ("ec2:AssociateIamInstanceProfile", INSTANCE, {}),
        ("ec2:StartInstances", INSTANCE, {"aws:ResourceTag/cordon:incident": "mine"}),
        ("ec2:AssociateIamInstanceProfile", INSTANCE, {"aws:ResourceTag/cordon:incident": "mine"}),
        ("ec2:RunInstances", INSTANCE, INCIDENT),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {"ec2:Attribute": "disableApiTermination"}),
        ("ec2:ModifyInstanceAttribute", INSTANCE, INCIDENT),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {**INCIDENT, "ec2:Attribute": "UserData"}),
        ("ec2:ModifyInstanceAttribute", INSTANCE, {**INCIDENT, "ec2:Attribute": "GroupSet"}),
        ("ec2:DeleteTags", INSTANCE, {}),
        ("ec2:DeleteTags", INSTANCE, {"aws:TagKeys": ["Name"]}),
        ("ec2:DeleteTags", INSTANCE, {"aws:TagKeys": ["cordon:incident", "Name"]}),
        ("ec2:DeleteTags", GROUP, {"aws:TagKeys": ["cordon:incident"]}),
        ("ec2:DeleteTags", GROUP, {"aws:TagKeys": ["cordon:quarantine"]}),
        ("ec2:DeleteTags", SNAPSHOT, {"aws:TagKeys": ["cordon:incident"]}),
        ("ec2:DeleteSnapshot", SNAPSHOT, INCIDENT),
        ("ec2:UnlockSnapshot", SNAPSHOT, INCIDENT),
        ("autoscaling:AttachInstances", FLEET, {}),
        ("autoscaling:ExitStandby", FLEET, {"aws:ResourceTag/cordon:mode": "off"}),
        ("autoscaling:UpdateAutoScalingGroup", FLEET, OPTED_IN),
        # It passes listed roles to EC2 and opens listed keys for EC2, nothing else.
        ("iam:PassRole", PROFILE_ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("iam:PassRole", REVOCABLE_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PutRolePolicy", REVOCABLE_ROLE, {}),
        ("kms:CreateGrant", VOLUME_KEY, VIA_EC2),
        ("kms:CreateGrant", VOLUME_KEY, {"kms:GrantIsForAWSResource": "true"}),
        ("kms:CreateGrant", VOLUME_KEY + "x", {**VIA_EC2, "kms:GrantIsForAWSResource": "true"}),
        ("kms:Decrypt", VOLUME_KEY, VIA_EC2),
    ],
)
def test_release_instance_may_not_contain_or_do_more(
    deployed: Deployed, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not may(deployed, RELEASER, action, resource, context)


@pytest.mark.parametrize("action", ["PutItem", "UpdateItem", "DeleteItem"])
def test_only_release_instance_sets_and_lifts_a_freeze(deployed: Deployed, action: str) -> None:
    table, context = deployed.arn("JournalTable"), {"dynamodb:LeadingKeys": ["freeze"]}

    assert [name for name in ALL if may(deployed, name, f"dynamodb:{action}", table, context)] == [RELEASER]


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("action", ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"])
@pytest.mark.parametrize("key", ["authority#i-1", "breaker", "incident", None])
def test_no_function_writes_what_only_operators_may(
    deployed: Deployed, function: str, action: str, key: str | None
) -> None:
    context = {"dynamodb:LeadingKeys": [key]} if key else {}

    assert not may(deployed, function, f"dynamodb:{action}", deployed.arn("JournalTable"), context)


@pytest.mark.parametrize(
    ("key", "writers"),
    [
        ("incident#1", (*CONTAINERS, RELEASER)),
        ("breaker#group#web", ("contain-instance",)),
        ("breaker#account", ("contain-instance",)),
        ("instance#i-1", ("contain-instance", RELEASER)),
        ("nonce#1", ("contain-instance", RELEASER)),
        ("approval#1", ("contain-instance",)),
    ],
)
def test_only_a_commit_writes_breakers_and_holds_and_nobody_deletes_from_the_journal(
    deployed: Deployed, key: str, writers: tuple[str, ...]
) -> None:
    context = {"dynamodb:LeadingKeys": [key]}
    table = deployed.arn("JournalTable")

    for action, functions in (("PutItem", writers), ("UpdateItem", writers), ("DeleteItem", ())):
        allowed = tuple(name for name in ALL if may(deployed, name, f"dynamodb:{action}", table, context))
        assert allowed == functions


def test_only_reconcile_incidents_lists_the_open_incidents(deployed: Deployed) -> None:
    index = deployed.arn("JournalTable") + "/index/open-incidents"

    assert [name for name in ALL if may(deployed, name, "dynamodb:Query", index)] == ["reconcile-incidents"]


def test_a_transaction_that_also_writes_the_freeze_is_refused(deployed: Deployed) -> None:
    context = {"dynamodb:LeadingKeys": ["incident#1", "freeze"]}

    assert not may(deployed, "contain-instance", "dynamodb:PutItem", deployed.arn("JournalTable"), context)
    assert may(deployed, "contain-instance", "dynamodb:ConditionCheckItem", deployed.arn("JournalTable"), context)


@pytest.mark.parametrize(
    ("action", "key"), [("PutItem", "breaker#account"), ("PutItem", "approval#1"), ("DeleteItem", "incident#1")]
)
def test_the_freeze_opens_no_other_item_to_release_instance(deployed: Deployed, action: str, key: str) -> None:
    context = {"dynamodb:LeadingKeys": ["freeze", key]}

    assert not may(deployed, RELEASER, f"dynamodb:{action}", deployed.arn("JournalTable"), context)


@pytest.mark.parametrize("function", ALL)
def test_a_function_asks_revoke_credentials_and_no_other(deployed: Deployed, function: str) -> None:
    """Otherwise what a role may not do, it could have another do."""
    asked = [name for name in BINARIES if may(deployed, function, INVOKE, deployed.arn(f"{name}Function"))]

    assert asked == ([] if function in ("revoke-credentials", *WATCHERS) else ["RevokeCredentials"])


def test_evidence_is_written_under_its_prefix_and_never_read_or_deleted(deployed: Deployed) -> None:
    bucket = deployed.arn("EvidenceBucket")

    for function in CONTAINERS:
        assert may(deployed, function, "s3:PutObject", f"{bucket}/evidence/inc-1/x", OURS)
        assert not may(deployed, function, "s3:PutObject", f"{bucket}/elsewhere", OURS)
        for action in ("GetObject", "DeleteObject", "DeleteObjectVersion", "BypassGovernanceRetention"):
            assert not may(deployed, function, f"s3:{action}", f"{bucket}/evidence/inc-1/x", OURS)


def test_release_instance_writes_signed_heads_and_no_other_evidence(deployed: Deployed) -> None:
    bucket = deployed.arn("EvidenceBucket")

    assert may(deployed, RELEASER, "s3:PutObject", f"{bucket}/evidence/inc-1/heads/1", OURS)
    for name in ("manifests/1", "objects/1", "x"):
        assert not may(deployed, RELEASER, "s3:PutObject", f"{bucket}/evidence/inc-1/{name}", OURS)
    for action in ("GetObject", "DeleteObject", "DeleteObjectVersion", "BypassGovernanceRetention"):
        assert not may(deployed, RELEASER, f"s3:{action}", f"{bucket}/evidence/inc-1/heads/1", OURS)


def test_only_revoke_credentials_writes_iam_and_only_in_listed_roles(deployed: Deployed) -> None:
    writes = [f"iam:{verb}RolePolicy" for verb in ("Put", "Delete", "Attach", "Detach")]
    allowed = {
        (function, action, role)
        for function in ALL
        for action in [*writes, "iam:UpdateAssumeRolePolicy", "iam:PassRole", "iam:CreatePolicyVersion"]
        for role in (REVOCABLE_ROLE, f"arn:aws:iam::{ACCOUNT}:role/unlisted")
        if may(deployed, function, action, role)
    }

    assert allowed == {
        ("revoke-credentials", "iam:PutRolePolicy", REVOCABLE_ROLE),
        ("revoke-credentials", "iam:DeleteRolePolicy", REVOCABLE_ROLE),
    }


@pytest.mark.parametrize(
    "role", ["ContainInstanceRole", "ReconcileIncidentsRole", "ReleaseInstanceRole", "RevokeCredentialsRole"]
)
def test_cordons_own_roles_stay_closed_even_to_a_policy_that_lists_them(deployed: Deployed, role: str) -> None:
    listed = {"Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    own = policy(deployed, "revoke-credentials")

    assert evaluate([own, listed], "iam:PutRolePolicy", deployed.arn(role), {}) is Decision.DENIED


@pytest.mark.parametrize("function", ALL)
def test_no_allowing_statement_names_a_whole_service(deployed: Deployed, function: str) -> None:
    granted = [s for s in policy(deployed, function)["Statement"] if s["Effect"] == "Allow"]

    assert [action for s in granted for action in listed(s["Action"]) if "*" in action] == []


@pytest.mark.parametrize("function", ALL)
def test_a_policy_fits_into_a_role(deployed: Deployed, function: str) -> None:
    """All inline policies of a role may have 10,240 characters, white space not counted."""
    text = json.dumps(policy(deployed, function), separators=(",", ":"))

    assert len(text) <= 10_240


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
