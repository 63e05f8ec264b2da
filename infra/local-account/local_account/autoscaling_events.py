"""What Auto Scaling puts on the default event bus when it has launched or terminated an instance.

Source: "Amazon EC2 Auto Scaling event reference" in the EC2 Auto Scaling user guide. Lifecycle hooks' events, and those
of launches and terminations that fail, are not modelled.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from moto.core.utils import utcnow

from .account import Account

LAUNCHED = "EC2 Instance Launch Successful"
TERMINATED = "EC2 Instance Terminate Successful"
# As with an overlay, the account that was installed last is the one that is told.
_tell: list[Callable[[str, Any, str], None]] = []


def install(account: Account) -> None:
    def tell(kind: str, state: Any, cause: str) -> None:
        group, instance_id = state.auto_scaling_group, state.instance.id
        now = f"{utcnow():%Y-%m-%dT%H:%M:%SZ}"
        detail = {
            "StatusCode": "InProgress",
            "AutoScalingGroupName": group.name,
            "ActivityId": str(uuid.uuid4()),
            "RequestId": str(uuid.uuid4()),
            "StatusMessage": "",
            "EndTime": now,
            "EC2InstanceId": instance_id,
            "StartTime": now,
            "Cause": cause,
            "Origin": "EC2" if kind == LAUNCHED else "AutoScalingGroup",
            "Destination": "AutoScalingGroup" if kind == LAUNCHED else "EC2",
        }
        instance = f"arn:aws:ec2:{account.region}:{account.account_id}:instance/{instance_id}"

        def emit() -> None:
            if account.emit_event is not None:
                account.emit_event("aws.autoscaling", kind, detail, [group.arn, instance])

        # Off the caller's thread: it may hold locks, and AWS delivers events when the change is done.
        account.later(0, emit)

    _tell[:] = [tell]


def tell(kind: str, state: Any, cause: str) -> None:
    for told in _tell:
        told(kind, state, cause)
