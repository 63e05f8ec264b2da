"""Judges a request by its caller's policies and refuses it in the service's own words.

Source: "Policy evaluation logic" in the IAM user guide. Within one account an identity policy must allow; of resource
policies those of buckets, topics and keys are read, for what they deny: the account's keys leave it to IAM to allow its
principals their use.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime, timezone
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import sns_backends
from werkzeug.wrappers import Response

from .account import Account
from .authorization import Authorization
from .aws_errors import error_response
from .aws_request import AwsRequest
from .iam_policy import Decision, as_list, decide, evaluate, statements
from .kms_keys import find_key
from .patching import overlay
from .principals import Principal

_log = logging.getLogger(__name__)
_CODES = {"ec2": "UnauthorizedOperation", "query": "AccessDenied", "rest-xml": "AccessDenied"}
_S3 = "arn:aws:s3:::"
_SERVICE_CODES = {"sns": "AuthorizationError"}


def install(account: Account) -> None:
    @overlay(FakeBucket)
    def get_permission(_moto: Any, self: Any, action: str, resource: str) -> Any:
        """moto reads a bucket's policy without its conditions; it is judged here, with them."""
        return PermissionResult.NEUTRAL


def refusal(
    account: Account, request: AwsRequest, principal: Principal, needed: list[Authorization]
) -> Response | None:
    """None if `principal` may do all of `needed`; otherwise the service's answer to the first that it may not."""
    general = _general_context(account, request, principal)
    for authorization in needed:
        decision = _decision(account, principal, authorization, {**general, **authorization.context})
        if decision is not Decision.ALLOWED:
            return _refused(request, principal, authorization, decision)
    return None


def _decision(account: Account, principal: Principal, needed: Authorization, context: dict[str, Any]) -> Decision:
    denied = [policy for policy in _resource_policies(account, needed) if _denies(policy, principal, needed, context)]
    if denied:
        return Decision.DENIED
    return decide(principal.policies, principal.limits, needed.action, needed.resource, context)


def _general_context(account: Account, request: AwsRequest, principal: Principal) -> dict[str, Any]:
    now = time.time()
    return {
        "aws:CurrentTime": datetime.fromtimestamp(now, timezone.utc).isoformat(),
        "aws:EpochTime": str(int(now)),
        "aws:RequestedRegion": request.region,
        "aws:ResourceAccount": account.account_id,
        # The endpoint is plain HTTP; AWS's is not, and policies that insist on TLS must not fail here.
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
        "aws:SourceIp": "127.0.0.1",
        **principal.context,
    }


def _resource_policies(account: Account, needed: Authorization) -> list[dict[str, Any]]:
    policy: str | bytes | None = None
    if needed.resource.startswith(_S3):
        bucket = s3_backends[account.account_id]["aws"].buckets.get(needed.resource.removeprefix(_S3).split("/")[0])
        policy = bucket.policy if bucket is not None else None
    elif needed.resource.startswith("arn:aws:sns:"):
        topic = sns_backends[account.account_id][account.region].topics.get(needed.resource)
        policy = topic.policy if topic is not None else None
    elif needed.resource.startswith("arn:aws:kms:"):
        key = find_key(account, needed.resource)
        policy = key.policy if key is not None else None
    return [json.loads(policy)] if policy else []


def _denies(policy: dict[str, Any], principal: Principal, needed: Authorization, context: dict[str, Any]) -> bool:
    denying = [s for s in statements([policy]) if s.get("Effect") == "Deny" and _names(s.get("Principal"), principal)]
    return evaluate([{"Statement": denying}], needed.action, needed.resource, context) is Decision.DENIED


def _names(element: Any, principal: Principal) -> bool:
    named = as_list(element.get("AWS", [])) if isinstance(element, dict) else [element]
    return any(name in ("*", principal.arn, principal.context.get("aws:PrincipalArn")) for name in named)


def _refused(request: AwsRequest, principal: Principal, needed: Authorization, decision: Decision) -> Response:
    message = f"User: {principal.arn} is not authorized to perform: {needed.action} on resource: {needed.resource}"
    if decision is Decision.DENIED:
        message += " with an explicit deny"
    _log.warning("%s", message)
    code = _SERVICE_CODES.get(request.service) or _CODES.get(request.protocol, "AccessDeniedException")
    # awsJson services answer 400 to a refusal, all others 403.
    return error_response(request, code, message, 400 if request.protocol == "json" else 403)
