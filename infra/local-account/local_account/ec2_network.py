"""EC2 network interfaces and security groups as EC2 keeps them.

Source: ModifyNetworkInterfaceAttribute, DeleteSecurityGroup, CreateSecurityGroup and RevokeSecurityGroupEgress in the
EC2 API reference. moto shows the union of an interface's and its instance's groups, accepts groups that do not exist
and deletes groups that are in use.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2 import ec2_backends
from moto.ec2.exceptions import (
    DependencyViolationError,
    EC2ClientError,
    InvalidPermissionNotFoundError,
    InvalidSecurityGroupDuplicateError,
    InvalidSecurityGroupNotFoundError,
    OperationNotPermitted,
)
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.responses import EC2Response
from moto.ec2.responses.security_groups import SecurityGroups

from .account import Account
from .autoscaling_health import traffic_was_cut
from .patching import overlay, replace
from .serialisation import COMPUTE, serialise


def install(account: Account) -> None:
    serialise(EC2Response, COMPUTE)
    _show_exactly_the_groups_that_were_set()
    _refuse_unknown_groups(account)
    _refuse_groups_for_many_interfaces()
    _keep_group_names_unique()
    _keep_groups_that_are_in_use()
    _forgive_unknown_rules_in_a_default_vpc()
    _add_door(account)


def _show_exactly_the_groups_that_were_set() -> None:
    replace(NetworkInterface, "group_set", property(lambda interface: interface._group_set))

    def primary(instance: Any) -> Any:
        return getattr(instance, "nics", {}).get(0)

    def groups_of(instance: Any) -> list[Any]:
        interface = primary(instance)
        return interface._group_set if interface else instance.__dict__.get("_launch_groups", [])

    def set_groups(instance: Any, groups: list[Any]) -> None:
        interface = primary(instance)
        if interface:
            interface._group_set = list(groups)
        else:
            instance.__dict__["_launch_groups"] = list(groups)

    # An instance has no groups of its own: DescribeInstances shows those of its primary interface.
    replace(Instance, "security_groups", property(groups_of, set_groups))


def _existing_groups(backend: Any, vpc_id: str, group_ids: list[str]) -> list[Any]:
    groups = []
    for group_id in group_ids:
        group = backend.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc_id:
            raise InvalidSecurityGroupNotFoundError(group_id)
        groups.append(group)
    return groups


def _refuse_unknown_groups(account: Account) -> None:
    @overlay(NetworkInterfaceBackend)
    def modify_network_interface_attribute(
        moto: Any, self: Any, eni_id: str, group_ids: list[str], *args: Any, **kwargs: Any
    ) -> None:
        interface = self.get_network_interface(eni_id)
        if interface.requester_managed or getattr(interface, "operator", None):
            raise OperationNotPermitted(f"You do not have permission to modify the managed resource {eni_id}.")
        _existing_groups(self, interface.vpc_id, group_ids or [])
        moto(self, eni_id, group_ids, *args, **kwargs)
        if group_ids and interface.instance:
            account.later(account.delays.stop, lambda: _check_traffic(interface.instance))

    @overlay(NetworkInterfaceBackend)
    def create_network_interface(moto: Any, self: Any, subnet: Any, *args: Any, **kwargs: Any) -> Any:
        group_ids = kwargs.get("group_ids") or (args[2] if len(args) > 2 else None)
        vpc_id = subnet.vpc_id if hasattr(subnet, "vpc_id") else self.get_subnet(subnet).vpc_id
        _existing_groups(self, vpc_id, group_ids or [])
        return moto(self, subnet, *args, **kwargs)


def _check_traffic(instance: Any) -> None:
    with COMPUTE:
        if instance is not None:
            traffic_was_cut(instance)


def _refuse_groups_for_many_interfaces() -> None:
    @overlay(InstanceBackend)
    def modify_instance_security_groups(moto: Any, self: Any, instance_id: str, new_group_id_list: list[str]) -> Any:
        instance = self.get_instance(instance_id)
        if len(instance.nics) > 1:
            raise EC2ClientError(
                "InvalidInstanceID",
                f"There are multiple interfaces attached to instance '{instance_id}'. "
                "Please specify an interface ID for the operation instead.",
            )
        if new_group_id_list:
            instance.security_groups = _existing_groups(self, instance.vpc_id, new_group_id_list)
        return instance


def _keep_group_names_unique() -> None:
    @overlay(SecurityGroupBackend)
    def create_security_group(
        moto: Any, self: Any, name: str, description: str, vpc_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        in_vpc = self.groups[vpc_id or self.default_vpc.id].values() if not kwargs.get("force") else ()
        if any(group.name.lower() == name.lower() for group in in_vpc):
            raise InvalidSecurityGroupDuplicateError(name)
        return moto(self, name, description, vpc_id, *args, **kwargs)


def _keep_groups_that_are_in_use() -> None:
    @overlay(SecurityGroupBackend)
    def delete_security_group(moto: Any, self: Any, name: str | None = None, group_id: str | None = None) -> None:
        group = self.get_security_group_by_name_or_id(group_id or name)
        if group and any(group in interface._group_set for interface in self.enis.values()):
            raise DependencyViolationError(f"resource {group.id} has a dependent object")
        moto(self, name, group_id)


def _forgive_unknown_rules_in_a_default_vpc() -> None:
    """In a default VPC a rule that does not match is listed in the answer, not refused (RevokeSecurityGroupEgress)."""
    for action in ("revoke_security_group_egress", "revoke_security_group_ingress"):

        @overlay(SecurityGroups, action)
        def revoke(moto: Any, self: Any) -> Any:
            group = self.ec2_backend.get_security_group_by_name_or_id(
                self._get_param("GroupId") or self._get_param("GroupName")
            )
            vpc = self.ec2_backend.vpcs.get(group.vpc_id) if group else None
            try:
                return moto(self)
            except InvalidPermissionNotFoundError:
                if vpc is None or not vpc.is_default or not self._get_param("IpPermissions", []):
                    raise
                return ActionResult({"Return": True, "UnknownIpPermissions": self._get_param("IpPermissions")})


def _add_door(account: Account) -> None:
    @account.route("POST", "network-interfaces")
    def attach_interface(body: dict[str, Any]) -> dict[str, str]:
        """Attaches one more interface: {instance_id, subnet_id?, group_ids?, requester_managed?, operator?}.

        `operator` is the principal of a managing service (for example `eks.amazonaws.com`). AWS makes managed
        interfaces itself, so no API call can.
        """
        backend = ec2_backends[account.account_id][account.region]
        with COMPUTE:
            instance = backend.get_instance(body["instance_id"])
            interface = backend.create_network_interface(
                backend.get_subnet(body.get("subnet_id") or instance.subnet_id),
                [],
                group_ids=body.get("group_ids") or [group.id for group in instance.security_groups],
                delete_on_termination=True,
            )
            interface.requester_managed = bool(body.get("requester_managed"))
            if body.get("operator"):
                interface.operator = {"Managed": True, "Principal": body["operator"]}
            backend.attach_network_interface(interface.id, instance.id, max(instance.nics) + 1)
        return {"network_interface_id": interface.id}
