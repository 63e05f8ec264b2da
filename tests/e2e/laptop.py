"""The local account as a process, and what the tests do with it: deploy, raise alarms, read back.

Everything is read back with boto3, a second SDK, so that a mistake of Cordon's own adapters can't hide itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import boto3

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("CORDON_BINARIES", ROOT / "target" / "debug"))
FUNCTIONS = {
    "ContainInstanceFunction": "contain-instance",
    "ReconcileIncidentsFunction": "reconcile-incidents",
    "EnrollFleetFunction": "enroll-fleet",
    "MeasureFleetFunction": "measure-fleet",
    "AuditAccessFunction": "audit-access",
    "ReleaseInstanceFunction": "release-instance",
    "RevokeCredentialsFunction": "revoke-credentials",
}
# State changes take time, as on AWS, but a test's time.
DELAYS = {"detach": 0.6, "stop": 0.4, "start": 0.2, "snapshot": 0.5, "launch": 0.2}
TIMEOUT_SECONDS = 40.0

T = TypeVar("T")


# Datapoints of five minutes, as of basic monitoring.
STEP_SECONDS = 300
HISTORY = 3 * 24 * 12
SURGED = 6
# Bytes in five minutes: under every threshold.
CALM = 6e5


def wait_for(what: str, look: Callable[[], T | None], seconds: float = TIMEOUT_SECONDS) -> T:
    """Polls until `look` finds something; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


