"""KMS requests: see "Actions, resources, and condition keys for AWS Key Management Service" in the Service
Authorization Reference, and "AWS KMS condition keys" in the AWS KMS developer guide."""

from __future__ import annotations

from typing import Any

from .account import Account
from .authorization import Authorization, resource_tags
from .aws_request import AwsRequest
from .kms_keys import find_key, key_arn, key_tags

_FOR_ALL_KEYS = {"CreateKey", "GenerateRandom", "ListAliases", "ListKeys"}
# Request parameters that are condition keys of the same name.
_CONDITION_PARAMETERS = ("SigningAlgorithm", "MessageType", "EncryptionAlgorithm", "MacAlgorithm")


def authorizations(account: Account, request: AwsRequest) -> list[Authorization]:
    action = f"kms:{request.action}"
    if request.action in _FOR_ALL_KEYS:
        return [Authorization(action, "*", _context(account, request, None))]
    alias, key = request.params.get("AliasName"), request.params.get("KeyId") or request.params.get("TargetKeyId")
    needed = []
    if alias:
        needed.append(Authorization(action, f"arn:aws:kms:{account.region}:{account.account_id}:{alias}"))
    if key:
        needed.append(Authorization(action, key_arn(account, key), _context(account, request, key)))
    return needed or [Authorization(action, "*")]


def _context(account: Account, request: AwsRequest, key: str | None) -> dict[str, Any]:
    context: dict[str, Any] = {"kms:CallerAccount": account.account_id}
    context.update(
        {f"kms:{name}": request.params[name] for name in _CONDITION_PARAMETERS if name in request.params}
    )
    found = find_key(account, key) if key else None
    if found is None:
        return context
    if ":alias/" in str(key) or str(key).startswith("alias/"):
        context["kms:RequestAlias"] = "alias/" + str(key).split("alias/", 1)[1]
    return {
        **context,
        "kms:KeySpec": found.key_spec,
        "kms:KeyUsage": found.key_usage,
        "kms:KeyOrigin": found.origin,
        "kms:MultiRegion": found.multi_region,
        "kms:ResourceAliases": list(found.aliases),
        **resource_tags("kms", key_tags(account, found)),
    }
