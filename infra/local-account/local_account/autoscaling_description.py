"""What Auto Scaling says about members and activities, a page at a time.

Source: DescribeAutoScalingInstances (at most 50 ids, pages of at most 50) and DescribeScalingActivities (newest first,
pages of at most 100) in the EC2 Auto Scaling API reference.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from .patching import overlay

MOST_IDS_TO_DESCRIBE = 50


def group_named(backend: Any, name: str) -> Any:
    if name not in backend.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return backend.autoscaling_groups[name]


def install() -> None:
    @overlay(AutoScalingResponse, "describe_auto_scaling_instances")
    def describe_instances(moto: Any, self: Any) -> ActionResult:
        ids = self._get_param("InstanceIds", [])
        most = self._get_int_param("MaxRecords", MOST_IDS_TO_DESCRIBE)
        if len(ids) > MOST_IDS_TO_DESCRIBE or most > MOST_IDS_TO_DESCRIBE:
            raise ValidationError(f"The number of instance ids must not exceed {MOST_IDS_TO_DESCRIBE}.")
        states = self.autoscaling_backend.describe_auto_scaling_instances(instance_ids=ids)
        page, token = page_of(states, self._get_param("NextToken"), most)
        return ActionResult({"AutoScalingInstances": page, "NextToken": token})

    @overlay(AutoScalingResponse, "describe_scaling_activities")
    def describe_activities(moto: Any, self: Any) -> ActionResult:
        name, wanted = self._get_param("AutoScalingGroupName"), self._get_param("ActivityIds", [])
        backend = self.autoscaling_backend
        groups = [group_named(backend, name)] if name else list(backend.autoscaling_groups.values())
        found = [
            activity
            for group in groups
            for activity in getattr(group, "activities", [])
            if not wanted or activity.activity_id in wanted
        ]
        page, token = page_of(found, self._get_param("NextToken"), self._get_int_param("MaxRecords", 100))
        return ActionResult({"Activities": page, "NextToken": token})


def page_of(everything: list[Any], token: str | None, most: int) -> tuple[list[Any], str | None]:
    start = int(token or 0)
    end = start + most
    return everything[start:end], str(end) if end < len(everything) else None
