"""Snapshots that take time: `pending` when CreateSnapshots answers, `completed` after `delays.snapshot`.

Source: CreateSnapshots and CreateSnapshot in the EC2 API reference (both return before the data is copied).
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from moto.ec2.models.elastic_block_store import EBSBackend, Snapshot
from moto.ec2.utils import generic_filter

from .account import Account
from .patching import overlay, replace
from .serialisation import COMPUTE


def install(account: Account) -> None:
    replace(Snapshot, "progress", property(lambda snapshot: "100%" if snapshot.status == "completed" else "0%"))
    # CreateSnapshots answers with SnapshotInfo, which moto leaves without its state.
    replace(Snapshot, "state", property(lambda snapshot: snapshot.status))

    @overlay(EBSBackend)
    def create_snapshot(moto: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        snapshot = moto(self, *args, **kwargs)
        # The snapshots behind moto's built-in images have an image as their source, and always existed.
        if snapshot.from_ami is None:
            snapshot.status = "pending"
            account.later(account.delays.snapshot, lambda: _complete(snapshot))
        return snapshot

    @overlay(EBSBackend)
    def describe_snapshots(moto: Any, self: Any, snapshot_ids: list[str] | None = None, filters: Any = None) -> Any:
        if not any(name.startswith("tag") for name in filters or {}):
            return moto(self, snapshot_ids, filters)
        # The thousands of snapshots behind moto's images have no tags, and comparing them takes half a second.
        own = [snapshot for snapshot in self.snapshots.values() if snapshot.from_ami is None]
        wanted = [snapshot for snapshot in own if not snapshot_ids or snapshot.id in snapshot_ids]
        return generic_filter(filters, wanted)


def _complete(snapshot: Any) -> None:
    with COMPUTE:
        if snapshot.status == "pending":
            snapshot.status = "completed"
            snapshot.completed_at = datetime.now(timezone.utc)
