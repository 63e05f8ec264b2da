"""Locked snapshots: kept as long as their lock says."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from moto.ec2.models import ec2_backends
from account_process import AccountProcess, allow
from in_process import Cloud, eventually
from test_iam_enforcement import refusal
from test_instances_states import standalone


def snapshot(client: Any, instance_id: str) -> str:
    made = client.create_snapshots(InstanceSpecification={"InstanceId": instance_id})["Snapshots"]
    return str(made[0]["SnapshotId"])


@pytest.fixture
def taken(cloud: Cloud) -> str:
    """A complete one."""
    ec2 = cloud.client("ec2")
    made = snapshot(ec2, standalone(cloud))
    eventually(lambda: state(ec2, made) == "completed")
    return made


def state(client: Any, snapshot_id: str) -> str:
    return str(client.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0]["State"])


def test_the_days_of_a_lock_begin_when_its_snapshot_is_complete(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    pending = snapshot(ec2, standalone(cloud))
    locked = ec2.lock_snapshot(SnapshotId=pending, LockMode="governance", LockDuration=90)
    assert (locked["LockState"], locked["LockDuration"]) == ("governance", 90)
    assert "LockExpiresOn" not in locked and "LockDurationStartTime" not in locked
    assert refusal(partial(ec2.delete_snapshot, SnapshotId=pending)) == "OperationNotPermitted"
    eventually(lambda: state(ec2, pending) == "completed")
    (described,) = ec2.describe_locked_snapshots(SnapshotIds=[pending])["Snapshots"]
    assert described["LockExpiresOn"] - described["LockDurationStartTime"] == timedelta(days=90)
    assert described["LockDurationStartTime"] >= described["LockCreatedOn"]


def test_the_lock_of_a_snapshot_that_fails_is_gone(cloud: Cloud, taken: str) -> None:
    ec2 = cloud.client("ec2")
    ec2.lock_snapshot(SnapshotId=taken, LockMode="governance", LockDuration=90)
    ec2_backends["123456789012"]["us-east-1"].snapshots[taken].status = "error"
    assert ec2.describe_locked_snapshots(SnapshotIds=[taken])["Snapshots"] == []
    lock = partial(ec2.lock_snapshot, SnapshotId=taken, LockMode="governance", LockDuration=1)
    assert refusal(lock) == "IncorrectState"


def test_a_snapshot_in_governance_is_deleted_only_after_it_is_unlocked(cloud: Cloud, taken: str) -> None:
    ec2 = cloud.client("ec2")
    locked = ec2.lock_snapshot(SnapshotId=taken, LockMode="governance", LockDuration=90)
    assert (locked["LockState"], locked["LockDuration"]) == ("governance", 90)
    assert locked["LockExpiresOn"] - locked["LockCreatedOn"] == timedelta(days=90)
    assert refusal(partial(ec2.delete_snapshot, SnapshotId=taken)) == "OperationNotPermitted"
    (described,) = ec2.describe_locked_snapshots(SnapshotIds=[taken])["Snapshots"]
    assert (described["OwnerId"], described["LockState"]) == ("123456789012", "governance")
    ec2.unlock_snapshot(SnapshotId=taken)
    assert ec2.describe_locked_snapshots(SnapshotIds=[taken])["Snapshots"] == []
    assert refusal(partial(ec2.delete_snapshot, SnapshotId=taken)) is None


def test_a_lock_in_compliance_is_only_ever_extended(cloud: Cloud, taken: str) -> None:
    ec2 = cloud.client("ec2")
    lock = partial(ec2.lock_snapshot, SnapshotId=taken)
    cooling = lock(LockMode="compliance", LockDuration=30, CoolOffPeriod=1)
    assert cooling["LockState"] == "compliance-cooloff"
    assert cooling["CoolOffPeriodExpiresOn"] - cooling["LockCreatedOn"] == timedelta(hours=1)
    assert lock(LockMode="compliance", LockDuration=30)["LockState"] == "compliance"
    assert refusal(partial(lock, LockMode="compliance", LockDuration=29)) == "OperationNotPermitted"
    assert refusal(partial(lock, LockMode="governance", LockDuration=31)) == "OperationNotPermitted"
    assert refusal(partial(ec2.unlock_snapshot, SnapshotId=taken)) == "OperationNotPermitted"
    assert lock(LockMode="compliance", LockDuration=31)["LockDuration"] == 31
    states = [{"Name": "lock-state", "Values": ["governance"]}]
    assert ec2.describe_locked_snapshots(Filters=states)["Snapshots"] == []


def test_terms_that_make_no_sense_are_refused(cloud: Cloud, taken: str) -> None:
    lock = partial(cloud.client("ec2").lock_snapshot, SnapshotId=taken, LockMode="governance")
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert refusal(lock) == "InvalidParameterCombination"
    assert refusal(partial(lock, LockDuration=1, ExpirationDate=tomorrow)) == "InvalidParameterCombination"
    assert refusal(partial(lock, LockDuration=36_501)) == "InvalidParameterValue"
    assert refusal(partial(lock, LockDuration=1, CoolOffPeriod=1)) == "InvalidParameterValue"
    assert refusal(partial(lock, ExpirationDate=tomorrow - timedelta(days=2))) == "InvalidParameterValue"
    assert refusal(partial(lock, SnapshotId="snap-00000000000000000", LockDuration=1)) == "InvalidSnapshot.NotFound"
    assert lock(ExpirationDate=tomorrow)["LockDuration"] == 1


def test_a_role_locks_only_within_its_days(account: AccountProcess) -> None:
    instance_id = account.door("POST", "scenario/instance", {})["instance_id"]
    taken = snapshot(account.client("ec2"), instance_id)
    days = {"NumericLessThanEquals": {"ec2:SnapshotLockDuration": "90"}}
    locks = allow("ec2:LockSnapshot", resource="arn:aws:ec2:us-east-1::snapshot/*", Condition=days)
    ec2 = account.client("ec2", account.session("snapshot-locker", locks))
    lock = partial(ec2.lock_snapshot, SnapshotId=taken, LockMode="governance")
    assert refusal(partial(lock, LockDuration=91)) == "UnauthorizedOperation"
    assert refusal(partial(lock, LockDuration=90)) is None
    assert refusal(partial(ec2.unlock_snapshot, SnapshotId=taken)) == "UnauthorizedOperation"
