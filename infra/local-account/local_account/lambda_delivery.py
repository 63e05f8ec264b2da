"""Invocations: synchronous ones answer their caller, asynchronous ones are retried and end in a queue if they fail.

Source: "Invoke" in the AWS Lambda API reference, "How Lambda handles errors and retries with asynchronous invocation"
and "Capturing records of Lambda asynchronous invocations" in its developer guide. Lambda waits 1 and 2 minutes before
its two retries; here it is `async_retry_seconds`.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.utils import get_backend

from .account import Account
from .lambda_destinations import send_dead_letter, send_failure_record
from .lambda_pool import Pool, RoleNotAssumable, Throttled
from .lambda_runtime import Answer, Invocation
from .patching import overlay
from .resource_policy import allows_service

_log = logging.getLogger(__name__)
_LOG_TAIL_BYTES = 4096
_DEFAULT_RETRIES = 2
_DEFAULT_EVENT_AGE_SECONDS = 21600


class NotPermitted(Exception):
    """A service may not invoke the function: there is no such function, or no permission for that source."""


@dataclass
class Record:
    """One attempt at one invocation, as the test door shows it: Unix milliseconds, and `error` the error's type."""

    function: str
    request_id: str
    started_ms: float
    ended_ms: float
    error: str | None
    payload: Any
    result: Any
    log: str


class Delivery:
    def __init__(self, account: Account) -> None:
        self._account = account
        self.pool = Pool(account)
        self._records: list[Record] = []
        self._lock = threading.Lock()

    def records(self) -> list[Record]:
        with self._lock:
            return list(self._records)

    def invoke(self, function_arn: str, event: dict[str, Any], asynchronous: bool) -> Any:
        """With `asynchronous` the request id, at once; otherwise what the function returned, or its error document."""
        function = _function(self._account, function_arn)
        body = json.dumps(event).encode()
        if asynchronous:
            return self.enqueue(function, body)
        return _json_or_text(self.attempt(function, Invocation(body, function.function_arn))[0].payload)

    def attempt(self, function: Any, invocation: Invocation) -> tuple[Answer, str]:
        """Runs one invocation and records it; raises Throttled or RoleNotAssumable."""
        with self.pool.environment(function) as environment:
            started = time.time() * 1000
            answer, log = environment.run(invocation, float(function.timeout))
            ended = time.time() * 1000
        result = _json_or_text(answer.payload)
        error = None
        if answer.error:
            error = result.get("errorType", "Unknown") if isinstance(result, dict) else "Unknown"
        record = Record(
            function.function_name,
            invocation.request_id,
            started,
            ended,
            error,
            _json_or_text(invocation.event),
            result,
            log,
        )
        with self._lock:
            self._records.append(record)
        _write_logs(function, invocation, log)
        return answer, log

    def enqueue(self, function: Any, body: bytes) -> str:
        """Takes an event for asynchronous invocation and returns its request id."""
        invocation = Invocation(body, function.function_arn)
        threading.Thread(target=self._deliver, args=(function, invocation), daemon=True).start()
        return invocation.request_id

    def _deliver(self, function: Any, first: Invocation) -> None:
        stopping = self._account.stopping
        attempts, most = 0, 1 + _setting(function, "MaximumRetryAttempts", _DEFAULT_RETRIES)
        too_old = time.monotonic() + _setting(function, "MaximumEventAgeInSeconds", _DEFAULT_EVENT_AGE_SECONDS)
        answer: Answer | None = None
        while attempts < most and time.monotonic() < too_old and not stopping.is_set():
            invocation = Invocation(first.event, first.function_arn, first.request_id)
            try:
                answer, _ = self.attempt(function, invocation)
                attempts += 1
                if not answer.error:
                    return
            except Throttled:
                # A throttled event goes back to the queue; it doesn't use up an attempt.
                pass
            except RoleNotAssumable as error:
                _log.warning("%s: %s", function.function_name, error)
                attempts += 1
            if attempts < most:
                stopping.wait(self._account.async_retry_seconds)
        if not stopping.is_set():
            condition = "RetriesExhausted" if attempts == most else "EventAgeExceeded"
            send_failure_record(self._account, function, first, answer, condition, attempts)
            send_dead_letter(self._account, function, first, answer)


