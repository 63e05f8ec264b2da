"""How an Auto Scaling group reaches its desired capacity: launches take time, members register with target groups.

Source: "Amazon EC2 Auto Scaling instance lifecycle" and "Suspend and resume processes" in the user guide. Members that
are pending or in service count towards the desired capacity; those in Standby, Detaching, Terminating or a warm pool
do not. Weighted mixed instances are not modelled: every instance counts as one.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG, AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.core.utils import utcnow

from . import autoscaling_events
from .account import Account
from .autoscaling_health import CHECKED_STATES, complete, record, suspended, terminate_member
from .ec2_instances import set_state
from .patching import overlay
from .serialisation import COMPUTE


def install(account: Account) -> None:
    @overlay(FakeAutoScalingGroup)
    def active_instances(moto: Any, self: Any) -> list[InstanceState]:
        return [state for state in self.instance_states if state.lifecycle_state in CHECKED_STATES]

    @overlay(FakeAutoScalingGroup)
    def set_desired_capacity(moto: Any, self: Any, new_capacity: int | None) -> None:
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        active = self.active_instances()
        missing = self.desired_capacity - len(active)
        if missing > 0:
            self.replace_autoscaling_group_instances(missing, self.get_propagated_tags())
        elif missing < 0 and not suspended(self, "Terminate"):
            for state in [each for each in active if not each.protected_from_scale_in][:-missing]:
                terminate_member(state, "a user request shrank the capacity")

    @overlay(FakeAutoScalingGroup)
    def replace_autoscaling_group_instances(
        moto: Any, self: Any, count_needed: int, propagated_tags: dict[str, str]
    ) -> None:
        if not suspended(self, "Launch"):
            for _ in range(count_needed):
                _launch(account, self, propagated_tags)

    @overlay(AutoScalingBackend)
    def update_attached_target_groups(moto: Any, self: Any, group_name: str) -> None:
        register_with_target_groups(self.autoscaling_groups[group_name])


def _launch(account: Account, group: Any, propagated_tags: dict[str, str]) -> None:
    backend = group.autoscaling_backend.ec2_backend
    subnet_ids = (group.vpc_zone_identifier or "").split(",")
    subnet_id = min(subnet_ids, key=lambda subnet: sum(s.instance.subnet_id == subnet for s in group.instance_states))
    template = group.ec2_launch_template
    reservation = backend.run_instances(
        group.image_id,
        1,
        group.user_data,
        group.security_groups,
        instance_type=group.instance_type,
        tags={"instance": {**propagated_tags, **group.instance_tags, ASG_NAME_TAG: group.name}},
        placement=None if subnet_id else group.availability_zones[0],
        launch_config=group.launch_config,
        launch_template={"LaunchTemplateId": template.id} if template else None,
        is_instance_type_default=False,
        associate_public_ip=group.launch_config.associate_public_ip_address if group.launch_config else None,
        subnet_id=subnet_id or None,
    )
    instance = reservation.instances[0]
    instance.autoscaling_group = group
    _associate_profile(group, instance)
    _apply_protection(group, instance)
    set_state(instance, "pending")
    state = InstanceState(
        instance, lifecycle_state="Pending", protected_from_scale_in=group.new_instances_protected_from_scale_in
    )
    group.instance_states.append(state)
    cause = f"At {utcnow():%Y-%m-%dT%H:%M:%SZ} an instance was started to reach the desired capacity."
    activity = record(group, f"Launching a new EC2 instance: {instance.id}", cause, "InProgress")

    def finish() -> None:
        finish_launch(state)
        complete(activity)
        if state.lifecycle_state == "InService":
            autoscaling_events.tell(autoscaling_events.LAUNCHED, state, cause)

    account.later(account.delays.launch, finish)


def finish_launch(state: Any) -> None:
    """Pending to InService, unless something else happened to the instance meanwhile."""
    with COMPUTE:
        if state.lifecycle_state != "Pending" or state.instance.state not in ("pending", "running"):
            return
        set_state(state.instance, "running")
        state.lifecycle_state = "InService"
        register_with_target_groups(state.auto_scaling_group)


def register_with_target_groups(group: Any) -> None:
    """Registers members in service with the group's target groups (process AddToLoadBalancer)."""
    if suspended(group, "AddToLoadBalancer"):
        return
    for arn in group.target_group_arns or []:
        target_group = group.autoscaling_backend.elbv2_backend.target_groups.get(arn)
        if target_group is None:
            continue
        serving = [
            state.instance
            for state in group.instance_states
            if state.lifecycle_state == "InService" and state.instance.state == "running"
        ]
        new = [{"Id": each.id, "Port": target_group.port} for each in serving if each.id not in target_group.targets]
        target_group.register(new)


def deregister_from_target_groups(group: Any, instance_id: str) -> None:
    for arn in group.target_group_arns or []:
        target_group = group.autoscaling_backend.elbv2_backend.target_groups.get(arn)
        if target_group is not None:
            target_group.deregister([{"Id": instance_id}])


def _template_data(group: Any) -> dict[str, Any]:
    if not group.ec2_launch_template:
        return {}
    return group.ec2_launch_template.get_version(group.launch_template_version).data


def _associate_profile(group: Any, instance: Any) -> None:
    profile = _template_data(group).get("IamInstanceProfile") or {}
    configured = group.launch_config.iam_instance_profile if group.launch_config else None
    name = profile.get("Name") or (configured if configured and not configured.startswith("arn:") else None)
    arn = profile.get("Arn") or (configured if configured and configured.startswith("arn:") else None)
    if name or arn:
        instance.ec2_backend.associate_iam_instance_profile(
            instance.id, iam_instance_profile_name=name, iam_instance_profile_arn=arn
        )


def _apply_protection(group: Any, instance: Any) -> None:
    template = _template_data(group)
    instance.disable_api_termination = str(template.get("DisableApiTermination")).lower() == "true"
    instance.disable_api_stop = str(template.get("DisableApiStop")).lower() == "true"
