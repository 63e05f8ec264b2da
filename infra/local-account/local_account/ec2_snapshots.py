"""Snapshots that take time: `pending` when CreateSnapshots answers, `completed` after `delays.snapshot`.

Source: CreateSnapshots and CreateSnapshot in the EC2 API reference (both return before the data is copied).
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_block_store import EBSBackend, Snapshot

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


def _complete(snapshot: Any) -> None:
    with COMPUTE:
        if snapshot.status == "pending":
            snapshot.status = "completed"
