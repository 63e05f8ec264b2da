"""What EC2's own counts decide about an alarm that rings."""

from __future__ import annotations

import time
from typing import Any

from .laptop import STEP_SECONDS, Laptop, Shown, Stack, wait_for


def spike(laptop: Laptop, instance: str) -> None:
    """One datapoint that makes the alarm ring, and no traffic that would bear it out."""
    body = {"namespace": "AWS/EC2", "metric": "NetworkOut", "dimensions": {"InstanceId": instance}}
    laptop.door("POST", "metrics", {**body, "points": [{"value": 9e8}]})


def refused(stack: Stack, instance: str) -> dict[str, Any]:
    return dict(stack.incident_in(instance, "Refused")["state"]["reason"])


def test_a_noisy_alarm_is_refused_with_its_reasons_and_the_instance_left_alone(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("noisy", size=6)["instance_ids"][0]
    stack.alarm("noisy", instance)
    stack.surge(instance, value=2e6)
    spike(laptop, instance)
    assert refused(stack, instance)["code"] == "not-unusual"
    assert Shown(laptop, instance).untouched()


def test_a_fleet_that_surges_together_is_isolated_nowhere(laptop: Laptop, stack: Stack) -> None:
    instances = laptop.fleet("sale", size=7)["instance_ids"]
    for instance in instances:
        stack.surge(instance)
    stack.alarm("sale", instances[0])
    spike(laptop, instances[0])
    reason = refused(stack, instances[0])
    assert reason["code"] == "in-doubt" and "the fleet does it" in reason["why"]
    assert all(Shown(laptop, instance).untouched() for instance in instances)


def test_a_deployment_under_way_isolates_nobody_and_says_so(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("deploying", size=6)["instance_ids"][0]
    groups = laptop.client("autoscaling")
    groups.start_instance_refresh(AutoScalingGroupName="deploying")
    stack.surge(instance)
    stack.alarm("deploying", instance)
    spike(laptop, instance)
    reason = refused(stack, instance)
    assert reason["code"] == "in-doubt" and "a deployment or change of scale was 0 minutes ago" in reason["why"]
    assert Shown(laptop, instance).untouched()


def test_a_change_of_scale_isolates_nobody_and_says_so(laptop: Laptop, stack: Stack) -> None:
    instances = laptop.fleet("growing", size=6)["instance_ids"]
    stack.surge(instances[0])
    # The others have reported for twenty minutes.
    for instance in instances[1:]:
        report(laptop, instance, periods=4)
    stack.alarm("growing", instances[0])
    spike(laptop, instances[0])
    reason = refused(stack, instances[0])
    assert reason["code"] == "in-doubt" and "a deployment or change of scale was" in reason["why"]
    assert Shown(laptop, instances[0]).untouched()


def report(laptop: Laptop, instance: str, periods: int) -> None:
    """Calm traffic of the last periods."""
    last = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    points = [{"timestamp": last - back * STEP_SECONDS, "value": 1e6} for back in range(periods, 0, -1)]
    body = {"namespace": "AWS/EC2", "dimensions": {"InstanceId": instance}, "points": points}
    for metric in ("NetworkIn", "NetworkOut"):
        laptop.door("POST", "metrics", {**body, "metric": metric})


def test_what_was_in_doubt_is_contained_by_a_second_look(laptop: Laptop) -> None:
    stack = Stack.deploy(laptop, "second-look", Mode="enforce")
    instance = laptop.fleet("late", size=6)["instance_ids"][0]
    stack.alarm("late", instance)
    spike(laptop, instance)
    refused(stack, instance)
    stack.surge(instance)
    stack.look_again(True)
    try:
        wait_for("a second look", lambda: len(stack.incidents(instance)) == 2, seconds=150)
    finally:
        stack.look_again(False)
    wait_for("its isolation", Shown(laptop, instance).is_isolated)
