"""The service overlays in this process: boto3 clients against moto's backends, no server and no latency."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local_account import (
    account_delays,
    autoscaling_groups,
    cloudwatch_actions,
    cloudwatch_alarms,
    dynamodb_transactions,
    ec2_console,
    ec2_instances,
    ec2_monitoring,
    ec2_network,
    ec2_snapshot_locks,
    ec2_snapshots,
    ec2_starts,
    load_balancing,
    scenario,
    security_findings,
)
from local_account.account import Account, Delays

MOMENT = 0.1
OVERLAYS = (
    account_delays,
    autoscaling_groups,
    cloudwatch_alarms,
    dynamodb_transactions,
    ec2_console,
    ec2_instances,
    ec2_monitoring,
    ec2_network,
    ec2_snapshot_locks,
    ec2_snapshots,
    ec2_starts,
    load_balancing,
    scenario,
    security_findings,
)


@lru_cache
def _client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


@dataclass
class Cloud:
    """One account, and what its alarms sent: SNS messages, direct invocations, EventBridge events."""

    account: Account
    published: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    invoked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return _client(service)

    def door(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self.account.door[(method, path)](body)

    def fleet(self, **changes: Any) -> dict[str, Any]:
        body = {"group": "web", "size": 3, "min_size": 1, "max_size": 6, "mode": "enforce", "tags": {}, **changes}
        return self.door("POST", "scenario/fleet", body)  # type: ignore[no-any-return]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    # Loading moto's two thousand images takes most of a test's time, and no test of the services looks at them.
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    delays = Delays(**dict.fromkeys(vars(Delays()), MOMENT))
    cloud = Cloud(Account(delays=delays))

    def publish(account: Account, service: str, topic_arn: str, subject: str, message: str, source_arn: str) -> None:
        assert service == "cloudwatch.amazonaws.com"
        assert ":alarm:" in source_arn
        cloud.published.append((topic_arn, subject, json.loads(message)))

    def invoke(account: Account, service: str, source_arn: str, function_arn: str, event: dict[str, Any]) -> None:
        assert service == "lambda.alarms.cloudwatch.amazonaws.com"
        assert ":alarm:" in source_arn
        cloud.invoked.append((function_arn, event))

    def emit(source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
        cloud.events.append((detail_type, {"source": source, "detail": detail, "resources": resources}))

    monkeypatch.setattr(cloudwatch_actions.sns_delivery, "publish_as_service", publish)
    monkeypatch.setattr(cloudwatch_actions.lambda_delivery, "invoke_as_service", invoke)
    cloud.account.emit_event = emit
    with mock_aws():
        for overlay in OVERLAYS:
            overlay.install(cloud.account)
        yield cloud
        cloud.account.stopping.set()


def eventually(holds: Callable[[], bool], seconds: float = 3.0) -> None:
    """Waits for a state change to complete; fails the test when it has not within `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "the state did not change in time"
        time.sleep(0.02)
