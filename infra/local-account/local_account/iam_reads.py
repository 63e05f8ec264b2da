"""Requests of services that are only read here: stacks, rules and log groups.

Source: the services' "Actions, resources, and condition keys" pages in the Service Authorization Reference. That
DescribeLogGroups is authorised on a log group without a name is what its refusals say.
"""

from __future__ import annotations

from .account import Account
from .authorization import Authorization
from .aws_request import AwsRequest

_RULE_ACTIONS = {"DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "PutRule"}


def cloudformation(account: Account, request: AwsRequest) -> list[Authorization]:
    named = request.params.get("StackName")
    arn = f"arn:aws:cloudformation:{account.region}:{account.account_id}:stack/{named}/local"
    return _one(request, "*" if named is None else named if named.startswith("arn:") else arn)


def events(account: Account, request: AwsRequest) -> list[Authorization]:
    """Actions on a rule name it `Name`, those on its targets `Rule`; a rule of another bus has that in its path."""
    rule, bus = request.params.get("Rule"), request.params.get("EventBusName")
    if request.action in _RULE_ACTIONS:
        rule = request.params.get("Name")
    if rule is None:
        return _one(request, "*")
    path = rule if bus in (None, "default") else f"{bus.rsplit('/', 1)[-1]}/{rule}"
    return _one(request, f"arn:aws:events:{account.region}:{account.account_id}:rule/{path}")


def logs(account: Account, request: AwsRequest) -> list[Authorization]:
    anonymous = f"arn:aws:logs:{account.region}:{account.account_id}:log-group::log-stream:"
    return _one(request, anonymous if request.action == "DescribeLogGroups" else "*")


def _one(request: AwsRequest, resource: str) -> list[Authorization]:
    return [Authorization(f"{request.service}:{request.action}", resource)]