def invoke_as_service(account: Account, service: str, source_arn: str, function_arn: str, event: dict[str, Any]) -> str:
    """Asynchronous invocation by an AWS service such as `sns.amazonaws.com` for the resource `source_arn`. Raises
    NotPermitted unless the function's policy has a permission for them, as Lambda refuses the service."""
    try:
        function = _function(account, function_arn)
    except LambdaClientError as error:
        raise NotPermitted(f"there is no function {function_arn}") from error
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": account.account_id}
    policy = {"Statement": function.policy.statements}
    if not allows_service(policy, service, "lambda:InvokeFunction", function.function_arn, context):
        raise NotPermitted(f"{function.function_name} has no permission for {service} with source {source_arn}")
    assert account.invoke_function is not None
    return account.invoke_function(function_arn, event, True)


def install(account: Account) -> Delivery:
    delivery = Delivery(account)
    account.invoke_function = delivery.invoke
    account.invocation_of = delivery.pool.invocation_of
    account.is_busy = delivery.pool.is_busy

    @account.route("GET", "invocations")
    def list_invocations(_: dict[str, Any]) -> list[dict[str, Any]]:
        return [asdict(record) for record in delivery.records()]

    @overlay(LambdaFunction, "__init__")
    def create(moto: Any, self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        moto(self, account_id, spec, *args, **kwargs)
        self.dead_letter_config = spec.get("DeadLetterConfig")

    packages: dict[str, bytes] = {}

    @overlay(LambdaFunction, "_set_function_code")
    def set_function_code(moto: Any, self: Any, updated_spec: dict[str, Any]) -> None:
        moto(self, updated_spec)
        # A debug binary is tens of megabytes, and many functions have the same: one copy is held, and none in base64.
        self.code.pop("ZipFile", None)
        self.code_bytes = packages.setdefault(self.code_sha_256, self.code_bytes)

    @overlay(LambdaBackend, "put_function_event_invoke_config")
    def put_event_invoke_config(moto: Any, self: Any, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        # moto keeps the first of them for ever.
        self.get_function(function_name).event_invoke_config = []
        return moto(self, function_name, config)

    @overlay(LambdaBackend, "invoke")
    def invoke(
        _moto: Any, self: Any, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        function = self.get_function(function_name, qualifier)
        event = body.encode() if isinstance(body, str) else body or b"{}"
        _require_json(event)
        kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return b""
        if kind == "Event":
            response_headers["x-amzn-RequestId"] = delivery.enqueue(function, event)
            return b""
        return _answer_caller(delivery, function, event, response_headers)

    return delivery


def _answer_caller(delivery: Delivery, function: Any, event: bytes, response_headers: Any) -> bytes:
    invocation = Invocation(event, function.function_arn)
    try:
        answer, log = delivery.attempt(function, invocation)
    except Throttled:
        throttled = LambdaClientError("TooManyRequestsException", "Rate Exceeded.")
        throttled.code = 429
        raise throttled from None
    except RoleNotAssumable as error:
        raise LambdaClientError("AccessDeniedException", str(error)) from None
    response_headers["x-amzn-RequestId"] = invocation.request_id
    response_headers["x-amz-executed-version"] = "$LATEST"
    response_headers["x-amz-log-result"] = base64.b64encode(log.encode()[-_LOG_TAIL_BYTES:]).decode()
    response_headers["Content-Length"] = str(len(answer.payload))
    if answer.error:
        response_headers["x-amz-function-error"] = "Unhandled"
    return answer.payload


def _function(account: Account, function_arn: str) -> Any:
    return get_backend(account.account_id, account.region).get_function(function_arn)


def _setting(function: Any, name: str, default: int) -> int:
    """A setting of the function's event invoke configuration."""
    configured = function.event_invoke_config
    return int(configured[0].config.get(name, default)) if configured else default


def _require_json(event: bytes) -> None:
    try:
        json.loads(event)
    except ValueError as error:
        raise LambdaClientError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from None


def _json_or_text(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")


def _write_logs(function: Any, invocation: Invocation, log: str) -> None:
    """To the function's CloudWatch Logs group, between the lines that Lambda itself writes."""
    function.logs_backend.ensure_log_group(function.logs_group_name)
    request_id = invocation.request_id
    function.save_logs(f"START RequestId: {request_id} Version: $LATEST\n{log.rstrip()}\nEND RequestId: {request_id}")
