"""A credential is good while it is known, active and not expired, and only with its own secret and token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from account_process import AccountProcess, allow
from botocore.exceptions import ClientError


def refusal(call: Callable[[], Any]) -> tuple[int, str] | None:
    try:
        call()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return None


def test_an_unknown_key_and_one_that_was_deactivated_are_nobodys(account: AccountProcess) -> None:
    key = account.user("leaver")
    whoami = account.client("sts", key).get_caller_identity
    assert refusal(whoami) is None
    account.client("iam").update_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refusal(whoami) == (403, "InvalidClientTokenId")
    unknown = {**key, "AccessKeyId": "AKIAUNKNOWNUNKNOWN00"}
    assert refusal(account.client("sts", unknown).get_caller_identity) == (403, "InvalidClientTokenId")


def test_a_sessions_token_must_be_its_own(account: AccountProcess) -> None:
    mine, other = account.session("token-holder"), account.session("other-token-holder")
    assert refusal(account.client("sts", mine).get_caller_identity) is None
    stolen = {**mine, "SessionToken": other["SessionToken"]}
    assert refusal(account.client("sts", stolen).get_caller_identity) == (403, "InvalidClientTokenId")


def test_a_session_ends(account: AccountProcess) -> None:
    credentials = account.session("short-lived")
    account.door("POST", "sessions/expire", {"access_key_id": credentials["AccessKeyId"]})
    assert refusal(account.client("sts", credentials).get_caller_identity) == (403, "ExpiredToken")


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("autoscaling", "describe_auto_scaling_groups", "SignatureDoesNotMatch"),
        ("dynamodb", "list_tables", "InvalidSignatureException"),
        ("lambda", "list_functions", "InvalidSignatureException"),
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_secret_is_refused_by_every_service(
    account: AccountProcess, service: str, operation: str, code: str
) -> None:
    wrong = {**account.session(f"forger-of-{service}", allow("*")), "SecretAccessKey": "guessed"}
    assert refusal(getattr(account.client(service, wrong), operation)) == (403, code)


def test_even_root_must_know_its_secret(account: AccountProcess) -> None:
    wrong = {"AccessKeyId": "test", "SecretAccessKey": "guessed"}
    assert refusal(account.client("sts", wrong).get_caller_identity) == (403, "SignatureDoesNotMatch")
    assert account.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"
