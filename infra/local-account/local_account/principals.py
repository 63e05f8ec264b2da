"""Who makes a request: root, a role session or a user, and the policies that bind them.

Root is the access key `test` with the secret `test`; `other_accounts` says who another account's root is. Everybody
proves who they are by a signature.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import IAMBackend, Policy, User, iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends

from .account import Account
from .aws_request import AwsRequest
from .other_accounts import number_of
from .patching import overlay
from .signatures import CredentialRefused, verify

ROOT = "root"
ROOT_ACCESS_KEY = "test"
ROOT_SECRET_KEY = "test"
_UNKNOWN = CredentialRefused("InvalidClientTokenId", "The security token included in the request is invalid.")
_INSTANCE_ID = re.compile(r"^i-[0-9a-f]+$")
Document = dict[str, Any]


@dataclass(frozen=True)
class Principal:
    """`limits` are boundaries and session policies: each must allow what an identity policy allows."""

    arn: str
    policies: list[Document] = field(default_factory=list)
    limits: list[list[Document]] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)
    # None for the first account.
    other_account: str | None = None

    @property
    def is_root(self) -> bool:
        return self.arn == ROOT


def install(account: Account) -> None:
    @overlay(STSBackend)
    def get_caller_identity(moto: Any, self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        """moto takes whoever it doesn't know for a user; here that is root."""
        iam = iam_backends[account.account_id]["aws"]
        if _session(account, access_key_id) or iam.get_user_from_access_key_id(access_key_id):
            return moto(self, access_key_id, region)  # type: ignore[no-any-return]
        return account.account_id, f"arn:aws:iam::{account.account_id}:root", account.account_id

    @overlay(User, "__init__")
    def create_user(moto: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        """A user's unique id says by its prefix that it is a user's."""
        moto(self, *args, **kwargs)
        self.id = f"AIDA{self.id[:17].upper()}"

    @account.route("POST", "sessions/expire")
    def expire(body: dict[str, Any]) -> dict[str, str]:
        """Ends a role session before its time, which is a quarter of an hour at least: {access_key_id}."""
        session = _session(account, body["access_key_id"])
        if session is None:
            raise ValueError(f"{body['access_key_id']} is no role session's")
        session.expiration = utcnow()
        return {"access_key_id": session.access_key_id}


def identify(account: Account, request: AwsRequest) -> Principal:
    """The principal who signed `request`; raises CredentialRefused."""
    if request.access_key == ROOT_ACCESS_KEY:
        verify(account, request, ROOT_SECRET_KEY)
        return Principal(ROOT)
    if number := number_of(account, request.access_key):
        verify(account, request, ROOT_SECRET_KEY)
        return Principal(ROOT, other_account=number)
    session = _session(account, request.access_key)
    if session is not None:
        if request.session_token != session.session_token:
            raise _UNKNOWN
        verify(account, request, session.secret_access_key)
        if session.expiration <= utcnow():
            raise CredentialRefused("ExpiredToken", "The security token included in the request is expired")
        return session_principal(account, session)
    iam = iam_backends[account.account_id]["aws"]
    user = iam.get_user_from_access_key_id(request.access_key)
    key = user.get_access_key_by_id(request.access_key) if user else None
    if key is None or key.status != "Active":
        raise _UNKNOWN
    verify(account, request, key.secret_access_key)
    return user_principal(account, user)


def _session(account: Account, access_key: str) -> AssumedRole | None:
    return sts_backends[account.account_id]["aws"].get_assumed_role_from_access_key(access_key)


def session_principal(account: Account, session: AssumedRole) -> Principal:
    iam = iam_backends[account.account_id]["aws"]
    name = session.role_arn.rsplit("/", 1)[-1]
    role = next((role for role in iam.roles.values() if role.name == name), None)
    if role is None:
        raise _UNKNOWN
    limits = [[_document(iam.get_policy(role.permissions_boundary_arn))]] if role.permissions_boundary_arn else []
    if session.policy:
        limits.append([_parsed(session.policy)])
    context = {
        "aws:PrincipalArn": role.arn,
        "aws:PrincipalAccount": account.account_id,
        "aws:userid": f"{role.id}:{session.session_name}",
        **{f"aws:PrincipalTag/{key}": value for key, value in role_tags(role).items()},
    }
    if _INSTANCE_ID.match(session.session_name):
        # EC2 names the sessions of an instance's role after the instance, and says which instance got them.
        arn = f"arn:aws:ec2:{account.region}:{account.account_id}:instance/{session.session_name}"
        context["ec2:SourceInstanceARN"] = arn
    return Principal(session.arn, role_policies(iam, role), limits, context)


def role_policies(iam: IAMBackend, role: Any) -> list[Document]:
    """A role's inline and attached policies."""
    inline = [_parsed(document) for document in role.policies.values()]
    return inline + [_document(policy) for policy in role.managed_policies.values()]


def user_principal(account: Account, user: Any) -> Principal:
    iam = iam_backends[account.account_id]["aws"]
    holders = [user, *iam.get_groups_for_user(user.name)]
    policies = [_parsed(document) for holder in holders for document in holder.policies.values()]
    policies += [_document(policy) for holder in holders for policy in holder.managed_policies.values()]
    context = {
        "aws:PrincipalArn": user.arn,
        "aws:PrincipalAccount": account.account_id,
        "aws:userid": user.id,
        "aws:username": user.name,
    }
    return Principal(user.arn, policies, [], context)


def _document(policy: Policy) -> Document:
    return _parsed(next(version.document for version in policy.versions if version.is_default))


def _parsed(document: Any) -> Document:
    return json.loads(document) if isinstance(document, str) else document


def role_tags(role: Any) -> dict[str, str]:
    """moto keeps a role's tags in a list when it is created with them, and by lower-cased key once it is tagged."""
    tags = role.tags.values() if isinstance(role.tags, dict) else role.tags
    return {tag["Key"]: tag["Value"] for tag in tags}
