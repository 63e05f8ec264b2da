"""Customer-managed keys behind other services: what a caller needs of them, and what a disabled one stops.

Source: "Using IAM policy conditions: kms:ViaService" and "Key states" in the AWS KMS developer guide; "Key management"
in the Amazon SNS guide; "Using encryption at rest" in the DynamoDB guide. AWS-managed keys need no permission.
"""

from __future__ import annotations

from typing import Any

from moto.kms.models import RESERVED_ALIASES, KmsBackend, kms_backends

from .account import Account
from .authorization import Authorization
from .other_accounts import owner_of_arn
from .patching import overlay
from .resource_policy import allows_service

# How each service says that a key it needs is not enabled.
_DISABLED_CODES = {"sns": "KMSDisabled", "s3": "KMS.DisabledException", "dynamodb": "AccessDeniedException"}


def install(account: Account) -> None:
    @overlay(KmsBackend)
    def disable_key(moto: Any, self: Any, key_id: str) -> None:
        """moto takes an id alone."""
        moto(self, key_arn(account, key_id).rsplit("/", 1)[-1])

    @overlay(KmsBackend)
    def enable_key(moto: Any, self: Any, key_id: str) -> None:
        moto(self, key_arn(account, key_id).rsplit("/", 1)[-1])


def key_arn(account: Account, key: str) -> str:
    """The ARN of a key given by id, alias or ARN, which may be another account's."""
    owner = owner_of_arn(key)
    if owner is not None and owner != account.account_id:
        return key
    name = key.rsplit(":", 1)[-1]
    known = _backend(account).get_key_id_from_alias(name) if name.startswith("alias/") else None
    return f"arn:aws:kms:{account.region}:{account.account_id}:key/{known or name.removeprefix('key/')}"


def uses(account: Account, service: str, key: str | None, *actions: str) -> list[Authorization]:
    """What a caller of `service` needs of the customer-managed `key`; nothing without one."""
    if not key or _managed_by_aws(account, key):
        return []
    context = {
        "kms:ViaService": f"{service}.{account.region}.amazonaws.com",
        "kms:CallerAccount": account.account_id,
    }
    return [Authorization(f"kms:{action}", key_arn(account, key), context) for action in actions]


def disabled_code(account: Account, service: str, needed: list[Authorization]) -> str | None:
    """The error of a call to `service` that needs a key which is not enabled."""
    keys = {needs.resource for needs in needed if "kms:ViaService" in needs.context}
    unusable = any((found := find_key(account, key)) is not None and found.key_state != "Enabled" for key in keys)
    return _DISABLED_CODES.get(service, "KMSInvalidStateException") if unusable else None


def service_may_use(account: Account, key: str, service: str, context: dict[str, Any]) -> bool:
    """Whether the policy of `key` lets an AWS service encrypt with it. No AWS-managed key does."""
    found = find_key(account, key)
    if found is None or found.key_state != "Enabled" or _managed_by_aws(account, key):
        return False
    actions = ("kms:GenerateDataKey", "kms:Decrypt")
    return all(allows_service(found.policy, service, action, found.arn, context) for action in actions)


def find_key(account: Account, key: str) -> Any:
    """moto's record of a key given by id, alias or ARN; None where there is none."""
    arn = key_arn(account, key)
    return kms_backends[owner_of_arn(arn)][account.region].keys.get(arn.rsplit("/", 1)[-1])


def key_tags(account: Account, key: Any) -> dict[str, str]:
    return dict(_backend(account).tagger.get_tag_dict_for_resource(key.id))


def _managed_by_aws(account: Account, key: str) -> bool:
    found = find_key(account, key)
    return key.rsplit(":", 1)[-1] in RESERVED_ALIASES or (
        found is not None and bool(set(found.aliases) & set(RESERVED_ALIASES))
    )


def _backend(account: Account) -> Any:
    return kms_backends[account.account_id][account.region]
