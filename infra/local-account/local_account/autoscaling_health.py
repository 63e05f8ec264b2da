"""What an Auto Scaling group does with a member that fails its health check: it terminates and replaces it.

Source: "Health checks for instances in an Auto Scaling group" in the EC2 Auto Scaling user guide. A member that is not
`running` is unhealthy; members in Standby, and members being detached, are not checked. Termination protection does
not stop Auto Scaling.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import Activity
from moto.core.utils import utcnow

from . import autoscaling_events

CHECKED_STATES = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")


def membership(instance: Any) -> Any:
    """The group's record of an instance, or None."""
    group = getattr(instance, "autoscaling_group", None)
    states = group.instance_states if group else []
    return next((state for state in states if state.instance is instance), None)


def suspended(group: Any, process: str) -> bool:
    return any(each["ProcessName"] == process for each in group.suspended_processes)


def instance_left_running(instance: Any) -> None:
    state = membership(instance)
    if state and state.lifecycle_state in CHECKED_STATES and not suspended(state.auto_scaling_group, "HealthCheck"):
        fail_health_check(
            state,
            "an instance was taken out of service in response to an EC2 health check indicating it has been "
            f"terminated or stopped: {instance.id}",
        )


def accepts_traffic(instance: Any) -> bool:
    """Whether any group of any of its interfaces lets anything in."""
    return any(group.ingress_rules for interface in instance.nics.values() for group in interface.group_set)


def traffic_was_cut(instance: Any) -> None:
    """The load balancer's health check fails; only a group with health check type ELB listens to it."""
    state = membership(instance)
    if (
        state
        and state.lifecycle_state == "InService"
        and state.auto_scaling_group.health_check_type == "ELB"
        and state.auto_scaling_group.target_group_arns
        and not accepts_traffic(instance)
    ):
        fail_health_check(
            state,
            f"an instance was taken out of service in response to an ELB system health check failure: {instance.id}",
        )


def fail_health_check(state: Any, cause: str) -> None:
    """Marks the member unhealthy, and replaces it unless the processes that would are suspended."""
    state.health_status = "Unhealthy"
    group = state.auto_scaling_group
    if suspended(group, "ReplaceUnhealthy") or suspended(group, "Terminate"):
        return
    terminate_member(state, f"At {utcnow():%Y-%m-%dT%H:%M:%SZ} {cause}")
    group.set_desired_capacity(group.desired_capacity)


def terminate_member(state: Any, cause: str) -> Activity:
    group, instance = state.auto_scaling_group, state.instance
    state.lifecycle_state = "Terminating"
    backend = group.autoscaling_backend
    backend.elbv2_backend.notify_terminate_instances([instance.id])
    instance.terminate()
    group.instance_states = [each for each in group.instance_states if each is not state]
    autoscaling_events.tell(autoscaling_events.TERMINATED, state, cause)
    return record(group, f"Terminating EC2 instance: {instance.id}", cause, "Successful")


def record(group: Any, description: str, cause: str, status: str) -> Activity:
    """Adds to the group's scaling activities, newest first as DescribeScalingActivities lists them."""
    activity = Activity(description, cause, group, status_code=status)
    activity.progress = 100 if status == "Successful" else 50
    if status != "Successful":
        activity.end_time = None  # type: ignore[assignment]
    group.__dict__.setdefault("activities", []).insert(0, activity)
    return activity


def complete(activity: Activity) -> None:
    activity.status_code, activity.progress, activity.end_time = "Successful", 100, utcnow()
