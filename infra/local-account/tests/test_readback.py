"""What the demonstration's figures are read from: it must see a containment, and see where one is not whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from account_process import PACKAGE, AccountProcess
from local_account.readback import Subject, denies_session
from local_account.root_clients import RootClients

TABLE = "readback-journal"


@pytest.fixture(scope="module")
def table(account: AccountProcess) -> Iterator[str]:
    account.client("dynamodb").create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield TABLE


def fleet(account: AccountProcess, group: str) -> dict[str, Any]:
    body = {"group": group, "size": 3, "mode": "enforce", "two_eni_index": 0, "instance_profile": True}
    return dict(account.door("POST", "scenario/fleet", body))


def subject(account: AccountProcess, made: dict[str, Any]) -> Subject:
    clients = RootClients(account.ready["endpoint"])
    return Subject(clients, made["two_eni_instance"], made["group"], TABLE, made["role_name"])


def enroll(account: AccountProcess, made: dict[str, Any]) -> dict[str, list[str]]:
    """The scene as the demonstration makes it; answers with the interfaces of the instance."""
    command = [sys.executable, "-m", "local_account.demo_scene", "--endpoint", account.ready["endpoint"]]
    options = ["--topic", f"arn:aws:sns:us-east-1:123456789012:{made['group']}", "--group", made["group"]]
    options += ["--vpc", made["vpc_id"], "--instance", made["two_eni_instance"]]
    printed = subprocess.run(command + options, cwd=PACKAGE, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(printed))


def test_an_untouched_instance_is_shown_as_it_is(account: AccountProcess, table: str) -> None:
    made = fleet(account, "untouched")
    shown = subject(account, made).shown()
    assert (shown["incident"], shown["state"], shown["instance_state"]) == (None, None, "running")
    assert (shown["instance_in_group"], shown["lifecycle_state"], shown["group_size"]) == (True, "InService", 3)
    assert list(shown["eni_groups"].values()) == [[made["service_group_id"]]] * 2
    assert (shown["quarantine_group"], shown["snapshots"], shown["credentials_revoked"]) == (None, [], False)


def test_the_scene_has_an_empty_quarantine_group_and_an_alarm_that_carries_the_hint(
    account: AccountProcess, table: str
) -> None:
    made = fleet(account, "scene")
    instance = made["two_eni_instance"]
    interfaces = enroll(account, made)
    shown = subject(account, made).shown()
    assert sorted(interfaces[instance]) == list(shown["eni_groups"])
    assert shown["quarantine_group"] is not None
    assert shown["quarantine_rules"] == 0
    name = f"cordon/scene/{instance}/NetworkOut"
    alarms = account.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert [metric.get("Expression") for metric in alarms[0]["Metrics"]] == [None, "ANOMALY_DETECTION_BAND(traffic, 3)"]


def test_one_interface_outside_and_one_rule_are_seen(account: AccountProcess, table: str) -> None:
    made = fleet(account, "half")
    enroll(account, made)
    ec2, look = account.client("ec2"), subject(account, made)
    before = look.shown()
    one, other = before["eni_groups"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=one, Groups=[before["quarantine_group"]])
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_egress(GroupId=before["quarantine_group"], IpPermissions=[rule])
    after = look.shown()
    assert after["eni_groups"] == {one: [before["quarantine_group"]], other: [made["service_group_id"]]}
    assert after["quarantine_rules"] == 1


def test_the_incident_that_acted_is_shown_before_a_later_refusal(account: AccountProcess, table: str) -> None:
    made = fleet(account, "two-incidents")
    for incident, state, opened_at in (("inc-1", "contained", "2026-01-01"), ("inc-2", "Refused", "2026-01-02")):
        document = {
            "id": incident,
            "instance": made["two_eni_instance"],
            "state": {"name": state},
            "opened_at": opened_at,
        }
        item = {"pk": f"incident#{incident}", "sk": "head", "document": json.dumps(document)}
        account.client("dynamodb").put_item(TableName=TABLE, Item={name: {"S": value} for name, value in item.items()})
    shown = subject(account, made).shown()
    assert (shown["incident"], shown["state"]) == ("inc-1", "Contained")


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Action": "s3:*"},
        {"Resource": "arn:aws:s3:::*"},
        {"Condition": {"StringEquals": {"aws:userid": "AROA1:i-2"}}},
        {"Condition": {}},
    ],
)
def test_a_statement_that_denies_less_or_somebody_else_is_no_revocation(change: dict[str, Any]) -> None:
    whole = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:userid": "AROA1:i-1"}},
    }
    assert denies_session(whole, "AROA1:i-1")
    assert not denies_session({**whole, **change}, "AROA1:i-1")
