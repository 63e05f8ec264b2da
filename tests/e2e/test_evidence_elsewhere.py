"""Evidence in an account of its own: it lands there under that account's key, and nobody of the workload's deletes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from .command import Person
from .conftest import UNLIMITED
from .laptop import ROOT, Laptop, Stack, wait_for

WORKLOAD, EVIDENCE, STRANGER = "123456789012", "210987654321", "333333333333"
MAIL = "soc@example.com"
READER = f"arn:aws:iam::{WORKLOAD}:user/elsewhere-viewer"


@dataclass
class Place:
    """A stack of infra/evidence-account.yaml."""

    laptop: Laptop
    bucket: str
    key: str

    @classmethod
    def deploy(cls, laptop: Laptop, cordon: str) -> Place:
        body = {
            "template": str(ROOT / "infra" / "evidence-account.yaml"),
            "stack_name": f"evidence-of-{cordon}",
            "account_id": EVIDENCE,
            "parameters": {**roles(cordon), "ReaderArns": READER},
        }
        outputs = laptop.door("POST", "deploy", body)["outputs"]
        return cls(laptop, outputs["EvidenceBucketName"], outputs["EvidenceKeyArn"])

    @property
    def parameters(self) -> dict[str, str]:
        return {"EvidenceBucketName": self.bucket, "EvidenceKeyArn": self.key}


def roles(cordon: str) -> dict[str, str]:
    """The roles of a Cordon that is not deployed yet: here, unlike on AWS, what is left to CloudFormation to name has
    the same name in each deployment."""

    def arn(logical_id: str) -> str:
        suffix = hashlib.sha256(f"{cordon}/{logical_id}".encode()).hexdigest()[:12].upper()
        return f"arn:aws:iam::{WORKLOAD}:role/cordon/{cordon}-{logical_id}"[: 64 + 35] + f"-{suffix}"

    return {f"{name}Arn": arn(name) for name in ("ContainInstanceRole", "ReconcileIncidentsRole", "ReleaseInstanceRole")}


def root_of(laptop: Laptop, account: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=laptop.about["endpoint"],
        region_name=laptop.about["region"],
        aws_access_key_id=account,
        aws_secret_access_key="test",
    )


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An account of its own: cordon doctor looks at every group of it."""
    laptop = Laptop(Path(tmp_path_factory.mktemp("elsewhere")))
    try:
        yield laptop
    finally:
        laptop.close()


@pytest.fixture(scope="module")
def place(laptop: Laptop) -> Place:
    return Place.deploy(laptop, "elsewhere")


@pytest.fixture(scope="module")
def stack(laptop: Laptop, place: Place) -> Stack:
    stack = Stack.deploy(laptop, "elsewhere", NotificationEmail=MAIL, **place.parameters, **UNLIMITED)
    stack.look_again(True)
    topic = stack.outputs["NotificationTopicArn"]
    laptop.door("POST", "subscriptions/confirm", {"topic_arn": topic, "endpoint": MAIL})
    return stack


@pytest.fixture(scope="module")
def viewer(stack: Stack) -> Person:
    return Person.user(stack, "elsewhere-viewer", "ViewerPolicyArn")


@pytest.fixture(scope="module")
def incident(laptop: Laptop, stack: Stack) -> str:
    instance = laptop.fleet("elsewhere", size=3, instance_profile=True)["instance_ids"][0]
    stack.alarm("elsewhere", instance)
    stack.surge(instance)
    return str(stack.incident_in(instance, "Contained")["id"])


def test_the_stack_makes_no_bucket_and_no_key_for_evidence(stack: Stack, place: Place) -> None:
    made = set(stack.resources)
    assert made & {"EvidenceBucket", "EvidenceBucketPolicy", "EvidenceKey", "EvidenceKeyAlias"} == set()
    assert stack.outputs["EvidenceBucketName"] == place.bucket


