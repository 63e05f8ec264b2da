"""What people wait for: the start of `cordon`, a list of incidents, a report, a release. `cargo xtask bench command`.

Round trips are the longest chain of calls that don't overlap. Times are of one machine, medians of the runs.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.e2e.command import Person
from tests.e2e.laptop import BINARIES, Laptop, Stack, wait_for

LATENCY_MS = 50
INCIDENTS = 10_000
INTERFACES = (1, 8)
STARTS = 20
PERIOD_SECONDS = 300
# As much of the past as a capture reads.
PAST_PERIODS = 24 * 3600 // PERIOD_SECONDS
UNLIMITED = {"Mode": "enforce", "AccountLimitCount": "10000", "GroupLimitPercent": "100", "GroupLimitCount": "1000"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.command", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    print(f"{LATENCY_MS} ms injected into every call; `cordon` and functions from {BINARIES.name}\n")
    start_up()
    with tempfile.TemporaryDirectory() as folder:
        laptop = Laptop(Path(folder), latency_ms=LATENCY_MS)
        try:
            on_an_account(laptop, runs)
        finally:
            laptop.close()
    return 0


def start_up() -> None:
    def version() -> None:
        subprocess.run([str(BINARIES / "cordon"), "--version"], check=True, capture_output=True)

    print(f"start-up (cordon --version, {STARTS} times): {timed(version, STARTS):.1f} ms")


def on_an_account(laptop: Laptop, runs: int) -> None:
    fleets = {
        (interfaces, run): fleet(laptop, f"release-{interfaces}-{run}", interfaces)
        for interfaces in INTERFACES
        for run in range(runs)
    }
    # None of these roles is revocable: the profile is taken off, and given back.
    roles = ",".join(made["role_arn"] for made in fleets.values())
    stack = Stack.deploy(laptop, "cordon", ProfileRoleArns=roles, **UNLIMITED)
    operator = Person.user(stack, "operator", "OperatorPolicyArn", "ViewerPolicyArn")
    incident = ""
    for interfaces in INTERFACES:
        figures = []
        for run in range(runs):
            made = fleets[interfaces, run]
            incident = contained(stack, operator, made["instance_ids"][0])
            figures.append(measured(laptop, operator, "release", incident, "--reason", "benchmark"))
        show(f"release, {interfaces} interface(s)", figures, "release-instance")
    page = Path(tempfile.mkdtemp()) / "report.html"
    figures = [measured(laptop, operator, "report", incident, "--out", str(page)) for _ in range(runs)]
    show(f"report of the last of them ({page.stat().st_size:,} bytes)", figures)
    seed(stack, incident)
    for limit in ("50", str(2 * INCIDENTS)):
        figures = [measured(laptop, operator, "incidents", "--limit", limit, "--json") for _ in range(runs)]
        found = len(json.loads(figures[-1]["stdout"])["incidents"])
        show(f"incidents, {found:,} of {INCIDENTS:,} and a few", figures)


def fleet(laptop: Laptop, group: str, interfaces: int) -> dict[str, Any]:
    """A group whose instances have each a day of traffic behind them."""
    made = laptop.fleet(group, size=9, instance_profile=True, target_group=True)
    for _ in range(1, interfaces):
        laptop.door("POST", "network-interfaces", {"instance_id": made["instance_ids"][0]})
    now = time.time()
    for number, instance in enumerate(made["instance_ids"]):
        points = [
            {"timestamp": now - PERIOD_SECONDS * back, "value": 1e6 * (2 + math.sin(back + number))}
            for back in range(1, PAST_PERIODS)
        ]
        for metric in ("NetworkOut", "NetworkIn", "NetworkPacketsOut", "NetworkPacketsIn"):
            body = {"namespace": "AWS/EC2", "metric": metric, "dimensions": {"InstanceId": instance}}
            laptop.door("POST", "metrics", {**body, "points": points})
    return made


def contained(stack: Stack, operator: Person, instance: str) -> str:
    incident = str(operator.asks("contain", instance, "--reason", "benchmark")["incident"])

    def done() -> bool:
        return bool(operator.asks("show", incident)["incident"]["state"]["name"] == "Contained")

    wait_for(f"{incident} to be contained", done, seconds=120)
    return incident


def measured(laptop: Laptop, person: Person, *arguments: str) -> dict[str, Any]:
    before = max((call["n"] for call in laptop.calls()), default=0)
    began = time.monotonic()
    done = person.runs(*arguments)
    elapsed_ms = 1000 * (time.monotonic() - began)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return {"ms": elapsed_ms, "calls": laptop.calls(before), "stdout": done.stdout, "caller": person.arn}


def show(what: str, figures: list[dict[str, Any]], function: str | None = None) -> None:
    """One line: the median of the times, and the calls of the last run."""
    last = figures[-1]
    own = [call for call in last["calls"] if call["caller"] == last["caller"]]
    line = f"{what}: {statistics.median(each['ms'] for each in figures):,.0f} ms"
    line += f"; cordon made {len(own)} calls in {chain(own)} round trips"
    if function:
        made = [call for call in last["calls"] if (call["function"] or "").endswith(function)]
        line += f"; {function} {len(made)} in {chain(made)}"
    print(line, flush=True)


def chain(calls: Iterable[dict[str, Any]]) -> int:
    """Taking the call that ends first leaves the most room for others."""
    length, ended = 0, -math.inf
    for call in sorted(calls, key=lambda call: float(call["ended_ms"])):
        if call["started_ms"] >= ended:
            length, ended = length + 1, call["ended_ms"]
    return length


def seed(stack: Stack, incident: str) -> None:
    """Heads with what the index of incidents holds of them. (DynamoDB counts that towards a page; moto, the whole item.)"""
    table, dynamodb = stack.outputs["JournalTableName"], stack.laptop.client("dynamodb")
    key = {"pk": {"S": f"incident#{incident}"}, "sk": {"S": "head"}}
    real = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    real = {name: real[name] for name in ("sk", "listed", "state", "instance", "group_name")}
    now = datetime.now(timezone.utc)
    for first in range(0, INCIDENTS, 25):
        requests = []
        for number in range(first, first + 25):
            opened = (now - timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
            head = {**real, "pk": {"S": f"incident#inc-{number:026}"}, "opened_at": {"S": opened}}
            requests.append({"PutRequest": {"Item": head}})
        dynamodb.batch_write_item(RequestItems={table: requests})


def timed(run: Callable[[], None], times: int) -> float:
    """The median, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.monotonic()
        run()
        taken.append(1000 * (time.monotonic() - began))
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
