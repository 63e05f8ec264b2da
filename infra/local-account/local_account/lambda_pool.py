"""Execution environments by function: as many as there are invocations at once, up to the function's concurrency.

Source: "Understanding Lambda function scaling" in the AWS Lambda developer guide.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from .account import Account
from .lambda_process import Environment, extracted, version_of
from .resource_policy import allows_service

# Lambda's own limit is 1,000 an account; so many processes would not fit on a developer's machine.
_UNRESERVED_CONCURRENCY = 50
# No environment lives so long that its credentials need to be renewed.
_SESSION_SECONDS = 43200


class Throttled(Exception):
    """Every environment that the function may have is busy."""


class RoleNotAssumable(Exception):
    """The function's role is missing, or doesn't trust lambda.amazonaws.com."""


class Pool:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._idle: dict[str, list[Environment]] = {}
        self._busy: dict[str, int] = {}
        self._by_access_key: dict[str, tuple[str, Environment]] = {}

    @contextmanager
    def environment(self, function: Any) -> Iterator[Environment]:
        """An environment for one invocation; raises Throttled or RoleNotAssumable. Returned to the pool if it lives."""
        arn = function.function_arn
        with self._lock:
            if self._account.stopping.is_set() or self._busy.get(arn, 0) >= _concurrency(function):
                raise Throttled(arn)
            self._busy[arn] = self._busy.get(arn, 0) + 1
        environment = None
        try:
            environment = self._reused(function) or self._started(function)
            yield environment
        finally:
            with self._lock:
                self._busy[arn] -= 1
                if environment is not None and environment.alive and not self._account.stopping.is_set():
                    self._idle.setdefault(arn, []).append(environment)
                elif environment is not None:
                    self._discard(environment)

    def invocation_of(self, access_key: str) -> tuple[str, str | None] | None:
        """The function and the current request id of the process that holds `access_key`."""
        holder = self._by_access_key.get(access_key)
        if holder is None:
            return None
        name, environment = holder
        current = environment.current
        return name, current.request_id if current else None

    def is_busy(self, function_arn: str) -> bool:
        return self._busy.get(function_arn, 0) > 0

    def stop(self) -> None:
        """Ends every process, idle or busy, and waits for them together: one after another, those of a long test run
        take longer than whoever stops the account waits."""
        with self._lock:
            # None is added after this: the account is being stopped.
            environments = [environment for _, environment in self._by_access_key.values()]
            self._by_access_key.clear()
            self._idle.clear()
        with ThreadPoolExecutor(max_workers=16) as together:
            list(together.map(Environment.stop, environments))

    def _reused(self, function: Any) -> Environment | None:
        with self._lock:
            idle = self._idle.get(function.function_arn, [])
            while idle:
                environment = idle.pop()
                if environment.alive and environment.version == version_of(function):
                    return environment
                self._discard(environment)
        return None

    def _started(self, function: Any) -> Environment:
        account = self._account
        role = next((r for r in iam_backends[account.account_id]["aws"].roles.values() if r.arn == function.role), None)
        if role is None or not allows_service(
            role.assume_role_policy_document, "lambda.amazonaws.com", "sts:AssumeRole", resource=None, context={}
        ):
            raise RoleNotAssumable("The role defined for the function cannot be assumed by Lambda.")
        sts = sts_backends[account.account_id]["aws"]
        session = sts.assume_role(account.region, function.function_name, function.role, "", _SESSION_SECONDS, "")
        code = extracted(account, function)
        with self._lock:
            # Under the lock, so that no process starts unseen while the account is being stopped.
            if account.stopping.is_set():
                raise Throttled(function.function_arn)
            environment = Environment(account, function, session, code)
            self._by_access_key[session.access_key_id] = (function.function_name, environment)
        return environment

    def _discard(self, environment: Environment) -> None:
        self._by_access_key.pop(environment.session.access_key_id, None)
        environment.stop()


def _concurrency(function: Any) -> int:
    reserved = function.reserved_concurrency
    return _UNRESERVED_CONCURRENCY if reserved is None else int(reserved)
