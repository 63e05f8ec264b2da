"""Instance refreshes: begun, described, cancelled. They replace no instance: they are there to be seen.

Source: StartInstanceRefresh (one at a time a group), DescribeInstanceRefreshes (newest first, pages of at most 100) and
CancelInstanceRefresh in the EC2 Auto Scaling API reference. A cancelled one is Cancelled at once.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from .autoscaling_description import group_named, page_of
from .patching import overlay

LARGEST_PAGE = 100


class InstanceRefreshInProgress(AutoscalingClientError):
    code = "InstanceRefreshInProgress"


class ActiveInstanceRefreshNotFound(AutoscalingClientError):
    code = "ActiveInstanceRefreshNotFound"


def install() -> None:
    @overlay(AutoScalingResponse)
    def start_instance_refresh(moto: Any, self: Any) -> ActionResult:
        refreshes = _refreshes(self)
        if any("EndTime" not in each for each in refreshes):
            raise InstanceRefreshInProgress("An Instance Refresh is already in progress.")
        new = {
            "InstanceRefreshId": str(uuid.uuid4()),
            "AutoScalingGroupName": self._get_param("AutoScalingGroupName"),
            "Status": "InProgress",
            "StartTime": utcnow(),
        }
        refreshes.insert(0, new)
        return ActionResult({"InstanceRefreshId": new["InstanceRefreshId"]})

    @overlay(AutoScalingResponse)
    def cancel_instance_refresh(moto: Any, self: Any) -> ActionResult:
        for refresh in _refreshes(self):
            if "EndTime" not in refresh:
                refresh.update(Status="Cancelled", EndTime=utcnow())
                return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})
        raise ActiveInstanceRefreshNotFound("No in progress or pending Instance Refresh found.")

    @overlay(AutoScalingResponse)
    def describe_instance_refreshes(moto: Any, self: Any) -> ActionResult:
        most = self._get_int_param("MaxRecords", LARGEST_PAGE)
        if not 1 <= most <= LARGEST_PAGE:
            raise ValidationError(f"MaxRecords must be from 1 to {LARGEST_PAGE}.")
        page, token = page_of(_refreshes(self), self._get_param("NextToken"), most)
        return ActionResult({"InstanceRefreshes": page, "NextToken": token})


def _refreshes(response: Any) -> list[dict[str, Any]]:
    """Those of the group that the request names, newest first."""
    group = group_named(response.autoscaling_backend, response._get_param("AutoScalingGroupName"))
    return group.__dict__.setdefault("instance_refreshes", [])  # type: ignore[no-any-return]
