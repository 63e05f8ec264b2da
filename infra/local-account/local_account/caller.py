"""In whose name a service acts while it answers a call: what it does elsewhere for its caller needs his permission."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .account import Account
from .authorization import Authorization
from .aws_request import AwsRequest
from .iam import decision, general_context
from .iam_policy import Decision
from .principals import Principal

_CALLER: ContextVar[tuple[Principal, dict[str, Any]] | None] = ContextVar("caller", default=None)


@contextmanager
def serving(account: Account, request: AwsRequest, principal: Principal) -> Iterator[None]:
    """Names the caller to `caller_may` for as long as its call is answered."""
    token = _CALLER.set((principal, general_context(account, request, principal)))
    try:
        yield
    finally:
        _CALLER.reset(token)


def caller_may(account: Account, needed: Authorization) -> bool:
    """Whether the caller has a permission that a service needs in its name. Root, and the account itself, may all."""
    caller = _CALLER.get()
    if caller is None or caller[0].is_root or not account.enforce_iam:
        return True
    principal, general = caller
    return decision(account, principal, needed, {**general, **needed.context}) is Decision.ALLOWED
