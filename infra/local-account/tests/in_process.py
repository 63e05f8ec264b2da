"""The service overlays in this process: boto3 clients against moto's backends, no server and no latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local_account import (
    account_delays,
    autoscaling_groups,
    dynamodb_transactions,
    ec2_instances,
    ec2_network,
    ec2_snapshots,
    load_balancing,
    scenario,
)
from local_account.account import Account, Delays

MOMENT = 0.1


@dataclass
class Cloud:
    account: Account

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    def door(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self.account.door[(method, path)](body)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    delays = Delays(detach=MOMENT, stop=MOMENT, start=MOMENT, snapshot=MOMENT, launch=MOMENT)
    account = Account(delays=delays)
    with mock_aws():
        for overlay in (
            account_delays,
            autoscaling_groups,
            dynamodb_transactions,
            ec2_instances,
            ec2_network,
            ec2_snapshots,
            load_balancing,
            scenario,
        ):
            overlay.install(account)
        yield Cloud(account)
        account.stopping.set()


def eventually(holds: Callable[[], bool], seconds: float = 3.0) -> None:
    """Waits for a state change to complete; fails the test when it has not within `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "the state did not change in time"
        time.sleep(0.02)
