"""Moving instances out of and into Auto Scaling groups as Auto Scaling does.

Source: DetachInstances, EnterStandby, ExitStandby, AttachInstances, SetInstanceHealth and
TerminateInstanceInAutoScalingGroup in the EC2 Auto Scaling API reference. Errors are `ValidationError` unless said
otherwise.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling import autoscaling_backends
from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import ASG_NAME_TAG, Activity, AutoScalingBackend, InstanceState
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.utils import utcnow

from . import autoscaling_capacity, autoscaling_description, autoscaling_events, autoscaling_refreshes
from .account import Account
from .autoscaling_capacity import deregister_from_target_groups, finish_launch
from .autoscaling_description import group_named
from .autoscaling_health import (
    complete,
    fail_health_check,
    record,
    suspended,
    terminate_member,
    traffic_was_cut,
)
from .autoscaling_sizes import lower_desired_capacity, raise_desired_capacity
from .patching import overlay
from .serialisation import COMPUTE, serialise

MOST_IDS_TO_MOVE = 20


def install(account: Account) -> None:
    serialise(AutoScalingResponse, COMPUTE)
    autoscaling_capacity.install(account)
    autoscaling_events.install(account)
    _detach(account)
    _enter_and_exit_standby(account)
    _attach(account)
    _terminate()
    autoscaling_description.install()
    autoscaling_refreshes.install()
    _add_door(account)


def _members(group: Any, instance_ids: list[str], allowed: tuple[str, ...]) -> list[Any]:
    if len(instance_ids) > MOST_IDS_TO_MOVE:
        raise ValidationError(f"The number of instance ids must not exceed {MOST_IDS_TO_MOVE}.")
    by_id = {state.instance.id: state for state in group.instance_states}
    for instance_id in instance_ids:
        if instance_id not in by_id:
            raise ValidationError(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
        if by_id[instance_id].lifecycle_state not in allowed:
            raise ValidationError(f"The instance {instance_id} is not in {' or '.join(allowed)}.")
    return [by_id[instance_id] for instance_id in instance_ids]


def _cause(text: str) -> str:
    return f"At {utcnow():%Y-%m-%dT%H:%M:%SZ} {text} in response to a user request."


def _detach(account: Account) -> None:
    @overlay(AutoScalingBackend)
    def detach_instances(
        moto: Any, self: Any, group_name: str, instance_ids: list[str], should_decrement: bool
    ) -> list[Activity]:
        group = group_named(self, group_name)
        states = _members(group, instance_ids, ("InService", "Standby"))
        if should_decrement:
            # Members in Standby have left the desired capacity already.
            lower_desired_capacity(group, "detach", sum(s.lifecycle_state == "InService" for s in states))
        activities = [_begin_detach(account, group, state) for state in states]
        group.set_desired_capacity(group.desired_capacity)
        return activities


def _begin_detach(account: Account, group: Any, state: Any) -> Activity:
    instance_id = state.instance.id
    state.lifecycle_state = "Detaching"
    state.protected_from_scale_in = False
    deregister_from_target_groups(group, instance_id)
    activity = record(
        group, f"Detaching EC2 instance: {instance_id}", _cause(f"instance {instance_id} was detached"), "InProgress"
    )

    def finish() -> None:
        with COMPUTE:
            group.instance_states = [each for each in group.instance_states if each is not state]
            group.ec2_backend.delete_tags([instance_id], {ASG_NAME_TAG: group.name})
            if getattr(state.instance, "autoscaling_group", None) is group:
                del state.instance.autoscaling_group
            complete(activity)

    account.later(account.delays.detach, finish)
    return activity


def _enter_and_exit_standby(account: Account) -> None:
    @overlay(AutoScalingBackend)
    def enter_standby_instances(
        moto: Any, self: Any, group_name: str, instance_ids: list[str], should_decrement: bool
    ) -> list[Activity]:
        group = group_named(self, group_name)
        states = _members(group, instance_ids, ("InService",))
        if should_decrement:
            lower_desired_capacity(group, "enter standby", len(states))
        activities = [_begin_standby(account, group, state) for state in states]
        group.set_desired_capacity(group.desired_capacity)
        return activities

    @overlay(AutoScalingBackend)
    def exit_standby_instances(moto: Any, self: Any, group_name: str, instance_ids: list[str]) -> list[Activity]:
        group = group_named(self, group_name)
        states = _members(group, instance_ids, ("Standby",))
        raise_desired_capacity(group, "exit standby", len(states))
        return [_begin_service(account, group, state, "Moving EC2 instance out of Standby") for state in states]


def _begin_standby(account: Account, group: Any, state: Any) -> Activity:
    instance_id = state.instance.id
    state.lifecycle_state = "EnteringStandby"
    deregister_from_target_groups(group, instance_id)
    activity = record(
        group,
        f"Moving EC2 instance to Standby: {instance_id}",
        _cause(f"instance {instance_id} was moved to standby"),
        "InProgress",
    )

    def finish() -> None:
        with COMPUTE:
            if state.lifecycle_state == "EnteringStandby":
                state.lifecycle_state = "Standby"
            complete(activity)

    account.later(account.delays.detach, finish)
    return activity


def _begin_service(account: Account, group: Any, state: Any, description: str) -> Activity:
    state.lifecycle_state = "Pending"
    activity = record(
        group,
        f"{description}: {state.instance.id}",
        _cause(f"instance {state.instance.id} was put into service"),
        "InProgress",
    )

    def finish() -> None:
        finish_launch(state)
        complete(activity)
        with COMPUTE:
            # Whoever comes into service cut off fails the load balancer's first health checks.
            traffic_was_cut(state.instance)

    account.later(account.delays.launch, finish)
    return activity


def _attach(account: Account) -> None:
    @overlay(AutoScalingBackend)
    def attach_instances(moto: Any, self: Any, group_name: str, instance_ids: list[str]) -> None:
        group = group_named(self, group_name)
        if len(instance_ids) > MOST_IDS_TO_MOVE:
            raise ValidationError(f"The number of instance ids must not exceed {MOST_IDS_TO_MOVE}.")
        instances = [_existing(self, instance_id) for instance_id in instance_ids]
        for instance in instances:
            if instance.state != "running":
                raise ValidationError(f"Invalid Instance: {instance.id} is not in running state.")
            if getattr(instance, "autoscaling_group", None) is not None:
                raise ValidationError(f"Instance {instance.id} is already part of an Auto Scaling group.")
        raise_desired_capacity(group, "attach", len(instances))
        for instance in instances:
            instance.autoscaling_group = group
            state = InstanceState(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in)
            group.instance_states.append(state)
            self.ec2_backend.create_tags([instance.id], {ASG_NAME_TAG: group.name})
            _begin_service(account, group, state, "Attaching an existing EC2 instance")


def _existing(backend: Any, instance_id: str) -> Any:
    instance = backend.ec2_backend.get_instance_by_id(instance_id)
    if instance is None:
        raise ValidationError(f"Invalid Instance: {instance_id} does not exist.")
    return instance


def _terminate() -> None:
    @overlay(AutoScalingBackend)
    def terminate_instance(moto: Any, self: Any, instance_id: str, should_decrement: bool) -> Activity:
        state = _any_member(self, instance_id)
        group = state.auto_scaling_group
        if should_decrement:
            lower_desired_capacity(group, "terminate", 1)
        activity = terminate_member(state, _cause(f"instance {instance_id} was taken out of service"))
        group.set_desired_capacity(group.desired_capacity)
        return activity

    @overlay(AutoScalingBackend)
    def set_instance_health(moto: Any, self: Any, instance_id: str, health_status: str) -> None:
        state = _any_member(self, instance_id)
        state.health_status = health_status
        if health_status == "Unhealthy" and state.lifecycle_state == "InService":
            fail_health_check(state, "an instance was taken out of service in response to a user health-check.")

    @overlay(AutoScalingBackend)
    def notify_terminate_instances(moto: Any, self: Any, instance_ids: list[str]) -> None:
        for group in self.autoscaling_groups.values():
            left = [state for state in group.instance_states if state.instance.id not in instance_ids]
            if len(left) < len(group.instance_states):
                for state in group.instance_states:
                    if state not in left:
                        cause = "an instance was taken out of service in response to an EC2 health check"
                        autoscaling_events.tell(autoscaling_events.TERMINATED, state, cause)
                group.instance_states = left
                if not suspended(group, "HealthCheck"):
                    group.set_desired_capacity(group.desired_capacity)


def _any_member(backend: Any, instance_id: str) -> Any:
    for state in backend.describe_auto_scaling_instances([instance_id]):
        return state
    raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")


def _add_door(account: Account) -> None:
    @account.route("POST", "groups/lifecycle-state")
    def set_lifecycle_state(body: dict[str, Any]) -> dict[str, str]:
        """Puts a member into any lifecycle state: {instance_id, lifecycle_state, health_status?}.

        For states that only time, hooks or a warm pool bring about: `Pending:Wait`, `Terminating`, `Warmed:Stopped` …
        """
        with COMPUTE:
            backend = autoscaling_backends[account.account_id][account.region]
            state = _any_member(backend, body["instance_id"])
            state.lifecycle_state = body["lifecycle_state"]
            state.health_status = body.get("health_status", state.health_status)
        return {"instance_id": body["instance_id"], "lifecycle_state": state.lifecycle_state}
