"""What an instance's own sessions did, as CloudTrail tells it and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from account_process import AccountProcess, allow, eventually
from test_iam_enforcement import refusal

INSTANCE = "i-0123456789abcdef0"


@pytest.fixture
def prompt(account: AccountProcess) -> Iterator[AccountProcess]:
    """The account, with events visible at once."""
    account.door("POST", "delays", {"trail_seconds": 0})
    yield account
    account.door("POST", "delays", {"trail_seconds": 2})


def by(account: AccountProcess, name: str, value: str, **more: Any) -> list[dict[str, Any]]:
    attribute = {"AttributeKey": name, "AttributeValue": value}
    return list(account.client("cloudtrail").lookup_events(LookupAttributes=[attribute], **more)["Events"])


def instance_session(account: AccountProcess, role: str, instance_id: str = INSTANCE) -> dict[str, str]:
    return account.session(role, allow("ec2:Describe*"), session_name=instance_id)


def test_calls_of_an_instances_session_are_found_by_the_instances_id(prompt: AccountProcess) -> None:
    credentials = instance_session(prompt, "trail-found")
    ec2 = prompt.client("ec2", credentials)
    ec2.describe_vpcs()
    assert refusal(partial(ec2.delete_vpc, VpcId="vpc-0123")) == "UnauthorizedOperation"
    denied, allowed = by(prompt, "Username", INSTANCE)
    assert (allowed["EventName"], allowed["EventSource"], allowed["ReadOnly"]) == (
        "DescribeVpcs",
        "ec2.amazonaws.com",
        "true",
    )
    assert allowed["AccessKeyId"] == credentials["AccessKeyId"]
    record = json.loads(denied["CloudTrailEvent"])
    assert (record["eventName"], record["errorCode"], record["readOnly"]) == (
        "DeleteVpc",
        "UnauthorizedOperation",
        False,
    )
    identity = record["userIdentity"]
    assert (identity["type"], identity["arn"].rsplit("/", 2)[1:]) == ("AssumedRole", ["trail-found", INSTANCE])
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "trail-found"
    assert record["eventID"] == denied["EventId"] != allowed["EventId"]


def test_an_event_is_visible_only_after_the_delay(account: AccountProcess) -> None:
    instance_id = "i-0aaaaaaaaaaaaaaaa"
    account.door("POST", "delays", {"trail_seconds": 900})
    account.client("ec2", instance_session(account, "trail-late", instance_id)).describe_vpcs()
    assert by(account, "Username", instance_id) == []
    account.door("POST", "delays", {"trail_seconds": 0.3})
    assert len(eventually(lambda: by(account, "Username", instance_id))) == 1
    account.door("POST", "delays", {"trail_seconds": 2})


def test_object_and_item_calls_are_no_management_events(prompt: AccountProcess) -> None:
    instance_id = "i-0bbbbbbbbbbbbbbbb"
    credentials = prompt.session("trail-data", allow("s3:*", "dynamodb:*"), session_name=instance_id)
    prompt.client("s3", credentials).create_bucket(Bucket="trail-data")
    prompt.client("s3", credentials).put_object(Bucket="trail-data", Key="k", Body=b"")
    refusal(partial(prompt.client("dynamodb", credentials).get_item, TableName="none", Key={"pk": {"S": "x"}}))
    assert [event["EventName"] for event in by(prompt, "Username", instance_id)] == ["CreateBucket"]


def test_events_are_newest_first_in_pages_and_within_their_time(prompt: AccountProcess) -> None:
    instance_id = "i-0cccccccccccccccc"
    ec2 = prompt.client("ec2", instance_session(prompt, "trail-pages", instance_id))
    for read in (ec2.describe_vpcs, ec2.describe_subnets, ec2.describe_volumes):
        read()
    attribute = [{"AttributeKey": "Username", "AttributeValue": instance_id}]
    pages = prompt.client("cloudtrail").get_paginator("lookup_events").paginate(
        LookupAttributes=attribute, PaginationConfig={"PageSize": 2}
    )
    names = [[event["EventName"] for event in page["Events"]] for page in pages]
    assert names == [["DescribeVolumes", "DescribeSubnets"], ["DescribeVpcs"]]
    hour, now = timedelta(hours=1), datetime.now(timezone.utc)
    assert by(prompt, "Username", instance_id, EndTime=now - hour) == []
    assert len(by(prompt, "Username", instance_id, StartTime=now - hour, EndTime=now + hour)) == 3


def test_a_look_up_that_cannot_be_answered_is_refused(prompt: AccountProcess) -> None:
    look_up = prompt.client("cloudtrail").lookup_events
    two = [{"AttributeKey": name, "AttributeValue": "x"} for name in ("Username", "EventName")]
    now = datetime.now(timezone.utc)
    assert refusal(partial(look_up, LookupAttributes=two)) == "InvalidLookupAttributesException"
    backwards = partial(look_up, StartTime=now, EndTime=now - timedelta(hours=1))
    assert refusal(backwards) == "InvalidTimeRangeException"
    assert refusal(partial(look_up, NextToken="elsewhere")) == "InvalidNextTokenException"
    powerless = prompt.client("cloudtrail", prompt.session("trail-powerless", allow("ec2:*")))
    assert refusal(powerless.lookup_events) == "AccessDeniedException"
