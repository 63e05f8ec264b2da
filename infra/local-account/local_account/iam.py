"""Judges a request by its caller's policies and refuses it in the service's own words.

Source: "Policy evaluation logic" in the IAM user guide. Within one account an identity policy must allow; of resource
policies those of buckets, topics and keys are read, for what they deny, and those of roles, for whom they trust: the
account's keys leave it to IAM to allow its principals their use. Another account's bucket or key must allow too.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime, timezone
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.iam.models import iam_backends
from moto.s3.models import FakeBucket
from moto.sns.models import sns_backends
from werkzeug.wrappers import Response

from .account import Account
from .authorization import Authorization
from .aws_errors import error_response
from .aws_request import AwsRequest
from .iam_policy import Decision, Document, as_list, decide, evaluate, statements
from .iam_trust import ASSUME_ROLE, decide_trust, principals_named
from .kms_keys import find_key
from .other_accounts import find_bucket, owner_of
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
    general = general_context(account, request, principal)
    for authorization in needed:
        decided = decision(account, principal, authorization, {**general, **authorization.context})
        if decided is not Decision.ALLOWED:
            return _refused(request, principal, authorization, decided)
    return None


def decision(account: Account, principal: Principal, needed: Authorization, context: dict[str, Any]) -> Decision:
    """`context` holds all condition keys: the request's and those of `needed`."""
    owner = owner_of(account, needed.resource)
    context = {**context, "aws:ResourceAccount": owner}
    resource_policies = _resource_policies(account, needed)
    if any(_says("Deny", policy, principal, needed, context) for policy in resource_policies):
        return Decision.DENIED
    foreign = owner != principal.context["aws:PrincipalAccount"]
    if foreign and not any(_says("Allow", policy, principal, needed, context) for policy in resource_policies):
        return Decision.NOT_ALLOWED
    policies = principal.policies
    if needed.action == ASSUME_ROLE:
        trusted, granted = _trust(account, principal, needed, context)
        if trusted is not Decision.ALLOWED:
            return trusted
        policies = policies + granted
    return decide(policies, principal.limits, needed.action, needed.resource, context)


def _trust(
    account: Account, principal: Principal, needed: Authorization, context: dict[str, Any]
) -> tuple[Decision, list[Document]]:
    roles = list(iam_backends[account.account_id]["aws"].roles.values())
    role = next((role for role in roles if role.arn == needed.resource), None)
    return (Decision.NOT_ALLOWED, []) if role is None else decide_trust(role, account.account_id, principal, context)


def general_context(account: Account, request: AwsRequest, principal: Principal) -> dict[str, Any]:
    """The condition keys of every request."""
    now = time.time()
    return {
        "aws:CurrentTime": datetime.fromtimestamp(now, timezone.utc).isoformat(),
        "aws:EpochTime": str(int(now)),
        "aws:RequestedRegion": request.region,
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
        bucket = find_bucket(account, needed.resource.removeprefix(_S3).split("/")[0])
        policy = bucket.policy if bucket is not None else None
    elif needed.resource.startswith("arn:aws:sns:"):
        topic = sns_backends[account.account_id][account.region].topics.get(needed.resource)
        policy = topic.policy if topic is not None else None
    elif needed.resource.startswith("arn:aws:kms:"):
        key = find_key(account, needed.resource)
        policy = key.policy if key is not None else None
    return [json.loads(policy)] if policy else []


def _says(
    effect: str, policy: dict[str, Any], principal: Principal, needed: Authorization, context: dict[str, Any]
) -> bool:
    number = principal.context["aws:PrincipalAccount"]
    names = {"*", principal.arn, principal.context["aws:PrincipalArn"]}
    if effect == "Allow":
        names |= {number, f"arn:aws:iam::{number}:root"}
    own = [s for s in statements([policy]) if s.get("Effect") == effect and principals_named(s) & names]
    decided = Decision.DENIED if effect == "Deny" else Decision.ALLOWED
    return evaluate([{"Statement": own}], needed.action, needed.resource, context) is decided


def _refused(request: AwsRequest, principal: Principal, needed: Authorization, decision: Decision) -> Response:
    message = f"User: {principal.arn} is not authorized to perform: {needed.action} on resource: {needed.resource}"
    if decision is Decision.DENIED:
        message += " with an explicit deny"
    _log.warning("%s", message)
    code = _SERVICE_CODES.get(request.service) or _CODES.get(request.protocol, "AccessDeniedException")
    # awsJson services answer 400 to a refusal, all others 403.
    return error_response(request, code, message, 400 if request.protocol == "json" else 403)
