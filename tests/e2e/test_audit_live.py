"""The live account: `cordon audit` and `cordon can` without a file, and audit-access on its schedule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .command import Person, cordon
from .laptop import Laptop, Stack, wait_for
from .test_audit import of

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An account of its own: an audit sees everything."""
    laptop = Laptop(Path(tmp_path_factory.mktemp("audited")))
    try:
        yield laptop
    finally:
        laptop.close()


@pytest.fixture(scope="module")
def audited(account: Laptop) -> Stack:
    """Audits on, and due again at once; the schedule is the test's own."""
    account.client("securityhub").enable_security_hub()
    stack = Stack.deploy(account, "cordon", AuditAccess="on", AuditHours="1", SecurityHubFindings="on")
    account.client("events").disable_rule(Name=stack.resources["AuditAccessSchedule"]["physical_id"])
    return stack


def grant(account: Laptop, name: str, *actions: str) -> str:
    """A role with these actions on everything."""
    iam = account.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))
    return str(role["Arn"])


def live(account: Laptop, *more: str) -> dict[str, Any]:
    done = cordon(account, "audit", "--json", *more)
    assert done.stderr == "", done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def invoke(stack: Stack) -> dict[str, Any]:
    """One run of audit-access."""
    function = stack.resources["AuditAccessFunction"]["physical_id"]
    answer = stack.laptop.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return dict(payload)


def bucket(stack: Stack) -> str:
    return str(stack.outputs["AuditBucketName"])


def stored(stack: Stack, key: str) -> dict[str, Any]:
    body = stack.laptop.client("s3").get_object(Bucket=bucket(stack), Key=key)["Body"].read()
    return dict(json.loads(body))


def forgotten(stack: Stack) -> None:
    """As if no audit had been made. The schedule may have begun one before it was disabled."""
    wait_for("an audit to be over", lambda: invoke(stack)["outcome"] == "not-due" or None)
    for key in ("state.json", "baseline.json"):
        stack.laptop.client("s3").delete_object(Bucket=bucket(stack), Key=key)


def due_again(stack: Stack) -> None:
    """As if the last audit had begun long ago."""
    s3 = stack.laptop.client("s3")
    state = {**stored(stack, "state.json"), "last_began_at": 1}
    s3.put_object(Bucket=bucket(stack), Key="state.json", Body=json.dumps(state).encode())


def test_the_live_account_is_read_whole_and_cordons_own_roles_hold_no_more_than_the_list_says(
    account: Laptop, audited: Stack
) -> None:
    document = live(account)
    assert document["errors"] == []
    assert [one for one in document["findings"] if one["status"] == "error"] == []
    own = [one for one in document["findings"] if one.get("own")]
    assert {role for one in own for role in [one["resource"].split("cordon-")[1].split("-")[0]]} >= {
        "AuditAccessRole",
        "ContainInstanceRole",
        "RevokeCredentialsRole",
    }
    assert [one for one in own if not one.get("suppressed")] == []
    controls = {one["control"] for one in document["findings"] if one["status"] in ("pass", "fail")}
    assert {"iam-root-mfa", "iam-password-policy", "kms-rotation", "kms-unused", "iam-user-mfa"} <= controls


def test_a_permission_too_many_on_a_role_of_cordons_comes_first(account: Laptop, audited: Stack) -> None:
    iam, role = account.client("iam"), audited.resources["MeasureFleetRole"]["physical_id"]
    statement = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(RoleName=role, PolicyName="too-much", PolicyDocument=json.dumps(document))
    try:
        done = cordon(account, "audit")
        assert done.returncode == 14
        first = next(line for line in done.stdout.splitlines() if "CRITICAL" in line)
        assert first.startswith("CORDON'S OWN ROLE  CRITICAL"), done.stdout
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="too-much")


