"""When keys and permissions were last used, and what the account says of its users' credentials."""

from __future__ import annotations

import csv
import io
from functools import partial
from typing import Any

from account_process import AccountProcess, allow
from test_iam_enforcement import refusal


def last_accessed(account: AccountProcess, arn: str) -> dict[str, Any]:
    """By service, the principal's entry of each."""
    iam = account.client("iam")
    job = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
    answer = iam.get_service_last_accessed_details(JobId=job)
    assert (answer["JobStatus"], answer["IsTruncated"]) == ("COMPLETED", False)
    return {entry["ServiceNamespace"]: entry for entry in answer["ServicesLastAccessed"]}


def used(entry: dict[str, Any]) -> dict[str, bool]:
    return {each["ActionName"]: "LastAccessedTime" in each for each in entry["TrackedActionsLastAccessed"]}


def test_a_role_s_calls_are_told_from_what_it_may_do_and_never_did(account: AccountProcess) -> None:
    granted = allow("ec2:DescribeVpcs", "ec2:DeleteVpc", "sqs:ListQueues")
    keys = account.session("last-accessed", granted)
    arn = account.client("iam").get_role(RoleName="last-accessed")["Role"]["Arn"]
    assert {name: "LastAuthenticated" in entry for name, entry in last_accessed(account, arn).items()} == {
        "ec2": False,
        "sqs": False,
    }
    account.client("ec2", keys).describe_vpcs()
    found = last_accessed(account, arn)
    assert used(found["ec2"]) == {"DescribeVpcs": True, "DeleteVpc": False}
    assert "LastAuthenticated" in found["ec2"] and "LastAuthenticated" not in found["sqs"]


def test_an_attempt_that_was_denied_counts_as_use(account: AccountProcess) -> None:
    keys = account.session("last-denied", allow("ec2:DescribeVpcs"))
    assert refusal(partial(account.client("ec2", keys).delete_vpc, VpcId="vpc-0123")) == "UnauthorizedOperation"
    arn = account.client("iam").get_role(RoleName="last-denied")["Role"]["Arn"]
    assert used(last_accessed(account, arn)["ec2"])["DeleteVpc"]


def test_a_job_that_nobody_began_is_not_found(account: AccountProcess) -> None:
    iam = account.client("iam")
    assert refusal(partial(iam.get_service_last_accessed_details, JobId="0" * 36)) == "NoSuchEntity"


def test_a_key_s_last_use_is_its_last_cryptographic_operation(account: AccountProcess) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = kms.get_key_last_usage(KeyId=key)
    assert before["KeyLastUsage"] == {} and before["TrackingStartDate"]
    kms.describe_key(KeyId=key)
    assert kms.get_key_last_usage(KeyId=key)["KeyLastUsage"] == {}
    kms.encrypt(KeyId=key, Plaintext=b"x")
    assert kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Timestamp"]


def test_the_credential_report_has_the_root_users_row(account: AccountProcess) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="reported")
    iam.generate_credential_report()
    content = iam.get_credential_report()["Content"].decode()
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(content))}
    assert (rows["<root_account>"]["mfa_active"], rows["<root_account>"]["access_key_1_active"]) == ("false", "false")
    assert "reported" in rows


def test_the_default_key_of_volumes_is_awss_own(account: AccountProcess) -> None:
    assert account.client("ec2").get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
