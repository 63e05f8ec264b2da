"""Starting stopped instances: it takes time, may need a key, and may bring another public address.

Source: StartInstances in the EC2 API reference; "Required AWS KMS key policy for use with encrypted volumes" and
"Troubleshoot instance launch issues" in the EC2 user guide: an instance whose volume is encrypted by a customer-managed
key on which its caller may not create a grant is accepted for starting and falls back to `stopped`. "Amazon EC2
instance IP addressing": a stopped instance loses its public IPv4 address unless it is an Elastic IP address, and gets a
new one when it is started, but not with more than one network interface.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState, StateReason
from moto.ec2.responses.instances import InstanceResponse

from .account import Account
from .authorization import Authorization
from .caller import caller_may
from .ec2_instances import StateChanges, set_state, state_changes
from .kms_keys import uses
from .patching import overlay, pristine
from .serialisation import COMPUTE


def install(account: Account) -> None:
    _start_slowly(account)
    _change_public_addresses()


def _start_slowly(account: Account) -> None:
    @overlay(InstanceBackend)
    def start_instances(moto: Any, self: Any, instance_ids: list[str]) -> StateChanges:
        instances = self.get_multi_instances_by_id(instance_ids)
        for instance in instances:
            if instance.state not in ("stopped", "pending", "running"):
                raise EC2ClientError(
                    "IncorrectInstanceState",
                    f"The instance '{instance.id}' is not in a state from which it can be started.",
                )
        return [_begin_start(account, instance) for instance in instances]

    @overlay(InstanceResponse, "start_instances")
    def answer(moto: Any, self: Any) -> ActionResult:
        self.error_on_dryrun()
        return state_changes("StartingInstances", self.ec2_backend.start_instances(self._get_param("InstanceIds", [])))


def _begin_start(account: Account, instance: Any) -> tuple[Any, InstanceState]:
    previous = copy.copy(instance._state)
    if instance.state == "stopped":
        # Judged now: the grant is created in the name of who called.
        readable = all(caller_may(account, grant) for grant in _grants(account, instance))
        set_state(instance, "pending")
        instance._reason, instance.state_reason = "", StateReason()
        finish = _finish_start if readable else _fall_back
        account.later(account.delays.start, lambda: finish(instance))
    return instance, previous


def _grants(account: Account, instance: Any) -> list[Authorization]:
    """What EC2 needs in its caller's name to read the instance's volumes."""
    needed = []
    for device in instance.block_device_mapping.values():
        key = instance.ec2_backend.volumes[device.volume_id].kms_key_id
        for grant in uses(account, "ec2", key, "CreateGrant"):
            context = {"kms:GrantIsForAWSResource": "true", "kms:EncryptionContext:aws:ebs:id": device.volume_id}
            needed.append(Authorization(grant.action, grant.resource, {**grant.context, **context}))
    return needed


def _finish_start(instance: Any) -> None:
    with COMPUTE:
        if instance.state == "pending":
            pristine(Instance, "start")(instance)


def _fall_back(instance: Any) -> None:
    with COMPUTE:
        if instance.state == "pending":
            set_state(instance, "stopped")
            code = "Client.InternalError"
            instance.state_reason = StateReason(f"{code}: Client error on launch", code)


def _change_public_addresses() -> None:
    @overlay(NetworkInterface)
    def stop(moto: Any, self: Any) -> None:
        if not _is_elastic(self):
            moto(self)

    @overlay(NetworkInterface)
    def start(moto: Any, self: Any) -> None:
        if not _is_elastic(self) and (self.instance is None or len(self.instance.nics) == 1):
            moto(self)


def _is_elastic(interface: Any) -> bool:
    return any(address.public_ip == interface.public_ip for address in interface.ec2_backend.addresses)
