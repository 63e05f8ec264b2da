"""Requests of services whose permissions follow from one or two parameters.

Source: the services' "Actions, resources, and condition keys" pages in the Service Authorization Reference.
"""

from __future__ import annotations

import re
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.sns.models import sns_backends

from .account import Account
from .authorization import Authorization, request_tags, resource_tags
from .aws_request import AwsRequest
from .kms_keys import uses
from .principals import role_tags
from .serialisation import COMPUTE

_FUNCTION = re.compile(r"(?:.+:function:)?(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?")


def autoscaling(account: Account, request: AwsRequest) -> list[Authorization]:
    name = request.params.get("AutoScalingGroupName")
    if name is None or request.action.startswith("Describe"):
        return _one(request, "*")
    with COMPUTE:
        group = autoscaling_backends[account.account_id][account.region].autoscaling_groups.get(name)
        tags = {tag["key"]: tag["value"] for tag in map(_lower_keys, group.tags)} if group else {}
    unknown = (
        f"arn:aws:autoscaling:{account.region}:{account.account_id}:autoScalingGroup:*:autoScalingGroupName/{name}"
    )
    return _one(request, group.arn if group else unknown, resource_tags("autoscaling", tags))


def cloudwatch(account: Account, request: AwsRequest) -> list[Authorization]:
    """DescribeAlarms with composite alarms in its answer needs all alarms; the others the alarm they name."""
    prefix = f"arn:aws:cloudwatch:{account.region}:{account.account_id}:alarm:"
    if request.action in ("DescribeAlarms", "DescribeAlarmHistory") and "AlarmName" not in request.params:
        return _one(request, f"{prefix}*")
    if arn := request.params.get("ResourceARN"):
        return _one(request, arn)
    names = request.params.get("AlarmNames") or [request.params.get("AlarmName")]
    named = [prefix + name for name in names if name]
    if request.action == "PutMetricAlarm" and request.params.get("Tags"):
        # Tagging an alarm as it is made is a permission of its own.
        tags = request_tags({tag["Key"]: tag["Value"] for tag in request.params["Tags"]})
        actions = ("PutMetricAlarm", "TagResource")
        return [Authorization(f"cloudwatch:{action}", arn, tags) for action in actions for arn in named]
    if request.action == "PutMetricData":
        return _one(request, "*", {"cloudwatch:namespace": request.params.get("Namespace")})
    return [Authorization(f"cloudwatch:{request.action}", arn) for arn in named] or _one(request, "*")


def load_balancing(account: Account, request: AwsRequest) -> list[Authorization]:
    arn = request.params.get("TargetGroupArn")
    if arn is None or request.action.startswith("Describe"):
        return _one(request, "*")
    with COMPUTE:
        tags = elbv2_backends[account.account_id][account.region].tagging_service.get_tag_dict_for_resource(arn)
    return _one(request, arn, resource_tags("elasticloadbalancing", tags))


def iam(account: Account, request: AwsRequest) -> list[Authorization]:
    backend = iam_backends[account.account_id]["aws"]
    root = f"arn:aws:iam::{account.account_id}:"
    params = request.params
    if name := params.get("InstanceProfileName"):
        profile = instance_profile(account, params, "InstanceProfileName")
        return _one(request, profile.arn if profile else f"{root}instance-profile/{name}")
    if name := params.get("RoleName"):
        role = next((role for role in list(backend.roles.values()) if role.name == name), None)
        if role is None:
            return _one(request, f"{root}role/{name}")
        boundary = {"iam:PermissionsBoundary": role.permissions_boundary_arn} if role.permissions_boundary_arn else {}
        return _one(request, role.arn, {**resource_tags("iam", role_tags(role)), **boundary})
    if name := params.get("UserName"):
        user = backend.users.get(name)
        return _one(request, user.arn if user else f"{root}user/{name}")
    return _one(request, params.get("PolicyArn", "*"))


def instance_profile(account: Account, params: dict[str, Any], name: str, arn: str = "") -> Any:
    """The instance profile that the parameter `name` or the parameter `arn` names; None without one."""
    profiles = iam_backends[account.account_id]["aws"].instance_profiles.values()
    wanted = [(attribute, params[key]) for attribute, key in (("name", name), ("arn", arn)) if key in params]
    return next((p for p in list(profiles) for attribute, value in wanted if getattr(p, attribute) == value), None)


def functions(account: Account, request: AwsRequest) -> list[Authorization]:
    """A function goes by name or ARN, its version or alias after either or in a parameter."""
    action = "InvokeFunction" if request.action in ("Invoke", "InvokeAsync") else request.action
    named = _FUNCTION.fullmatch(request.params.get("FunctionName", ""))
    if named is None:
        return [Authorization(f"lambda:{action}", "*")]
    qualifier = named["qualifier"] or request.params.get("Qualifier")
    arn = f"arn:aws:lambda:{account.region}:{account.account_id}:function:{named['name']}"
    return [Authorization(f"lambda:{action}", f"{arn}:{qualifier}" if qualifier else arn)]


def security_hub(account: Account, request: AwsRequest) -> list[Authorization]:
    """An import is authorised on the product that each finding names; everything else here on all resources."""
    findings = request.params.get("Findings") if request.action == "BatchImportFindings" else None
    if not findings:
        return _one(request, "*")
    pairs = {(finding["ProductArn"], finding["AwsAccountId"]) for finding in findings}
    return [
        Authorization("securityhub:BatchImportFindings", product, {"securityhub:TargetAccount": target})
        for product, target in sorted(pairs)
    ]


def sns(account: Account, request: AwsRequest) -> list[Authorization]:
    arn = request.params.get("TopicArn") or request.params.get("TargetArn") or "*"
    topic = sns_backends[account.account_id][account.region].topics.get(arn)
    key = topic.kms_master_key_id if topic and request.action in ("Publish", "PublishBatch") else None
    return _one(request, arn) + uses(account, "sns", key, "GenerateDataKey", "Decrypt")


def sqs(account: Account, request: AwsRequest) -> list[Authorization]:
    url = request.params.get("QueueUrl")
    name = url.rsplit("/", 1)[-1] if url else None
    return _one(request, f"arn:aws:sqs:{account.region}:{account.account_id}:{name}" if name else "*")


def sts(account: Account, request: AwsRequest) -> list[Authorization]:
    """GetCallerIdentity needs no permission, so that a caller can always find out who it is."""
    if request.action == "GetCallerIdentity":
        return []
    given = {"sts:RoleSessionName": "RoleSessionName", "sts:ExternalId": "ExternalId"}
    context = {key: request.params[name] for key, name in given.items() if name in request.params}
    return _one(request, request.params.get("RoleArn", "*"), context)


def _one(request: AwsRequest, resource: str, context: dict[str, Any] | None = None) -> list[Authorization]:
    return [Authorization(f"{request.service}:{request.action}", resource, context or {})]


def _lower_keys(tag: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in tag.items()}