def test_evidence_lands_in_the_other_account_locked_and_under_its_key(laptop: Laptop, place: Place, incident: str) -> None:
    s3 = root_of(laptop, EVIDENCE, "s3")
    listed = s3.list_objects_v2(Bucket=place.bucket, Prefix=f"evidence/{incident}/", ExpectedBucketOwner=EVIDENCE)
    keys = [one["Key"] for one in listed["Contents"]]
    assert any("/heads/" in key for key in keys) and any(key.endswith("instance.xml") for key in keys)
    for key in keys:
        stored = s3.head_object(Bucket=place.bucket, Key=key)
        assert (stored["SSEKMSKeyId"], stored["ObjectLockMode"]) == (place.key, "GOVERNANCE")
    assert place.key.split(":")[4] == EVIDENCE
    assert place.bucket not in [one["Name"] for one in laptop.client("s3").list_buckets()["Buckets"]]


def test_a_reader_verifies_reports_and_exports_it(viewer: Person, place: Place, incident: str, tmp_path: Path) -> None:
    verified = viewer.runs("--stack", "elsewhere", "evidence", "verify", incident)
    assert verified.returncode == 0 and verified.stdout.count("INTACT") == 1, (verified.stdout, verified.stderr)
    assert "NOT INTACT" not in verified.stdout
    page = tmp_path / "report.html"
    assert viewer.runs("--stack", "elsewhere", "report", incident, "--out", str(page)).returncode == 0
    assert f"s3://{place.bucket}/evidence/{incident}" in page.read_text()
    archive = tmp_path / "case.tar.gz"
    assert viewer.runs("--stack", "elsewhere", "evidence", "export", incident, "--out", str(archive)).returncode == 0


def test_a_release_signs_its_heads_there(laptop: Laptop, stack: Stack, viewer: Person) -> None:
    instance = laptop.fleet("released-elsewhere", size=3)["instance_ids"][0]
    stack.alarm("released-elsewhere", instance)
    stack.surge(instance)
    incident = str(stack.incident_in(instance, "Contained")["id"])
    operator = Person.user(stack, "elsewhere-operator", "OperatorPolicyArn")
    assert operator.runs("--stack", "elsewhere", "release", incident, "--reason", "false alarm").returncode == 0
    assert "INTACT" in viewer.runs("--stack", "elsewhere", "evidence", "verify", incident).stdout


def quiet(stack: Stack) -> None:
    """Alarms that nothing fed yet."""
    for resource in stack.resources.values():
        if resource["type"] == "AWS::CloudWatch::Alarm":
            stack.laptop.client("cloudwatch").set_alarm_state(
                AlarmName=resource["physical_id"], StateValue="OK", StateReason="a test begins"
            )


def examined(person: Person) -> dict[str, tuple[str, str]]:
    """Finding and subject of each check about the bucket."""
    found = json.loads(person.runs("--stack", "elsewhere", "doctor", "--json").stdout)["checks"]
    return {one["id"]: (one["finding"], one["subject"]) for one in found if one["id"].startswith("bucket-")}


def test_the_doctor_looks_at_the_bucket_and_key_in_the_other_account(
    laptop: Laptop, stack: Stack, viewer: Person, place: Place
) -> None:
    quiet(stack)
    whole = viewer.runs("--stack", "elsewhere", "doctor", "--json")
    checks = json.loads(whole.stdout)["checks"]
    assert whole.returncode == 0, [check for check in checks if check["finding"] != "ok"]
    assert {check["subject"] for check in checks if check["id"].startswith("bucket-")} == {place.bucket}
    assert {check["id"] for check in checks if check["subject"] == place.key} == {"key-enabled", "key-rotates"}
    block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    s3 = root_of(laptop, EVIDENCE, "s3")
    s3.put_public_access_block(
        Bucket=place.bucket, PublicAccessBlockConfiguration={**block, "RestrictPublicBuckets": False}
    )
    try:
        assert examined(viewer)["bucket-private"] == ("problem", place.bucket)
    finally:
        s3.put_public_access_block(Bucket=place.bucket, PublicAccessBlockConfiguration=block)