class Laptop:
    """One local account. Root unless said otherwise."""

    def __init__(self, state_dir: Path, schedule_seconds: float = 0.5, latency_ms: float = 0.0):
        delays = [part for name, value in DELAYS.items() for part in (f"--{name}-seconds", str(value))]
        self.log = open(state_dir / "account.log", "w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local_account", "--state-dir", str(state_dir), *delays]
            + ["--schedule-seconds", str(schedule_seconds), "--async-retry-seconds", "0.2"]
            + ["--latency-ms", str(latency_ms)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "infra" / "local-account")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        assert ready, f"the local account did not start; see {self.log.name}"
        self.about: dict[str, Any] = json.loads(ready)

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(timeout=20)
            self.log.seek(0)
            raise AssertionError(f"the local account did not stop:\n{self.log.read()[-8000:].decode()}") from None
        finally:
            self.log.close()

    def door(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.about['door']}/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    @lru_cache
    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.about["endpoint"],
            region_name=self.about["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def fleet(self, group: str, size: int = 6, **options: Any) -> dict[str, Any]:
        body = {"group": group, "size": size, "min_size": 1, "max_size": size * 2, "mode": "enforce", **options}
        return self.door("POST", "scenario/fleet", body)

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        return self.door("GET", f"calls?since={since}")["calls"]


@dataclass
class Stack:
    """One deployment of template.yaml with the compiled functions."""

    laptop: Laptop
    outputs: dict[str, str]
    resources: dict[str, dict[str, str]]

    @classmethod
    def deploy(cls, laptop: Laptop, name: str, **parameters: str) -> Stack:
        """Enrolment and audits are off unless asked for: several stacks share an account, and most tests make their own
        alarms."""
        missing = [binary for binary in FUNCTIONS.values() if not (BINARIES / binary).exists()]
        assert not missing, f"{missing} not built in {BINARIES}: run cargo build first"
        answer = laptop.door(
            "POST",
            "deploy",
            {
                "template": str(ROOT / "template.yaml"),
                "stack_name": name,
                "parameters": {"Architecture": "x86_64", "EnrollFleet": "off", "AuditAccess": "off", **parameters},
                "code": {logical: str(BINARIES / binary) for logical, binary in FUNCTIONS.items()},
            },
        )
        stack = cls(laptop, answer["outputs"], answer["resources"])
        # Stacks share an account in which many alarms ring for as long as the tests last.
        stack.look_again(False)
        return stack

    def look_again(self, on: bool) -> None:
        """Whether the schedule runs that looks again at alarms that ring."""
        events, rule = self.laptop.client("events"), self.resources["LookAgainSchedule"]["physical_id"]
        (events.enable_rule if on else events.disable_rule)(Name=rule)

    def alarm(self, group: str, instance: str, **changes: Any) -> str:
        """A threshold alarm on the instance's NetworkOut that leads to this stack."""
        name = changes.pop("name", f"cordon/{group}/{instance}/NetworkOut")
        self.laptop.client("cloudwatch").put_metric_alarm(
            **{
                "AlarmName": name,
                "Namespace": "AWS/EC2",
                "MetricName": "NetworkOut",
                "Dimensions": [{"Name": "InstanceId", "Value": instance}],
                "Statistic": "Average",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1e6,
                "ComparisonOperator": "GreaterThanThreshold",
                "AlarmActions": [self.outputs["AlarmTopicArn"]],
                **changes,
            }
        )
        return name

    def surge(self, instance: str, value: float = 9e8) -> None:
        """EC2's own metrics show three calm days, half an hour of unusual traffic, and more of it now: what alarms."""
        last = int(time.time()) // STEP_SECONDS * STEP_SECONDS
        for metric, sent in (("NetworkIn", CALM), ("NetworkOut", value)):
            points = [
                {"timestamp": last - back * STEP_SECONDS, "value": sent if back <= SURGED else CALM}
                for back in range(HISTORY, 0, -1)
            ]
            body = {"namespace": "AWS/EC2", "metric": metric, "dimensions": {"InstanceId": instance}}
            self.laptop.door("POST", "metrics", {**body, "points": points})
        self.laptop.door("POST", "metrics", {**body, "points": [{"value": value}]})

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Items of the table whose partition key starts so, as plain values."""
        pages = self.laptop.client("dynamodb").get_paginator("scan").paginate(
            TableName=self.outputs["JournalTableName"], ConsistentRead=True
        )
        plain = ({k: next(iter(v.values())) for k, v in item.items()} for page in pages for item in page["Items"])
        return [item for item in plain if item["pk"].startswith(kind)]

    def incidents(self, instance: str) -> list[dict[str, Any]]:
        heads = [item for item in self.items("incident#") if item["sk"] == "head"]
        documents = [json.loads(item["document"]) for item in heads]
        return [document for document in documents if document["instance"] == instance]

    def events(self, incident: str) -> list[dict[str, Any]]:
        items = [item for item in self.items(f"incident#{incident}") if item["sk"] != "head"]
        return [json.loads(item["document"]) for item in sorted(items, key=lambda item: item["sk"])]

    def incident_in(self, instance: str, *states: str) -> dict[str, Any]:
        """Waits for the one incident of the instance to reach one of the states."""

        def look() -> dict[str, Any] | None:
            found = [one for one in self.incidents(instance) if one["state"]["name"] in states]
            return found[0] if found else None

        try:
            return wait_for(f"an incident of {instance} in {states}", look)
        except AssertionError as error:
            raise AssertionError(f"{error}; found {self.incidents(instance)}") from None


@dataclass
class Shown:
    """What AWS shows of an instance."""

    laptop: Laptop
    instance: str

    def describe(self) -> dict[str, Any]:
        answer = self.laptop.client("ec2").describe_instances(InstanceIds=[self.instance])
        return answer["Reservations"][0]["Instances"][0]

    def state(self) -> str:
        return self.describe()["State"]["Name"]

    def interface_groups(self) -> dict[str, list[str]]:
        answer = self.laptop.client("ec2").describe_network_interfaces(
            Filters=[{"Name": "attachment.instance-id", "Values": [self.instance]}]
        )
        return {eni["NetworkInterfaceId"]: [g["GroupName"] for g in eni["Groups"]] for eni in answer["NetworkInterfaces"]}

    def is_isolated(self) -> bool:
        groups = self.interface_groups()
        return bool(groups) and all(names == ["cordon-quarantine"] for names in groups.values())

    def group(self) -> str | None:
        answer = self.laptop.client("autoscaling").describe_auto_scaling_instances(InstanceIds=[self.instance])
        return answer["AutoScalingInstances"][0]["AutoScalingGroupName"] if answer["AutoScalingInstances"] else None

    def untouched(self) -> bool:
        return self.state() == "running" and "cordon-quarantine" not in str(self.interface_groups())
