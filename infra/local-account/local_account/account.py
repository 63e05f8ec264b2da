"""What every part of the local account shares: who it is, how slow its state changes are, and its test door."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from .aws_request import AwsRequest
    from .deploy.stack import Stack

# A door handler takes the JSON body (or the query parameters of a GET) and returns something JSON can hold.
DoorHandler = Callable[[dict[str, Any]], Any]


@dataclass
class Delays:
    """Seconds that a state change takes to complete; AWS never completes one within the call that asks for it.

    `trail` is how long CloudTrail takes to show a call, on AWS about 15 minutes.
    """

    detach: float = 1.0
    stop: float = 2.0
    start: float = 1.0
    snapshot: float = 3.0
    launch: float = 1.0
    trail: float = 2.0
    register: float = 1.0


@dataclass
class Account:
    """One AWS account in one Region, served from one loopback endpoint.

    `invoke_function(function_arn, event, asynchronous)` is set by the Lambda overlay; overlays that deliver
    events (SNS, alarms, schedules) call it and never start a process themselves. `emit_event(source, detail_type,
    detail, resources)` is set by the EventBridge overlay. `invocation_of(access_key)` names the function and the
    request id of the invocation that holds a credential; it is None for anyone else's credential. `services` answer
    in moto's place, by service name; `stacks` are what the door deployed, by name.
    """

    account_id: str = "123456789012"
    region: str = "us-east-1"
    endpoint: str = ""
    state_dir: Path = Path(".")
    enforce_iam: bool = True
    schedule_seconds: float | None = None
    async_retry_seconds: float = 0.5
    # The state in which an anomaly detector begins, and how many there may be; both are set through the door.
    new_detector_state: str = "TRAINED"
    detector_quota: int = 500
    delays: Delays = field(default_factory=Delays)
    door: dict[tuple[str, str], DoorHandler] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    invoke_function: Callable[[str, dict[str, Any], bool], Any] | None = None
    emit_event: Callable[[str, str, dict[str, Any], list[str]], None] | None = None
    services: dict[str, Callable[[AwsRequest], Response]] = field(default_factory=dict)
    stacks: dict[str, Stack] = field(default_factory=dict)
    # Whether a function has an invocation under way, by its ARN.
    is_busy: Callable[[str], bool] = lambda function_arn: False
    invocation_of: Callable[[str], tuple[str, str | None] | None] = lambda access_key: None

    def route(self, method: str, path: str) -> Callable[[DoorHandler], DoorHandler]:
        """Registers a door handler for `METHOD /local-account/PATH`."""

        def register(handler: DoorHandler) -> DoorHandler:
            self.door[(method, path)] = handler
            return handler

        return register

    def later(self, seconds: float, change: Callable[[], None]) -> None:
        """Runs `change` after `seconds` on a daemon timer, unless the account is being stopped by then."""

        def run() -> None:
            if self.stopping.is_set():
                return
            try:
                change()
            except Exception:
                # What it was to change may have gone with the account.
                if not self.stopping.is_set():
                    raise

        timer = threading.Timer(seconds, run)
        timer.daemon = True
        timer.start()
