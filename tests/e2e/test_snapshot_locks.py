"""An incident's snapshots are locked: read back with a second SDK, and kept from whoever may delete snapshots."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .command import Person
from .conftest import UNLIMITED
from .laptop import Laptop, Stack, wait_for


def contained(laptop: Laptop, stack: Stack, group: str) -> tuple[str, str]:
    """The instance that was contained, and its incident."""
    instance = laptop.fleet(group, size=3)["instance_ids"][0]
    stack.alarm(group, instance)
    stack.surge(instance)
    return instance, stack.incident_in(instance, "Contained")["id"]


def snapshots(laptop: Laptop, incident: str) -> list[str]:
    ours = [{"Name": "tag:cordon:incident", "Values": [incident]}]
    found = laptop.client("ec2").describe_snapshots(Filters=ours)["Snapshots"]
    return [snapshot["SnapshotId"] for snapshot in found]


def recorded(stack: Stack, instance: str) -> list[dict[str, Any]]:
    """What the journal says of the locks."""
    (incident,) = stack.incidents(instance)
    return incident.get("locks", {}).get("snapshots", [])


def refusal(laptop: Laptop, snapshot: str) -> str:
    with pytest.raises(ClientError) as refused:
        laptop.client("ec2").delete_snapshot(SnapshotId=snapshot)
    return str(refused.value.response["Error"]["Code"])


def test_snapshots_are_locked_and_everybody_is_told_until_when(laptop: Laptop, stack: Stack) -> None:
    instance, incident = contained(laptop, stack, "locked")
    wait_for("an end of each lock", lambda: all("until" in lock for lock in recorded(stack, instance)))
    taken = snapshots(laptop, incident)
    held = laptop.client("ec2").describe_locked_snapshots(SnapshotIds=taken)["Snapshots"]
    assert sorted(lock["SnapshotId"] for lock in held) == sorted(taken) and taken
    for lock in held:
        assert (lock["LockState"], lock["LockDuration"]) == ("governance", 90)
        assert lock["LockExpiresOn"] - lock["LockDurationStartTime"] == timedelta(days=90)
    # Not even the account's root user.
    assert {refusal(laptop, snapshot) for snapshot in taken} == {"OperationNotPermitted"}
    viewer = Person.user(stack, "lock-viewer", "ViewerPolicyArn")
    shown = " ".join(viewer.runs("show", incident).stdout.split())
    until = held[0]["LockExpiresOn"].strftime("%Y-%m-%d %H:%M UTC")
    assert all(f"{snapshot} is locked (governance) until" in shown for snapshot in taken) and until in shown
    verified = viewer.runs("evidence", "verify", incident).stdout
    assert all(f"by the journal: snapshot {snapshot} is locked" in verified for snapshot in taken), verified


def test_a_release_leaves_the_locks_and_says_so(laptop: Laptop, stack: Stack) -> None:
    _, incident = contained(laptop, stack, "locked-and-released")
    operator = Person.user(stack, "lock-operator", "OperatorPolicyArn")
    done = operator.runs("release", incident, "--reason", "false alarm")
    assert done.returncode == 0, done.stdout + done.stderr
    taken = snapshots(laptop, incident)
    assert all(f"left as it is: snapshot {snapshot} is locked" in done.stdout for snapshot in taken), done.stdout
    assert {refusal(laptop, snapshot) for snapshot in taken} == {"OperationNotPermitted"}


def test_a_lock_that_ec2_refuses_is_loud_delays_nothing_and_is_set_later(laptop: Laptop, stack: Stack) -> None:
    fault = {"service": "ec2", "action": "LockSnapshot", "error": "UnsupportedOperation", "status": 400, "times": 1000}
    laptop.door("POST", "faults", fault)
    try:
        instance, incident = contained(laptop, stack, "unlocked")
        shown = Person.user(stack, "unlocked-viewer", "ViewerPolicyArn").runs("show", incident).stdout
        assert "is NOT LOCKED" in shown and "UnsupportedOperation" in " ".join(shown.split())
        told = [lock for lock in recorded(stack, instance) if lock["lock"] == "missing"]
        assert [lock["snapshot"] for lock in told] == snapshots(laptop, incident)
    finally:
        laptop.door("DELETE", "faults")
    wait_for("the locks", lambda: all(lock["lock"] == "held" for lock in recorded(stack, instance)))
    assert {refusal(laptop, snapshot) for snapshot in snapshots(laptop, incident)} == {"OperationNotPermitted"}


def test_whoever_may_delete_snapshots_deletes_those_alone_that_were_not_to_be_locked(laptop: Laptop, stack: Stack) -> None:
    unlocked = Stack.deploy(laptop, "lockless", SnapshotLockMode="off", **UNLIMITED)
    _, kept = contained(laptop, stack, "kept-from-deleters")
    instance, incident = contained(laptop, unlocked, "lockless")
    assert recorded(unlocked, instance) == []
    deleter = Person.user(stack, "deleter")
    may = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:DeleteSnapshot", "Resource": "*"}]}
    laptop.client("iam").put_user_policy(UserName="deleter", PolicyName="own", PolicyDocument=json.dumps(may))
    ec2 = deleter.client("ec2")
    for snapshot in snapshots(laptop, incident):
        ec2.delete_snapshot(SnapshotId=snapshot)
    for snapshot in snapshots(laptop, kept):
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            ec2.delete_snapshot(SnapshotId=snapshot)
