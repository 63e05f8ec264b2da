"""infra/evidence-account.yaml: who may do what to the bucket and the key, with every right of their own."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto import mock_aws

from local_account.account import Account
from local_account.authorization import Authorization
from local_account.deploy import template as templates
from local_account.deploy.creation import Clients
from local_account.deploy.problems import DeployError
from local_account.deploy.stack import Stack, deploy
from local_account.iam import decision
from local_account.iam_policy import Decision
from local_account.principals import Principal
from tests.template_checks.deployed import ACCOUNT, OTHER_ACCOUNT, REGION, TEMPLATE, Deployed
from tests.template_checks.memory import evidence_is_locked_versioned_encrypted_and_private

SOURCE = TEMPLATE.parent / "infra" / "evidence-account.yaml"
DOCUMENT = TEMPLATE.parent / "docs" / "EVIDENCE-ACCOUNT.md"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cordon/cordon"
ROLES = {f"{name}RoleArn": f"{ROLE}-{name}Role" for name in ("ContainInstance", "ReconcileIncidents", "ReleaseInstance")}
READER = f"arn:aws:iam::{ACCOUNT}:role/security"
GIVEN = {**ROLES, "ReaderArns": READER}
WHO = {
    "contain": ROLES["ContainInstanceRoleArn"],
    "reconcile": ROLES["ReconcileIncidentsRoleArn"],
    "release": ROLES["ReleaseInstanceRoleArn"],
    "reader": READER,
    "administrator of the workload": f"arn:aws:iam::{ACCOUNT}:role/administrator",
    "administrator of the evidence": f"arn:aws:iam::{OTHER_ACCOUNT}:role/administrator",
}
# What only the bucket's own account may do to it.
ADMINISTRATION = [
    f"s3:{action}"
    for action in (
        "BypassGovernanceRetention", "DeleteBucket", "DeleteBucketPolicy", "DeleteObject", "DeleteObjectVersion",
        "PutBucketObjectLockConfiguration", "PutBucketPolicy", "PutBucketVersioning", "PutEncryptionConfiguration",
        "PutLifecycleConfiguration", "PutObjectLegalHold", "PutObjectRetention", "PutReplicationConfiguration",
    )
]  # fmt: skip
SETTINGS = [
    f"s3:{action}"
    for action in (
        "GetBucketObjectLockConfiguration", "GetBucketPublicAccessBlock", "GetBucketVersioning",
        "GetEncryptionConfiguration", "ListBucketVersions",
    )
]  # fmt: skip


@contextmanager
def deployed(template: dict[str, Any], parameters: dict[str, Any], patch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    patch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
    with mock_aws():
        clients = Clients(None, REGION)
        stack: Stack = deploy(template, parameters, {}, clients, stack_name="evidence", account_id=OTHER_ACCOUNT)
        yield Deployed(stack, clients)


def may(deployed: Deployed, arn: str, action: str, resource: str, **context: str) -> bool:
    """Whether somebody with every right in their own account may."""
    number = arn.split(":")[4]
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    principal = Principal(arn, [everything], [], {"aws:PrincipalArn": arn, "aws:PrincipalAccount": number})
    known = {"aws:SecureTransport": "true", "aws:PrincipalIsAWSService": "false", **principal.context, **context}
    return decision(Account(), principal, Authorization(action, resource), known) is Decision.ALLOWED


def allowed(deployed: Deployed) -> dict[str, set[str]]:
    """Who may do what of everything that is asked here."""
    bucket, key = deployed.arn("EvidenceBucket"), deployed.arn("EvidenceKey")
    under_key = {"s3:x-amz-server-side-encryption-aws-kms-key-id": key}
    via_s3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    capture, head = f"{bucket}/evidence/inc-1/x", f"{bucket}/evidence/inc-1/heads/1"
    asked: list[tuple[str, str, str, dict[str, str]]] = [
        ("put", "s3:PutObject", capture, under_key),
        ("put head", "s3:PutObject", head, under_key),
        ("put beside evidence", "s3:PutObject", f"{bucket}/x", under_key),
        ("put under no key", "s3:PutObject", capture, {}),
        ("put in plain text", "s3:PutObject", capture, {**under_key, "aws:SecureTransport": "false"}),
        ("get", "s3:GetObject", capture, {}),
        ("get version", "s3:GetObjectVersion", capture, {}),
        ("encrypt", "kms:GenerateDataKey", key, via_s3),
        ("encrypt by itself", "kms:GenerateDataKey", key, {}),
        ("decrypt", "kms:Decrypt", key, via_s3),
        ("decrypt by itself", "kms:Decrypt", key, {}),
        ("describe key", "kms:DescribeKey", key, {}),
        ("see rotation", "kms:GetKeyRotationStatus", key, {}),
        ("delete key", "kms:ScheduleKeyDeletion", key, {}),
        *((action, action, f"{bucket}/evidence/inc-1/x" if "Object" in action else bucket, {}) for action in ADMINISTRATION),
        *((action, action, bucket, {}) for action in SETTINGS),
    ]
    return {
        who: {name for name, action, resource, context in asked if may(deployed, arn, action, resource, **context)}
        for who, arn in WHO.items()
    }


EXPECTED = {
    "contain": {"put", "put head", "encrypt"},
    "reconcile": {"put", "put head", "encrypt"},
    "release": {"put head", "encrypt"},
    "reader": {"get", "get version", "decrypt", "describe key", "see rotation", *SETTINGS},
    "administrator of the workload": set(),
    "administrator of the evidence": {
        "get", "get version", "encrypt", "encrypt by itself", "decrypt", "decrypt by itself", "describe key", "see rotation",
        "delete key", *SETTINGS, *ADMINISTRATION,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return templates.load(str(SOURCE))


def test_everybody_may_what_is_theirs_and_nothing_else(template: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed(template, GIVEN, monkeypatch) as stack:
        assert allowed(stack) == EXPECTED


def test_until_the_roles_are_known_nobody_writes(template: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed(template, {}, monkeypatch) as stack:
        found = allowed(stack)
    assert found.pop("administrator of the evidence") == EXPECTED["administrator of the evidence"]
    assert set().union(*found.values()) == set()


def documents(template: dict[str, Any]) -> list[list[Any]]:
    resources = template["Resources"]
    policies = (resources["EvidenceKey"]["Properties"]["KeyPolicy"], resources["EvidenceBucketPolicy"]["Properties"]["PolicyDocument"])
    return [policy["Statement"] for policy in policies]


def sid(statement: dict[str, Any]) -> str:
    return str(statement["Fn::If"][1]["Sid"] if "Fn::If" in statement else statement["Sid"])


SIDS = [sid(statement) for document in documents(templates.load(str(SOURCE))) for statement in document]
# The account's own keys leave it to IAM here, whatever their policies say; the other has a test of its own.
NOT_SHOWN_BY_THE_REST = {"AccountAdministersKey", "OtherAccountsOnlyWriteAndRead"}


@pytest.mark.parametrize("name", [name for name in SIDS if name not in NOT_SHOWN_BY_THE_REST])
def test_without_a_statement_somebody_may_more_or_less(
    name: str, template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    template = copy.deepcopy(template)
    for statements in documents(template):
        statements[:] = [statement for statement in statements if sid(statement) != name]
    with deployed(template, GIVEN, monkeypatch) as stack:
        assert allowed(stack) != EXPECTED


def test_a_policy_that_lets_everybody_in_lets_no_other_account_delete_or_change(
    template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    template = copy.deepcopy(template)
    opened = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    documents(template)[1].append(opened)
    with deployed(template, GIVEN, monkeypatch) as stack:
        found = allowed(stack)
    for who in ("contain", "reconcile", "release", "reader", "administrator of the workload"):
        assert found[who] & set(ADMINISTRATION) == set(), who


def test_the_document_shows_the_policies_as_they_are_deployed(
    template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with deployed(template, GIVEN, monkeypatch) as stack:
        bucket, key = stack.id("EvidenceBucket"), stack.arn("EvidenceKey")
        s3, kms = stack.clients["s3"], stack.clients["kms"]
        policies = [
            json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
            json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
        ]
    meant = {
        "CONTAIN-INSTANCE-ROLE-ARN": WHO["contain"],
        "RECONCILE-INCIDENTS-ROLE-ARN": WHO["reconcile"],
        "RELEASE-INSTANCE-ROLE-ARN": WHO["release"],
        "EVIDENCE-KEY-ARN": key,
        "EVIDENCE-ACCOUNT": OTHER_ACCOUNT,
        "READER-ARN": READER,
        "BUCKET": bucket,
        "REGION": REGION,
    }
    text = DOCUMENT.read_text()
    for name, value in meant.items():
        text = text.replace(name, value)
    assert [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)] == policies


def test_the_bucket_is_locked_versioned_encrypted_and_private(
    template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with deployed(template, GIVEN, monkeypatch) as stack:
        evidence_is_locked_versioned_encrypted_and_private(stack)
        assert stack.clients["kms"].get_key_rotation_status(KeyId=stack.id("EvidenceKey"))["KeyRotationEnabled"]
        aliases = stack.clients["kms"].list_aliases(KeyId=stack.id("EvidenceKey"))["Aliases"]
        assert [alias["AliasName"] for alias in aliases] == ["alias/evidence/evidence"]


@pytest.mark.parametrize("missing", ROLES)
def test_two_roles_without_the_third_are_refused(
    missing: str, template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeployError, match="all three roles"):
        with deployed(template, {**ROLES, missing: ""}, monkeypatch):
            pass


@pytest.mark.parametrize("parameter", [*ROLES, "ReaderArns"])
@pytest.mark.parametrize("value", ["*", f"arn:aws:iam::{ACCOUNT}:role/*", f"arn:aws:iam::{ACCOUNT}:root"])
def test_nobody_is_let_in_by_a_wildcard(
    parameter: str, value: str, template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeployError, match=f"parameter {parameter}: "):
        with deployed(template, {**GIVEN, parameter: value}, monkeypatch):
            pass


@pytest.mark.parametrize("name", ["EvidenceBucket", "EvidenceBucketPolicy", "EvidenceKey"])
def test_deleting_the_stack_keeps_the_evidence_and_its_key(name: str, template: dict[str, Any]) -> None:
    resource = template["Resources"][name]
    assert (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) == ("Retain", "Retain")