def test_what_is_open_or_not_encrypted_in_the_region_is_found(account: Laptop, audited: Stack) -> None:
    s3, ec2 = account.client("s3"), account.client("ec2")
    s3.create_bucket(Bucket="open-to-all")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open-to-all/*"}
    s3.put_bucket_policy(Bucket="open-to-all", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    account.client("sqs").create_queue(QueueName="plain", Attributes={"SqsManagedSseEnabled": "false"})
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    document = live(account)

    def found(control: str) -> set[str]:
        return {one["resource"].rsplit(":", 1)[1] for one in of(document, control)}

    assert found("resource-public") == {"open-to-all"}
    assert "plain" in found("resource-own-key")
    assert f"volume/{volume}" in found("ebs-volume-encrypted")
    assert found("ebs-snapshot-shared") == {f"snapshot/{snapshot}"}
    assert len(of(document, "ebs-encryption-default")) == 1
    assert document["errors"] == []
    s3.delete_bucket(Bucket="open-to-all")
    ec2.delete_snapshot(SnapshotId=snapshot)
    ec2.delete_volume(VolumeId=volume)


def test_can_asks_the_live_account(account: Laptop, audited: Stack) -> None:
    arn = grant(account, "asked", "s3:GetObject")
    assert cordon(account, "can", arn, "s3:GetObject", "arn:aws:s3:::b/k").returncode == 0
    assert cordon(account, "can", arn, "s3:PutObject", "arn:aws:s3:::b/k").returncode == 3


def test_who_may_not_read_the_account_is_told_so_and_nothing_passes(account: Laptop, audited: Stack) -> None:
    person = Person.user(audited, "may-nothing")
    done = person.runs("audit")
    assert done.returncode == 6 and "iam:GetAccountAuthorizationDetails" in done.stderr and done.stdout == ""


def test_a_part_that_may_not_be_read_is_an_error_in_the_report_with_what_it_hides(account: Laptop, audited: Stack) -> None:
    person = Person.user(audited, "may-half")
    iam = account.client("iam")
    allowed = [
        {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "iam:Generate*", "kms:ListKeys"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["kms:Describe*", "kms:Get*"], "Resource": "*"},
    ]
    document = {"Version": "2012-10-17", "Statement": allowed}
    iam.put_user_policy(UserName="may-half", PolicyName="half", PolicyDocument=json.dumps(document))
    done = person.runs("audit", "--json")
    report = json.loads(done.stdout)
    assert any("kms:ListGrants" in one["problem"] for one in report["errors"]), report["errors"]
    assert {one["status"] for one in of(report, "kms-grants", "error")} == {"error"}
    assert of(report, "kms-grants", "pass") == []


def test_audit_access_keeps_what_it_found_and_tells_only_what_is_new_or_gone(account: Laptop, audited: Stack) -> None:
    forgotten(audited)
    notices = account.client("sqs").create_queue(QueueName="audit-notices")["QueueUrl"]
    attributes = account.client("sqs").get_queue_attributes(QueueUrl=notices, AttributeNames=["QueueArn"])["Attributes"]
    account.client("sns").subscribe(
        TopicArn=audited.outputs["NotificationTopicArn"], Protocol="sqs", Endpoint=attributes["QueueArn"]
    )

    def told() -> list[dict[str, Any]]:
        messages = account.client("sqs").receive_message(QueueUrl=notices, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            account.client("sqs").delete_message(QueueUrl=notices, ReceiptHandle=message["ReceiptHandle"])
        bodies = [json.loads(message["Body"]) for message in messages]
        return [body for body in bodies if "audit" in body.get("Subject", "")]

    first = invoke(audited)
    assert (first["outcome"], first["own"], first["errors"]) == ("audited", 0, 0)
    assert "first audit" in told()[0]["Subject"]
    report = stored(audited, first["report"])
    assert report["schema"] == 1 and report["decrypt"]
    head = account.client("s3").head_object(Bucket=bucket(audited), Key=first["report"])
    assert head["ServerSideEncryption"] == "aws:kms"
    key = account.client("kms").describe_key(KeyId="alias/cordon/audits")["KeyMetadata"]["Arn"]
    assert head["SSEKMSKeyId"] == key
    assert invoke(audited)["outcome"] == "not-due"

    climber = grant(account, "climber", "iam:PutRolePolicy")
    due_again(audited)
    second = invoke(audited)
    assert second["new"] >= 1
    (notice,) = told()
    assert climber in notice["Message"] and "make itself administrator" in notice["Message"]
    hub = account.client("securityhub")

    def imported() -> dict[str, str]:
        wanted = {"ResourceId": [{"Value": climber, "Comparison": "EQUALS"}]}
        return {each["GeneratorId"]: each["RecordState"] for each in hub.get_findings(Filters=wanted)["Findings"]}

    assert imported() == {"cordon/audit-access": "ACTIVE"}

    due_again(audited)
    assert (invoke(audited)["new"], told()) == (0, [])

    account.client("iam").delete_role_policy(RoleName="climber", PolicyName="own")
    due_again(audited)
    assert invoke(audited)["gone"] >= 1
    (notice,) = told()
    assert "GONE" in notice["Message"] and climber in notice["Message"]
    assert imported() == {"cordon/audit-access": "ARCHIVED"}


def test_audit_access_wrote_nothing_but_its_audits_and_was_refused_nothing(account: Laptop, audited: Stack) -> None:
    """After the runs above."""
    calls = [call for call in account.calls() if call["function"] == "cordon-audit-access"]
    assert len(calls) > 50
    assert [call for call in calls if call["status"] in (401, 403)] == []
    reads = ("Describe", "Get", "List", "Generate")
    assert {call["action"] for call in calls if not call["action"].startswith(reads)} == {
        "PutObject",
        "Publish",
        "BatchImportFindings",
    }
