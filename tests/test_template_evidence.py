"""Evidence in another account, and locked snapshots: what the parameters change in the deployed stack, and what not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_account.deploy.problems import DeployError
from local_account.iam_policy import Decision, evaluate
from tests.template_checks import Deployed, deployed_stack, plain_template
from tests.template_checks.deployed import ACCOUNT, EVIDENCE_ELSEWHERE, OTHER_ACCOUNT, REGION
from tests.template_checks.functions import BINARIES
from tests.template_checks.people import may as people_may

MADE_HERE = {"EvidenceBucket", "EvidenceBucketPolicy", "EvidenceKey", "EvidenceKeyAlias"}
BUCKET = f"arn:aws:s3:::{EVIDENCE_ELSEWHERE['EvidenceBucketName']}"
KEY = EVIDENCE_ELSEWHERE["EvidenceKeyArn"]
THEIRS = {"aws:ResourceAccount": OTHER_ACCOUNT}
OURS = {"aws:ResourceAccount": ACCOUNT}
VIA_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
WRITERS = ("ContainInstance", "ReconcileIncidents", "ReleaseInstance")
SNAPSHOT = f"arn:aws:ec2:{REGION}::snapshot/snap-1"
OF_AN_INCIDENT = {"aws:ResourceTag/cordon:incident": "inc-1", "ec2:SnapshotLockDuration": "90"}


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "bootstrap"
    path.write_bytes(b"#!/bin/sh\n")
    return path


@pytest.fixture(scope="class")
def elsewhere(binary: Path) -> Iterator[Deployed]:
    with deployed_stack(plain_template(), binary, EVIDENCE_ELSEWHERE) as deployed:
        yield deployed


def may(deployed: Deployed, function: str, action: str, resource: str, context: dict[str, Any]) -> bool:
    role, name = deployed.id(f"{function}Role"), BINARIES[function]
    document = deployed.clients["iam"].get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return evaluate([document], action, resource, context) is Decision.ALLOWED


class TestEvidenceElsewhere:
    def test_the_stack_makes_no_bucket_and_no_key_of_its_own(self, elsewhere: Deployed) -> None:
        assert MADE_HERE & set(elsewhere.stack.resources) == set()
        assert elsewhere.stack.outputs["EvidenceBucketName"] == EVIDENCE_ELSEWHERE["EvidenceBucketName"]

    @pytest.mark.parametrize("function", WRITERS)
    def test_a_function_is_told_the_bucket_its_owner_and_its_key(self, elsewhere: Deployed, function: str) -> None:
        name = elsewhere.id(f"{function}Function")
        described = elsewhere.clients["lambda"].get_function_configuration(FunctionName=name)
        told = {key: value for key, value in described["Environment"]["Variables"].items() if "EVIDENCE" in key}
        assert told == {
            "CORDON_EVIDENCE_BUCKET": EVIDENCE_ELSEWHERE["EvidenceBucketName"],
            "CORDON_EVIDENCE_ACCOUNT_ID": OTHER_ACCOUNT,
            "CORDON_EVIDENCE_KEY_ARN": KEY,
        }

    @pytest.mark.parametrize("function", WRITERS)
    def test_a_role_writes_there_and_only_while_the_bucket_is_that_accounts(
        self, elsewhere: Deployed, function: str
    ) -> None:
        stored = f"{BUCKET}/evidence/inc-1/heads/1"
        assert may(elsewhere, function, "s3:PutObject", stored, THEIRS)
        assert not may(elsewhere, function, "s3:PutObject", stored, {"aws:ResourceAccount": "999999999999"})
        assert not may(elsewhere, function, "s3:PutObject", stored, OURS)
        assert not may(elsewhere, function, "s3:PutObject", f"{BUCKET}/elsewhere", THEIRS)
        for action in ("GetObject", "DeleteObject", "DeleteObjectVersion", "BypassGovernanceRetention"):
            assert not may(elsewhere, function, f"s3:{action}", stored, THEIRS)
        assert may(elsewhere, function, "kms:GenerateDataKey", KEY, VIA_S3)
        assert not may(elsewhere, function, "kms:Decrypt", KEY, VIA_S3)

    def test_a_viewer_reads_there_and_only_while_the_bucket_is_that_accounts(self, elsewhere: Deployed) -> None:
        reads = [
            ("s3:GetObjectVersion", f"{BUCKET}/evidence/inc-1/x"),
            ("s3:ListBucketVersions", BUCKET),
            ("s3:GetBucketVersioning", BUCKET),
        ]
        for action, resource in reads:
            assert people_may(elsewhere, "ViewerPolicy", action, resource, THEIRS)
            assert not people_may(elsewhere, "ViewerPolicy", action, resource, OURS)
        assert people_may(elsewhere, "ViewerPolicy", "kms:Decrypt", KEY, VIA_S3)
        assert people_may(elsewhere, "ViewerPolicy", "kms:DescribeKey", KEY)


@pytest.mark.parametrize("given", EVIDENCE_ELSEWHERE)
def test_a_bucket_without_its_key_or_a_key_without_its_bucket_is_refused(given: str, binary: Path) -> None:
    with pytest.raises(DeployError, match="both or not at all"):
        with deployed_stack(plain_template(), binary, {given: EVIDENCE_ELSEWHERE[given]}):
            pass


@pytest.fixture(scope="class")
def here(binary: Path) -> Iterator[Deployed]:
    with deployed_stack(plain_template(), binary, {}) as deployed:
        yield deployed


class TestEvidenceHere:
    @pytest.mark.parametrize("function", WRITERS)
    def test_the_stacks_own_bucket_counts_only_while_it_is_this_accounts(self, here: Deployed, function: str) -> None:
        stored = f"{here.arn('EvidenceBucket')}/evidence/inc-1/heads/1"
        assert may(here, function, "s3:PutObject", stored, OURS)
        assert not may(here, function, "s3:PutObject", stored, THEIRS)
        assert not may(here, function, "s3:PutObject", stored, {})

    @pytest.mark.parametrize("function", WRITERS)
    def test_only_an_incidents_snapshots_are_locked_and_for_no_longer_than_was_asked_for(
        self, here: Deployed, function: str
    ) -> None:
        locks = function != "ReleaseInstance"
        assert may(here, function, "ec2:LockSnapshot", SNAPSHOT, OF_AN_INCIDENT) is locks
        assert may(here, function, "ec2:LockSnapshot", SNAPSHOT, {**OF_AN_INCIDENT, "ec2:SnapshotLockDuration": "1"}) is locks
        for context in (
            {"ec2:SnapshotLockDuration": "90"},
            {**OF_AN_INCIDENT, "aws:ResourceTag/cordon:incident": "mine"},
            {**OF_AN_INCIDENT, "ec2:SnapshotLockDuration": "91"},
            # A lock until a date, which has no days.
            {"aws:ResourceTag/cordon:incident": "inc-1"},
        ):
            assert not may(here, function, "ec2:LockSnapshot", SNAPSHOT, context)
        for action in ("UnlockSnapshot", "DeleteSnapshot", "ModifySnapshotTier"):
            assert not may(here, function, f"ec2:{action}", SNAPSHOT, OF_AN_INCIDENT)


def test_where_snapshots_are_not_locked_no_role_may(binary: Path) -> None:
    with deployed_stack(plain_template(), binary, {"SnapshotLockMode": "off"}) as deployed:
        assert not any(may(deployed, function, "ec2:LockSnapshot", SNAPSHOT, OF_AN_INCIDENT) for function in WRITERS)
