"""What audit-access's role may do: read settings, and keep what it found. Nothing that it audits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_account.iam_policy import Decision, evaluate
from tests.template_checks import Deployed, deployed_stack, plain_template
from tests.template_checks.deployed import ACCOUNT, REGION

READS = ("Describe", "Get", "List", "Generate")
# What begins with the word of a read and is none: content, and keys that open it.
CONTENT = {"s3:GetObject", "s3:GetObjectVersion", "dynamodb:GetItem", "kms:GenerateDataKey", "secretsmanager:GetSecretValue"}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/anybodys"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    binary = tmp_path_factory.mktemp("code") / "bootstrap"
    binary.write_bytes(b"#!/bin/sh\n")
    with deployed_stack(plain_template(), binary) as deployed:
        yield deployed


def document(deployed: Deployed) -> dict[str, Any]:
    role = deployed.id("AuditAccessRole")
    return deployed.clients["iam"].get_role_policy(RoleName=role, PolicyName="audit-access")["PolicyDocument"]


def may(deployed: Deployed, action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    return evaluate([document(deployed)], action, resource, context or {}) is Decision.ALLOWED


def test_on_what_is_audited_it_only_reads_settings(deployed: Deployed) -> None:
    statements = {statement["Sid"]: statement for statement in document(deployed)["Statement"]}
    everywhere = [statement for statement in statements.values() if statement["Resource"] == "*"]
    assert [statement["Sid"] for statement in everywhere] == ["ReadEverybodysAccess", "SendTraces"]
    actions = statements["ReadEverybodysAccess"]["Action"]
    assert not [action for action in actions if not action.split(":")[1].startswith(READS)]
    assert not CONTENT & set(actions) and not [action for action in actions if "*" in action]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/web"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/web"),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/somebody"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/web"),
        ("kms:Decrypt", KEY),
        ("kms:CreateGrant", KEY),
        ("kms:PutKeyPolicy", KEY),
        ("s3:GetObject", "arn:aws:s3:::anybodys/secret"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::anybodys"),
        ("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/anybodys"),
        ("lambda:GetFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:anybodys"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:anybodys"),
        ("sqs:ReceiveMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:anybodys"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:anybodys"),
        ("ec2:ModifySnapshotAttribute", "*"),
        ("ec2:StopInstances", f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/x"),
    ],
)
def test_it_changes_nothing_and_reads_no_content(deployed: Deployed, action: str, resource: str) -> None:
    assert not may(deployed, action, resource)


def test_it_keeps_audits_and_reads_suppressions_but_writes_none(deployed: Deployed) -> None:
    bucket = deployed.arn("AuditBucket")
    kept = ("state.json", "baseline.json", "runs/1/report.json")
    assert all(may(deployed, action, f"{bucket}/{key}") for key in kept for action in ("s3:GetObject", "s3:PutObject"))
    assert may(deployed, "s3:GetObject", f"{bucket}/suppressions.json")
    assert not may(deployed, "s3:PutObject", f"{bucket}/suppressions.json")
    assert not may(deployed, "s3:DeleteObject", f"{bucket}/runs/1/report.json")


def test_its_key_opens_audits_through_s3_alone(deployed: Deployed) -> None:
    key = deployed.arn("AuditKey")
    through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    assert may(deployed, "kms:Decrypt", key, through) and not may(deployed, "kms:Decrypt", key)
    assert not may(deployed, "kms:Decrypt", deployed.arn("EvidenceKey"), through)
