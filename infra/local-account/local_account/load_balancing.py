"""Target groups whose targets are checked before they are healthy, and drain before they are gone.

Source: RegisterTargets, DeregisterTargets and DescribeTargetHealth in the Elastic Load Balancing v2 API reference. A
new target is `initial` (Elb.InitialHealthChecking) for `delays.register` seconds. A deregistered target is `draining`
(Target.DeregistrationInProgress) for `delays.detach` seconds, then `unused`. The real delay is the target group's
`deregistration_delay.timeout_seconds`, 300 s by default; Auto Scaling's detach waits for it too, which is why both
take the same time here.
"""

from __future__ import annotations

import time
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup
from moto.elbv2.responses import ELBV2Response

from .account import Account
from .autoscaling_health import accepts_traffic
from .patching import overlay
from .serialisation import COMPUTE, serialise


def install(account: Account) -> None:
    serialise(ELBV2Response, COMPUTE)

    @overlay(FakeTargetGroup)
    def register(moto: Any, self: Any, targets: list[dict[str, Any]]) -> None:
        new = [target["Id"] for target in targets if target["Id"] not in self.targets]
        moto(self, targets)
        for target_id in new:
            _draining(self).pop(target_id, None)
            _checking(self)[target_id] = time.monotonic() + account.delays.register

    @overlay(FakeTargetGroup)
    def deregister(moto: Any, self: Any, targets: list[dict[str, Any]]) -> None:
        # A target that is not registered is no error: the action answers successfully.
        known = [target for target in targets if target["Id"] in self.targets]
        moto(self, known)
        for target in known:
            _draining(self)[target["Id"]] = time.monotonic() + account.delays.detach

    @overlay(FakeTargetGroup)
    def health_for(moto: Any, self: Any, target: dict[str, Any], ec2_backend: Any) -> FakeHealthStatus:
        if _is_draining(self, target["Id"]):
            problem = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
        elif _is_checked_first(self, target["Id"], ec2_backend):
            problem = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
        elif _is_cut_off(self, target["Id"], ec2_backend):
            problem = ("unhealthy", "Target.Timeout", "Request timed out")
        else:
            return moto(self, target, ec2_backend)
        return FakeHealthStatus(target["Id"], target.get("Port", self.port), self.health_check_port, *problem)

    @overlay(ELBv2Backend)
    def describe_target_health(moto: Any, self: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> Any:
        group = self.target_groups.get(target_group_arn)
        if group is not None and not targets:
            draining = [group.deregistered_targets[i] for i in list(_draining(group)) if _is_draining(group, i)]
            targets = [*group.targets.values(), *draining]
            if not targets:
                return []
        return moto(self, target_group_arn, targets)


def _running_target(group: Any, target_id: str, ec2_backend: Any) -> Any:
    instance = ec2_backend.get_instance_by_id(target_id) if target_id in group.targets else None
    return instance if instance is not None and instance.state == "running" else None


def _is_checked_first(group: Any, target_id: str, ec2_backend: Any) -> bool:
    young = time.monotonic() < _checking(group).get(target_id, 0.0)
    return young and _running_target(group, target_id, ec2_backend) is not None


def _is_cut_off(group: Any, target_id: str, ec2_backend: Any) -> bool:
    instance = _running_target(group, target_id, ec2_backend)
    return instance is not None and not accepts_traffic(instance)


def _checking(group: Any) -> dict[str, float]:
    return group.__dict__.setdefault("checked_first_until", {})


def _draining(group: Any) -> dict[str, float]:
    return group.__dict__.setdefault("draining_until", {})


def _is_draining(group: Any, target_id: str) -> bool:
    return time.monotonic() < _draining(group).get(target_id, 0.0)
