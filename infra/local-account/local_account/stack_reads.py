"""CloudFormation as far as it is read: the stacks that the door deployed, with their resources and outputs.

Source: DescribeStacks, DescribeStackResource(s) and ListStackResources in the AWS CloudFormation API reference. Stacks
are made by the door (see deploy), so a write is refused; moto's own CloudFormation is not served.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from moto.core.serialize import QuerySerializer
from moto.core.utils import get_service_model
from werkzeug.wrappers import Response

from .account import Account
from .aws_errors import error_response
from .aws_request import AwsRequest
from .deploy.stack import Stack

PAGE = 100
_COMPLETE = "CREATE_COMPLETE"
_UNCHECKED = {"StackResourceDriftStatus": "NOT_CHECKED"}


class _Refused(Exception):
    """The service's answer, where it is an error: code and message."""


def install(account: Account) -> None:
    def answer(request: AwsRequest) -> Response:
        read = _READS.get(request.action)
        try:
            if read is None:
                raise _Refused("InvalidAction", f"The local account does not serve {request.action} of CloudFormation.")
            return _serialised(request.action, read(account, request))
        except _Refused as refused:
            return error_response(request, *refused.args)

    account.services["cloudformation"] = answer


def _serialised(action: str, result: dict[str, Any]) -> Response:
    model = get_service_model("cloudformation").operation_model(action)
    written = QuerySerializer(model).serialize(result)
    headers = {**written["headers"], "x-amzn-requestid": str(uuid.uuid4())}
    return Response(written["body"], written["status_code"], headers, content_type="text/xml")


def _describe_stacks(account: Account, request: AwsRequest) -> dict[str, Any]:
    named = request.params.get("StackName")
    stacks = [_named(account, named)] if named else list(account.stacks.values())
    return {"Stacks": [_described(account, stack) for stack in stacks]}


def _describe_stack_resource(account: Account, request: AwsRequest) -> dict[str, Any]:
    logical_id = request.params.get("LogicalResourceId", "")
    stack = _named(account, request.params.get("StackName", ""))
    if logical_id not in stack.resources:
        raise _Refused("ValidationError", f"Resource {logical_id} does not exist for stack {stack.name}")
    own = _own_names(account, stack)
    return {"StackResourceDetail": {**own, **_resource(stack, logical_id, "LastUpdatedTimestamp")}}


def _describe_stack_resources(account: Account, request: AwsRequest) -> dict[str, Any]:
    """The first hundred, which is all that this action ever shows; of one logical or physical id where asked for."""
    physical, logical = (request.params.get(f"{kind}ResourceId") for kind in ("Physical", "Logical"))
    if (named := request.params.get("StackName")) is not None:
        stack = _named(account, named)
    else:
        stack = _holding(account, physical or "")
    found = [each for each in stack.resources if logical in (None, each)]
    own = _own_names(account, stack)
    return {"StackResources": [{**own, **_resource(stack, each, "Timestamp")} for each in found[:PAGE]]}


def _list_stack_resources(account: Account, request: AwsRequest) -> dict[str, Any]:
    stack = _named(account, request.params.get("StackName", ""))
    start = int(request.params.get("NextToken") or 0)
    ids = list(stack.resources)
    summaries = [_resource(stack, each, "LastUpdatedTimestamp") for each in ids[start : start + PAGE]]
    more = {"NextToken": str(start + PAGE)} if start + PAGE < len(ids) else {}
    return {"StackResourceSummaries": summaries, **more}


_READS: dict[str, Callable[[Account, AwsRequest], dict[str, Any]]] = {
    "DescribeStackResource": _describe_stack_resource,
    "DescribeStackResources": _describe_stack_resources,
    "DescribeStacks": _describe_stacks,
    "ListStackResources": _list_stack_resources,
}


def _named(account: Account, named: str) -> Stack:
    """A stack by its name or its id."""
    name = named.split("/")[1] if named.startswith("arn:") and "/" in named else named
    if name not in account.stacks:
        raise _Refused("ValidationError", f"Stack with id {named} does not exist")
    return account.stacks[name]


def _holding(account: Account, physical_id: str) -> Stack:
    for stack in account.stacks.values():
        if any(resource.physical_id == physical_id for resource in stack.resources.values()):
            return stack
    raise _Refused("ValidationError", f"Stack for {physical_id} does not exist")


def _own_names(account: Account, stack: Stack) -> dict[str, str]:
    return {"StackName": stack.name, "StackId": stack_id(account, stack.name)}


def stack_id(account: Account, name: str) -> str:
    return f"arn:aws:cloudformation:{account.region}:{account.account_id}:stack/{name}/local"


def _resource(stack: Stack, logical_id: str, time_name: str) -> dict[str, Any]:
    resource = stack.resources[logical_id]
    return {
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "ResourceStatus": _COMPLETE,
        "DriftInformation": _UNCHECKED,
        time_name: stack.created,
    }


def _described(account: Account, stack: Stack) -> dict[str, Any]:
    return {
        **_own_names(account, stack),
        "Description": stack.description,
        "CreationTime": stack.created,
        "StackStatus": _COMPLETE,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "DisableRollback": False,
        "EnableTerminationProtection": False,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "RollbackConfiguration": {},
        "NotificationARNs": [],
        "Tags": [],
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in stack.parameters.items()
        ],
        "Outputs": [
            {"OutputKey": name, "OutputValue": value, "Description": stack.output_descriptions.get(name)}
            for name, value in stack.outputs.items()
        ],
    }
