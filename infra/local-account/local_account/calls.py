"""The record of every AWS call: the local account's own CloudTrail, complete and in order of completion."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from .account import Account
from .aws_request import AwsRequest

_LONGEST_PARAMETER = 256
# Parameters that say nothing about what was asked for.
_UNINTERESTING = {"Version", "ClientToken"}


@dataclass
class Call:
    """One call. `permissions` are the IAM actions it took, which for some calls is not the action's own name.

    `function` and `request_id` name the invocation that made the call, where one did. Times are Unix milliseconds.
    """

    service: str
    action: str
    caller: str
    function: str | None
    request_id: str | None
    started_ms: float
    params: dict[str, Any]
    permissions: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    ended_ms: float = 0.0
    status: int = 0
    error: str | None = None
    n: int = 0
    access_key: str = ""
    user_agent: str = ""


class Calls:
    """Calls are numbered from 1 as they end, so that reading on from a number never misses one that took longer."""

    def __init__(self) -> None:
        self._ended: list[Call] = []
        self._lock = threading.Lock()

    def begin(self, account: Account, request: AwsRequest, caller: str) -> Call:
        function, request_id = account.invocation_of(request.access_key) or (None, None)
        params = scalar_parameters(request.params)
        call = Call(request.service, request.action, caller, function, request_id, time.time() * 1000, params)
        call.access_key, call.user_agent = request.access_key, request.headers.get("user-agent", "")
        return call

    def end(self, call: Call, status: int, error: str | None) -> None:
        call.ended_ms, call.status, call.error = time.time() * 1000, status, error
        with self._lock:
            self._ended.append(call)
            call.n = len(self._ended)

    def since(self, n: int = 0) -> list[Call]:
        """The calls that ended after call number `n`."""
        with self._lock:
            return self._ended[n:]


def install(account: Account, calls: Calls) -> None:
    @account.route("GET", "calls")
    def list_calls(query: dict[str, Any]) -> dict[str, Any]:
        return {"calls": [asdict(call) for call in calls.since(int(query.get("since", 0)))]}


def scalar_parameters(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that are single values, cut to a readable length."""
    return {
        name: value[:_LONGEST_PARAMETER] if isinstance(value, str) else value
        for name, value in params.items()
        if isinstance(value, (str, int, float, bool)) and name not in _UNINTERESTING
    }