def test_a_function_whose_evidence_goes_elsewhere_than_the_others_is_found(
    laptop: Laptop, stack: Stack, viewer: Person
) -> None:
    lambda_, function = laptop.client("lambda"), stack.outputs["ReconcileIncidentsFunctionName"]
    variables = lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    altered = {**variables, "CORDON_EVIDENCE_ACCOUNT_ID": STRANGER}
    lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": altered})
    try:
        checks = json.loads(viewer.runs("--stack", "elsewhere", "doctor", "--json").stdout)["checks"]
    finally:
        lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    found = {check["subject"]: check for check in checks if check["id"] == "function-settings"}
    assert found["ReconcileIncidentsFunction"]["finding"] == "problem"
    assert "elsewhere than contain-instance's" in found["ReconcileIncidentsFunction"]["what"]
    assert found["ReleaseInstanceFunction"]["finding"] == "ok"


def test_what_the_other_account_does_not_show_is_no_pass(stack: Stack, place: Place) -> None:
    unlisted = Person.user(stack, "unlisted-viewer", "ViewerPolicyArn")
    found = examined(unlisted)
    assert len(found) == 4 and set(found.values()) == {("could-not-check", place.bucket)}
    assert unlisted.runs("--stack", "elsewhere", "doctor").returncode == 6


Try = Callable[[Any, str, str], Any]
FORBIDDEN: dict[str, Try] = {
    "delete a version": lambda s3, bucket, key: s3.delete_object(
        Bucket=bucket, Key=key, VersionId="null", BypassGovernanceRetention=True
    ),
    "hide it": lambda s3, bucket, key: s3.delete_object(Bucket=bucket, Key=key),
    "overwrite it": lambda s3, bucket, key: s3.put_object(Bucket=bucket, Key=key, Body=b"{}"),
    "read it": lambda s3, bucket, key: s3.get_object(Bucket=bucket, Key=key),
    "stop versioning": lambda s3, bucket, _: s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "change the policy": lambda s3, bucket, _: s3.delete_bucket_policy(Bucket=bucket),
    "delete the bucket": lambda s3, bucket, _: s3.delete_bucket(Bucket=bucket),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_an_administrator_of_the_workload_can_neither_delete_nor_forge_nor_read(
    laptop: Laptop, stack: Stack, place: Place, incident: str, what: str
) -> None:
    name = "administrator-to-" + what.replace(" ", "-")
    administrator = Person.user(stack, name)
    may = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}]}
    laptop.client("iam").put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(may))
    key = f"evidence/{incident}/at-containment/instance.xml"
    with pytest.raises(ClientError) as refused:
        FORBIDDEN[what](administrator.client("s3"), place.bucket, key)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize("roles_may_all", [False, True])
def test_a_stranger_who_takes_the_buckets_name_gets_no_evidence(laptop: Laptop, roles_may_all: bool) -> None:
    """A bucket that is deleted leaves its name to anybody. The roles' own condition holds that off, and without it the
    owner that every call expects."""
    name = f"taken-{str(roles_may_all).lower()}"
    place = Place.deploy(laptop, name)
    s3 = root_of(laptop, EVIDENCE, "s3")
    s3.delete_bucket_policy(Bucket=place.bucket)
    s3.delete_bucket(Bucket=place.bucket)
    theirs = root_of(laptop, STRANGER, "s3")
    theirs.create_bucket(Bucket=place.bucket)
    welcome = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{place.bucket}/*"}
    theirs.put_bucket_policy(Bucket=place.bucket, Policy=json.dumps({"Statement": [welcome]}))
    stack = Stack.deploy(laptop, name, **place.parameters, **UNLIMITED)
    if roles_may_all:
        everything = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
        for role in ("ContainInstanceRole", "ReconcileIncidentsRole"):
            laptop.client("iam").put_role_policy(
                RoleName=stack.resources[role]["physical_id"], PolicyName="everything", PolicyDocument=everything
            )
    instance = laptop.fleet(name, size=3)["instance_ids"][0]
    stack.alarm(name, instance)
    stack.surge(instance)
    partial = stack.incident_in(instance, "Partial")
    assert "CaptureMetadata" in partial["state"]["steps"]
    refused = wait_for("the refusal", lambda: stack.incidents(instance)[0]["steps"]["CaptureMetadata"].get("error"))
    assert "AccessDenied" in refused
    assert theirs.list_objects_v2(Bucket=place.bucket)["KeyCount"] == 0
