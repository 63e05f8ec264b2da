"""EC2 requests: see "Actions, resources, and condition keys for Amazon EC2" in the Service Authorization Reference."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.models import ec2_backends

from .account import Account
from .authorization import Authorization, request_tags, resource_tags
from .aws_request import AwsRequest
from .serialisation import COMPUTE

_TYPES = {
    "i": "instance",
    "eni": "network-interface",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "vol": "volume",
    "snap": "snapshot",
    "vpc": "vpc",
    "subnet": "subnet",
    "lt": "launch-template",
}
# Snapshots and images have no account in their ARN.
_UNOWNED = {"snap", "ami"}
# What each of these actions makes, and tags when asked to.
_CREATED = {
    "CreateSecurityGroup": "security-group",
    "CreateSnapshot": "snapshot",
    "CreateSnapshots": "snapshot",
    "CreateNetworkInterface": "network-interface",
    "CreateVolume": "volume",
}
# Read actions that know a resource; all other reads are for `*` only.
_NARROW_READS = {"DescribeInstanceAttribute", "GetConsoleOutput", "GetConsoleScreenshot", "DescribeSnapshotAttribute"}
_ID = re.compile(r"^(?:[a-z]+)-[0-9a-zA-Z]+$")
_REQUEST_TAG = re.compile(r"^(TagSpecification\.\d+\.Tag\.\d+|Tag\.\d+)\.Key$")
_ATTRIBUTE = re.compile(r"^([A-Z]\w+?)(?:\.\d+)?(?:\.(Value|DeviceName|Ebs\.DeleteOnTermination))?$")
_NOT_ATTRIBUTES = {"Version", "InstanceId", "NetworkInterfaceId", "DryRun", "Attribute", "Value"}

_LOCK_TERMS = {"LockDuration": "ec2:SnapshotLockDuration", "CoolOffPeriod": "ec2:SnapshotCoolOffPeriod"}


def authorizations(account: Account, request: AwsRequest) -> list[Authorization]:
    action = f"ec2:{request.action}"
    if request.action.startswith(("Describe", "Get", "List")) and request.action not in _NARROW_READS:
        return [Authorization(action, "*")]
    tags = _tags_in(request)
    attributes = _attributes_in(request) if request.action.startswith("Modify") else _lock_terms(request)
    ids = _ids_in(account, request)
    needed = [_for_resource(account, action, resource, attributes) for resource in ids]
    if request.action in ("CreateTags", "DeleteTags"):
        return [Authorization(n.action, n.resource, {**n.context, **request_tags(tags)}) for n in needed]
    if created := _CREATED.get(request.action):
        arn = _arn(account, f"{'snap' if created == 'snapshot' else 'new'}-*", created)
        needed.append(Authorization(action, arn, request_tags(tags)))
        if tags:
            context = {**request_tags(tags), "ec2:CreateAction": request.action}
            needed.append(Authorization("ec2:CreateTags", arn, context))
    return needed or [Authorization(action, "*")]


def _for_resource(account: Account, action: str, resource: str, attributes: dict[str, Any]) -> Authorization:
    kind = _TYPES.get(resource.split("-")[0], "*")
    context = {**resource_tags("ec2", _tags_of(account, resource)), **attributes}
    return Authorization(action, _arn(account, resource, kind), context)


def _arn(account: Account, resource: str, kind: str) -> str:
    prefix, _, rest = resource.partition("-")
    owner = "" if prefix in _UNOWNED else account.account_id
    return f"arn:aws:ec2:{account.region}:{owner}:{kind}/{'*' if rest == '*' else resource}"


def _ids_in(account: Account, request: AwsRequest) -> list[str]:
    """Every resource id in the request, with those that it names only through another."""
    values = list(request.params.values())
    ids = [value for value in values if _ID.match(value) and value.split("-")[0] in _TYPES]
    backend = ec2_backends[account.account_id][account.region]
    with COMPUTE:
        if request.action == "CreateSnapshots":
            ids += [v for i in list(ids) if (instance := backend.get_instance(i)) for v in _volumes(instance)]
        if association := request.params.get("AssociationId"):
            found = backend.iam_instance_profile_associations.values()
            ids += [a.instance_id for a in found if a.association_id == association]
    return list(dict.fromkeys(ids))


def _volumes(instance: Any) -> list[str]:
    return [device.volume_id for device in instance.block_device_mapping.values() if device.volume_id]


def _tags_of(account: Account, resource: str) -> dict[str, str]:
    with COMPUTE:
        return dict(ec2_backends[account.account_id][account.region].tags.get(resource, {}))


def _tags_in(request: AwsRequest) -> dict[str, str]:
    keys = [name for name in request.params if _REQUEST_TAG.match(name)]
    return {request.params[name]: request.params.get(f"{name[:-3]}Value", "") for name in keys}


def _lock_terms(request: AwsRequest) -> dict[str, Any]:
    return {key: request.params[name] for name, key in _LOCK_TERMS.items() if name in request.params}


def _attributes_in(request: AwsRequest) -> dict[str, Any]:
    """`ec2:Attribute`, the attribute as the API spells the parameter, and `ec2:Attribute/NAME`, its value."""
    context: dict[str, Any] = {}
    for parameter, value in request.params.items():
        if parameter == "Attribute":
            context["ec2:Attribute"] = value[:1].upper() + value[1:]
        elif (match := _ATTRIBUTE.match(parameter)) and match[1] not in _NOT_ATTRIBUTES:
            context["ec2:Attribute"] = match[1]
            context[f"ec2:Attribute/{match[1]}"] = value
    return context
