"""EC2 instances that take time to stop and can refuse to.

Source: StopInstances and ModifyInstanceAttribute in the EC2 API reference; "Stop and start Amazon EC2 instances" and
"Hibernate your Amazon EC2 instance" in the EC2 user guide.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2 import ec2_backends
from moto.ec2.exceptions import EC2ClientError, OperationNotPermitted
from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociation
from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState, StateReason
from moto.ec2.responses.instances import InstanceResponse

from .account import Account
from .autoscaling_health import instance_left_running
from .patching import overlay, pristine, replace
from .serialisation import COMPUTE

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}

StateChanges = list[tuple[Instance, InstanceState]]


def install(account: Account) -> None:
    _stop_slowly(account)
    _name_the_profile_by_its_own_id()
    _find_instances_without_copying()
    _add_door(account)


def set_state(instance: Any, name: str) -> None:
    instance._state.name, instance._state.code = name, CODES[name]


def _stop_slowly(account: Account) -> None:
    @overlay(InstanceBackend)
    def stop_instances(moto: Any, self: Any, instance_ids: list[str], hibernate: bool = False) -> StateChanges:
        instances = self.get_multi_instances_by_id(instance_ids)
        for instance in instances:
            _refuse_to_stop(instance, hibernate)
        return [_begin_stop(account, instance, hibernate) for instance in instances]

    @overlay(InstanceResponse, "stop_instances")
    def answer(moto: Any, self: Any) -> ActionResult:
        self.error_on_dryrun()
        changes = self.ec2_backend.stop_instances(
            self._get_param("InstanceIds", []), hibernate=self._get_bool_param("Hibernate", False)
        )
        return state_changes("StoppingInstances", changes)


def _refuse_to_stop(instance: Any, hibernate: bool) -> None:
    if instance.state not in ("running", "stopping", "stopped"):
        raise EC2ClientError(
            "IncorrectInstanceState",
            f"This instance '{instance.id}' is not in a state from which it can be stopped.",
        )
    if instance.disable_api_stop in (True, "true"):
        raise OperationNotPermitted(
            f"The instance '{instance.id}' may not be stopped. "
            "Modify its 'disableApiStop' instance attribute and try again."
        )
    if instance.root_device_type != "ebs":
        raise EC2ClientError(
            "UnsupportedOperation",
            f"The instance '{instance.id}' does not have an 'ebs' root device type and cannot be stopped.",
        )
    if instance.lifecycle == "spot" and getattr(instance, "spot_request_type", "one-time") == "one-time":
        raise EC2ClientError(
            "UnsupportedOperation",
            f"You can't stop the Spot Instance '{instance.id}' because it is associated with a one-time "
            "Spot Instance request. You can only stop Spot Instances associated with persistent requests.",
        )
    configured = (instance.hibernation_options or {}).get("Configured")
    if hibernate and str(configured).lower() != "true":
        raise EC2ClientError(
            "UnsupportedHibernationConfiguration",
            f"The instance '{instance.id}' is not configured for hibernation.",
        )


def _begin_stop(account: Account, instance: Any, hibernate: bool) -> tuple[Any, InstanceState]:
    previous = copy.copy(instance._state)
    if instance.state == "running":
        set_state(instance, "stopping")
        instance._reason = f"User initiated ({utcnow():%Y-%m-%d %H:%M:%S} GMT)"
        action = "Hibernate" if hibernate else "Shutdown"
        code = f"Client.UserInitiated{action}"
        instance.state_reason = StateReason(f"{code}: User initiated {action.lower()}", code)
        account.later(account.delays.stop, lambda: _finish_stop(instance))
    return instance, previous


def _finish_stop(instance: Any) -> None:
    with COMPUTE:
        if instance.state != "stopping":
            return
        for interface in instance.nics.values():
            interface.stop()
        set_state(instance, "stopped")
        instance_left_running(instance)


def state_changes(key: str, changes: StateChanges) -> ActionResult:
    """The answer to a call that changed instances' states."""
    return ActionResult(
        {
            key: [
                {"InstanceId": instance.id, "CurrentState": instance._state, "PreviousState": previous}
                for instance, previous in changes
            ]
        }
    )


def _name_the_profile_by_its_own_id() -> None:
    """DescribeInstances shows the profile's id (AIPA...), where moto shows the association's."""
    moto = pristine(IamInstanceProfileAssociation, "__init__")

    def associate(self: Any, *args: Any, **kwargs: Any) -> None:
        moto(self, *args, **kwargs)
        profile = self.iam_instance_profile
        self.instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}

    replace(IamInstanceProfileAssociation, "__init__", associate)


def _find_instances_without_copying() -> None:
    """moto copies every reservation to find one instance; a target group of 300 asks 300 times."""

    def find(backend: Any, instance_id: str) -> Any:
        for reservation in list(backend.reservations.values()):
            for instance in reservation.instances:
                if instance.id == instance_id:
                    return instance
        return None

    @overlay(InstanceBackend)
    def get_instance_by_id(moto: Any, self: Any, instance_id: str) -> Any:
        return find(self, instance_id)

    @overlay(InstanceBackend)
    def get_instance(moto: Any, self: Any, instance_id: str) -> Any:
        return find(self, instance_id) or moto(self, instance_id)


def _add_door(account: Account) -> None:
    @account.route("POST", "instances/hardware")
    def set_hardware(body: dict[str, Any]) -> dict[str, str]:
        """Makes an instance unstoppable or hibernatable: {instance_id, root_device_type?, spot?, hibernation?}.

        `root_device_type`: `ebs` or `instance-store`; `spot`: `one-time` or `persistent`; `hibernation`: true or false.
        """
        with COMPUTE:
            instance = ec2_backends[account.account_id][account.region].get_instance(body["instance_id"])
            instance.root_device_type = body.get("root_device_type", instance.root_device_type)
            if "spot" in body:
                instance.lifecycle, instance.spot_request_type = "spot", body["spot"]
            if "hibernation" in body:
                instance.hibernation_options = {"Configured": bool(body["hibernation"])}
        return {"instance_id": instance.id}
