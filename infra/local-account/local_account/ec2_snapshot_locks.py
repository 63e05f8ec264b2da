"""Snapshots that cannot be deleted for a while.

Source: LockSnapshot, UnlockSnapshot and DescribeLockedSnapshots in the EC2 API reference; "Amazon EBS snapshot lock" and
"Considerations for Amazon EBS snapshot lock" in the EBS user guide: a pending snapshot is locked at once, but its days
begin, and an end is shown, only when it is complete; if it fails its lock is gone. Which codes refuse the deletion of a
locked snapshot, and the lock of a failed one, is not documented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, OperationNotPermitted
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.responses import EC2Response

from .account import Account
from .metric_series import epoch_seconds
from .patching import overlay

LONGEST_DAYS = 36_500
LONGEST_COOL_OFF_HOURS = 72


@dataclass(frozen=True)
class Lock:
    """`cool_off_hours` is None for governance, and for compliance that took hold at once. `days` or `until` is given."""

    snapshot: Any
    mode: str
    created: datetime
    days: int | None
    until: datetime | None
    cool_off_hours: int | None

    @property
    def starts(self) -> datetime | None:
        """None while the snapshot is not complete."""
        if self.until is not None:
            return self.created
        completed = getattr(self.snapshot, "completed_at", self.created)
        return None if self.snapshot.status == "pending" else max(self.created, completed)

    @property
    def expires(self) -> datetime | None:
        starts = self.starts
        return self.until or (starts and starts + timedelta(days=self.days or 0))

    @property
    def length(self) -> int:
        if self.days is not None:
            return self.days
        assert self.until is not None
        return -(-int((self.until - self.created).total_seconds()) // 86_400)

    @property
    def cool_off_ends(self) -> datetime | None:
        return None if self.cool_off_hours is None else self.created + timedelta(hours=self.cool_off_hours)

    @property
    def state(self) -> str:
        now = _now()
        if self.expires is not None and now >= self.expires:
            return "expired"
        return "compliance-cooloff" if self.cool_off_ends is not None and now < self.cool_off_ends else self.mode

    def described(self, snapshot_id: str) -> dict[str, Any]:
        return {
            "SnapshotId": snapshot_id,
            "LockState": self.state,
            "LockDuration": self.length,
            "CoolOffPeriod": self.cool_off_hours,
            "CoolOffPeriodExpiresOn": self.cool_off_ends,
            "LockCreatedOn": self.created,
            "LockDurationStartTime": self.starts,
            "LockExpiresOn": self.expires,
        }


def install(account: Account) -> None:
    @overlay(EC2Response)
    def lock_snapshot(moto: Any, self: Any) -> ActionResult:
        self.error_on_dryrun()
        snapshot = self.ec2_backend.get_snapshot(self._get_param("SnapshotId"))
        lock, held = _requested(self, snapshot), lock_of(snapshot)
        if snapshot.status not in ("pending", "completed"):
            raise EC2ClientError("IncorrectState", f"The snapshot '{snapshot.id}' is in state '{snapshot.status}'.")
        if held is not None and held.state == "compliance":
            if lock.mode != "compliance" or lock.cool_off_hours is not None or _ends_before(lock, held):
                raise _not_permitted(snapshot.id, "its lock in compliance mode can only be extended")
        snapshot.lock = lock
        return ActionResult(lock.described(snapshot.id))

    @overlay(EC2Response)
    def unlock_snapshot(moto: Any, self: Any) -> ActionResult:
        self.error_on_dryrun()
        snapshot = self.ec2_backend.get_snapshot(self._get_param("SnapshotId"))
        held = lock_of(snapshot)
        if held is not None and held.state == "compliance":
            raise _not_permitted(snapshot.id, "it is locked in compliance mode")
        snapshot.lock = None
        return ActionResult({"SnapshotId": snapshot.id})

    @overlay(EC2Response)
    def describe_locked_snapshots(moto: Any, self: Any) -> ActionResult:
        self.error_on_dryrun()
        ids = self._get_param("SnapshotIds", [])
        found = [self.ec2_backend.get_snapshot(each) for each in ids] or self.ec2_backend.snapshots.values()
        states = [
            each["Values"] for each in self._get_param("Filters", []) or [] if each["Name"] == "lock-state"
        ]
        locked = [
            {**lock.described(snapshot.id), "OwnerId": snapshot.owner_id}
            for snapshot in found
            if (lock := lock_of(snapshot)) is not None and all(lock.state in wanted for wanted in states)
        ]
        return ActionResult({"Snapshots": locked})

    @overlay(EBSBackend)
    def delete_snapshot(moto: Any, self: Any, snapshot_id: str) -> Any:
        held = lock_of(self.snapshots.get(snapshot_id))
        if held is not None and held.state != "expired":
            raise _not_permitted(snapshot_id, "it is locked")
        return moto(self, snapshot_id)


def lock_of(snapshot: Any) -> Lock | None:
    return None if getattr(snapshot, "status", None) == "error" else getattr(snapshot, "lock", None)


def _ends_before(lock: Lock, held: Lock) -> bool:
    if lock.expires is None or held.expires is None:
        return lock.length < held.length
    return lock.expires < held.expires


def _requested(response: Any, snapshot: Any) -> Lock:
    mode, days = response._get_param("LockMode"), response._get_int_param("LockDuration")
    until, hours = response._get_param("ExpirationDate"), response._get_int_param("CoolOffPeriod")
    if mode not in ("governance", "compliance"):
        raise _invalid(f"Value ({mode}) for parameter LockMode is invalid.")
    if (days is None) == (until is None):
        raise EC2ClientError(
            "InvalidParameterCombination", "Specify either LockDuration or ExpirationDate, and not both."
        )
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise _invalid(f"LockDuration must be between 1 and {LONGEST_DAYS} days.")
    if hours is not None and (mode == "governance" or not 1 <= hours <= LONGEST_COOL_OFF_HOURS):
        raise _invalid(f"CoolOffPeriod is for compliance mode, from 1 to {LONGEST_COOL_OFF_HOURS} hours.")
    now = _now()
    ends = None if until is None else _moment(until)
    if ends is not None and ends <= now:
        raise _invalid("ExpirationDate must be in the future.")
    return Lock(snapshot, mode, now, days, ends, hours)


def _moment(value: datetime) -> datetime:
    return datetime.fromtimestamp(epoch_seconds(value), timezone.utc)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)


def _not_permitted(snapshot_id: str, reason: str) -> OperationNotPermitted:
    return OperationNotPermitted(f"The snapshot '{snapshot_id}' may not be changed: {reason}.")
