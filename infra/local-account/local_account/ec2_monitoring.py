"""Detailed monitoring on and off.

Source: MonitorInstances and UnmonitorInstances in the EC2 API reference. The first metrics of a minute come a few minutes
later on AWS; here the state is `enabled` at once.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.monitoring import Monitoring

from .account import Account
from .patching import overlay


def install(account: Account) -> None:
    @overlay(Monitoring)
    def monitor_instances(moto: Any, self: Any) -> ActionResult:
        return _set(self, "enabled", "pending")

    @overlay(Monitoring)
    def unmonitor_instances(moto: Any, self: Any) -> ActionResult:
        return _set(self, "disabled", "disabling")


def _set(response: Any, state: str, answered: str) -> ActionResult:
    instances = response.ec2_backend.get_multi_instances_by_id(response._get_param("InstanceIds", []))
    for instance in instances:
        instance.monitoring_state = state
    shown = [{"InstanceId": instance.id, "Monitoring": {"State": answered}} for instance in instances]
    return ActionResult({"InstanceMonitorings": shown})
