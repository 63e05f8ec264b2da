"""Where an asynchronous invocation that failed for good ends: the function's on-failure destination and its
dead-letter queue, both written with the permissions of the function's role.

Source: "Capturing records of Lambda asynchronous invocations" and "Dead-letter queues" in the AWS Lambda developer
guide.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from typing import Any

from moto.iam.models import iam_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from .account import Account
from .iam_policy import Decision, evaluate
from .lambda_runtime import Answer, Invocation
from .principals import role_policies

_log = logging.getLogger(__name__)


def send_failure_record(
    account: Account, function: Any, invocation: Invocation, answer: Answer | None, condition: str, attempts: int
) -> None:
    """The invocation record, to the destination of the function's event invoke configuration."""
    configured = function.event_invoke_config
    destinations = configured[0].config.get("DestinationConfig", {}) if configured else {}
    destination = destinations.get("OnFailure", {}).get("Destination")
    if not destination:
        return
    record = {
        "version": "1.0",
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": invocation.request_id,
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": _json(invocation.event),
    }
    if answer is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
        record["responsePayload"] = _json(answer.payload)
    _send(account, function, destination, json.dumps(record), {})


def send_dead_letter(account: Account, function: Any, invocation: Invocation, answer: Answer | None) -> None:
    """The event itself, to the function's dead-letter queue or topic."""
    target = (function.dead_letter_config or {}).get("TargetArn")
    if not target:
        return
    failure = _json(answer.payload) if answer else {}
    message = failure.get("errorMessage", "") if isinstance(failure, dict) else str(failure)
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": invocation.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": message[:1024] or "unknown"},
    }
    _send(account, function, target, invocation.event.decode(), attributes)


def _send(account: Account, function: Any, target: str, body: str, attributes: dict[str, Any]) -> None:
    service, name = target.split(":")[2], target.rsplit(":", 1)[-1]
    action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}.get(service)
    if action is None:
        _log.warning("%s: the local account delivers no failures to %s", function.function_name, target)
    elif not _role_may(account, function, action, target):
        _log.warning("%s: its role may not %s on %s, the failed event is lost", function.function_name, action, target)
    elif service == "sqs":
        sqs_backends[account.account_id][account.region].send_message(name, body, message_attributes=attributes)
    else:
        sns_backends[account.account_id][account.region].publish(body, arn=target)


def _role_may(account: Account, function: Any, action: str, resource: str) -> bool:
    iam = iam_backends[account.account_id]["aws"]
    role = next((role for role in iam.roles.values() if role.arn == function.role), None)
    if role is None:
        return False
    if not account.enforce_iam:
        return True
    return evaluate(role_policies(iam, role), action, resource, {}) is Decision.ALLOWED


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
