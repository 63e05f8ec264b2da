"""What EC2's own counts decide about an alarm that rings."""

from __future__ import annotations

from typing import Any

from .laptop import Laptop, Shown, Stack, wait_for


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
