"""The bounds that a group's desired capacity is kept in when a call moves instances by hand.

Source: DetachInstances, EnterStandby, ExitStandby and AttachInstances in the EC2 Auto Scaling API reference.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.exceptions import ValidationError


def lower_desired_capacity(group: Any, verb: str, count: int) -> None:
    if group.desired_capacity - count < group.min_size:
        raise _out_of_bounds(group, verb, count)
    group.desired_capacity -= count


def raise_desired_capacity(group: Any, verb: str, count: int) -> None:
    if group.desired_capacity + count > group.max_size:
        raise _out_of_bounds(group, verb, count)
    group.desired_capacity += count


def _out_of_bounds(group: Any, verb: str, count: int) -> ValidationError:
    instances = "instance" if count == 1 else "instances"
    return ValidationError(
        f"AutoScalingGroup {group.name} has min-size={group.min_size}, max-size={group.max_size}, and "
        f"desired-size={group.desired_capacity}. To {verb} {count} {instances}, please update the "
        "AutoScalingGroup sizes appropriately."
    )
