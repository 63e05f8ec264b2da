"""The record of calls, and interference with them."""

from __future__ import annotations

import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from account_process import AccountProcess, allow
from botocore.exceptions import ClientError


def calls_since(account: AccountProcess, n: int) -> list[dict[str, Any]]:
    return list(account.door("GET", f"calls?since={n}")["calls"])


def last(account: AccountProcess) -> int:
    return len(calls_since(account, 0))


def test_a_call_is_recorded_with_what_it_touched_and_took(account: AccountProcess) -> None:
    seen = last(account)
    account.client("s3").create_bucket(Bucket="recorded-bucket")
    account.client("s3").put_object(Bucket="recorded-bucket", Key="a/b", Body=b"x")
    create, put = calls_since(account, seen)
    assert (create["service"], create["action"], create["caller"]) == ("s3", "CreateBucket", "root")
    assert put["permissions"] == ["s3:PutObject"]
    assert put["resources"] == ["arn:aws:s3:::recorded-bucket/a/b"]
    assert put["params"]["Key"] == "a/b"
    assert (put["status"], put["error"], put["n"]) == (200, None, seen + 2)
    assert 0 < put["ended_ms"] - put["started_ms"] < 5000


def test_a_failed_call_is_recorded_with_its_error_in_every_protocol(account: AccountProcess) -> None:
    seen = last(account)
    failing: list[tuple[str, str, dict[str, Any], str]] = [
        ("ec2", "describe_vpcs", {"VpcIds": ["vpc-0123"]}, "InvalidVpcID.NotFound"),
        ("dynamodb", "describe_table", {"TableName": "none"}, "ResourceNotFoundException"),
        ("cloudwatch", "describe_alarm_contributors", {"AlarmName": "none"}, "ResourceNotFoundException"),
        ("iam", "get_role", {"RoleName": "none"}, "NoSuchEntity"),
        ("s3", "get_object", {"Bucket": "no-such-bucket", "Key": "k"}, "NoSuchBucket"),
        ("lambda", "get_function", {"FunctionName": "none"}, "ResourceNotFoundException"),
    ]
    for service, operation, parameters, _ in failing:
        with pytest.raises(ClientError):
            getattr(account.client(service), operation)(**parameters)
    assert [call["error"] for call in calls_since(account, seen)] == [code for *_, code in failing]


def test_a_transaction_is_recorded_with_the_permission_of_each_part(account: AccountProcess) -> None:
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(
        TableName="parts",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    seen = last(account)
    check = {"TableName": "parts", "Key": {"pk": {"S": "freeze"}}, "ConditionExpression": "attribute_not_exists(pk)"}
    put = {"TableName": "parts", "Item": {"pk": {"S": "incident"}}}
    dynamodb.transact_write_items(TransactItems=[{"ConditionCheck": check}, {"Put": put}])
    (call,) = calls_since(account, seen)
    assert call["permissions"] == ["dynamodb:ConditionCheckItem", "dynamodb:PutItem"]
    assert call["resources"] == ["arn:aws:dynamodb:us-east-1:123456789012:table/parts"]


def test_a_refused_call_is_recorded_as_refused(account: AccountProcess) -> None:
    client = account.client("ec2", account.session("recorded-nobody"))
    seen = last(account)
    with pytest.raises(ClientError):
        client.describe_vpcs()
    (call,) = calls_since(account, seen)
    assert call["error"] == "UnauthorizedOperation"
    assert call["caller"].endswith(":assumed-role/recorded-nobody/session")


def test_a_fault_fails_as_many_calls_as_it_was_set_for_and_spares_root(account: AccountProcess) -> None:
    client = account.client("cloudwatch", account.session("faulted", allow("cloudwatch:*")))
    fault = {"service": "cloudwatch", "action": "DescribeAlarms", "error": "InternalServiceFault", "status": 500}
    account.door("POST", "faults", {**fault, "times": 2})
    account.client("cloudwatch").describe_alarms()
    for _ in range(2):
        with pytest.raises(ClientError, match="InternalServiceFault"):
            client.describe_alarms()
    assert client.describe_alarms()["MetricAlarms"] is not None


def test_cleared_faults_fail_nothing(account: AccountProcess) -> None:
    client = account.client("ec2", account.session("unfaulted", allow("ec2:*")))
    account.door("POST", "faults", {"service": "ec2", "action": "DescribeVpcs", "error": "InternalError", "times": 9})
    with pytest.raises(ClientError):
        client.describe_vpcs()
    account.door("DELETE", "faults")
    assert client.describe_vpcs()["Vpcs"]


def test_latency_delays_calls_that_run_at_once_at_once(account: AccountProcess) -> None:
    client = account.client("ec2", account.session("delayed", allow("ec2:*")))
    client.describe_vpcs()
    account.door("POST", "latency", {"milliseconds": 1000, "service": "ec2", "action": "DescribeVpcs"})
    try:
        start = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: client.describe_vpcs(), range(4)))
        took = time.monotonic() - start
    finally:
        account.door("POST", "latency", {"milliseconds": 0})
    # One after another they would take four seconds.
    assert 1.0 <= took < 3.5


def test_the_door_says_what_it_cannot_do(account: AccountProcess) -> None:
    with pytest.raises(urllib.error.HTTPError) as unknown:
        account.door("POST", "teleport", {})
    assert unknown.value.code == 404
    with pytest.raises(urllib.error.HTTPError) as incomplete:
        account.door("POST", "latency", {})
    assert incomplete.value.code == 400
