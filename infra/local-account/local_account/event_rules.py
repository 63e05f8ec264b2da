"""EventBridge rules with Lambda targets, for events that services and callers put on the default bus.

Source: "Amazon EventBridge targets" and "Using dead-letter queues to process undelivered events" in the Amazon
EventBridge user guide. moto matches patterns and serves other targets; it knows no Lambda target.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from datetime import datetime, timezone
from typing import Any

from moto.events.models import Rule, events_backends
from moto.events.utils import EventTemplateParser

from .account import Account
from .lambda_delivery import NotPermitted, invoke_as_service
from .patching import overlay
from .queue_delivery import send_to_queue

_SERVICE = "events.amazonaws.com"
_log = logging.getLogger(__name__)


def install(account: Account) -> None:
    account.emit_event = lambda source, detail_type, detail, resources: _emit(
        account, source, detail_type, detail, resources
    )

    @overlay(Rule)
    def send_to_targets(moto: Any, self: Any, original_event: Any, transform_input: bool = True) -> None:
        if self.state != "ENABLED" or self.scheduled_expression or not self.event_pattern.matches_event(original_event):
            return
        others = copy.copy(self)
        others.targets = [target for target in self.targets if not _is_lambda(target)]
        moto(others, original_event, transform_input)
        event = {**original_event, "time": _iso_time(original_event["time"])}
        event.pop("ingestion-time", None)
        send_to_functions(account, self, event)


def send_to_functions(account: Account, rule: Any, event: dict[str, Any]) -> None:
    """Delivers `event` to `rule`'s Lambda targets, in the form each asks for."""
    for target in filter(_is_lambda, rule.targets):
        content = _input(target, event)
        try:
            invoke_as_service(account, _SERVICE, rule.arn, target["Arn"], content)
        except NotPermitted as refusal:
            _log.warning("rule %s: %s", rule.name, refusal)
            if queue_arn := target.get("DeadLetterConfig", {}).get("Arn"):
                send_to_queue(account, _SERVICE, rule.arn, queue_arn, json.dumps(content), str(refusal))


def _emit(account: Account, source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
    """Puts a service's event on the default bus, where PutEvents itself would refuse a source that starts `aws.`"""
    backend = events_backends[account.account_id][account.region]
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
    backend.put_events([entry])


def _is_lambda(target: dict[str, Any]) -> bool:
    return target["Arn"].split(":")[2] == "lambda"


def _input(target: dict[str, Any], event: dict[str, Any]) -> Any:
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputPath" in target:
        selected: Any = event
        for step in target["InputPath"].removeprefix("$").split("."):
            selected = selected[step] if step else selected
        return selected
    if transformer := target.get("InputTransformer"):
        paths = transformer.get("InputPathsMap", {})
        stamped = {"ingestion-time": time.time(), **event}
        return EventTemplateParser.parse(transformer.get("InputTemplate"), paths, stamped)
    return event


def _iso_time(moment: Any) -> str:
    """moto counts seconds, EventBridge writes ISO 8601."""
    if isinstance(moment, str):
        return moment
    return datetime.fromtimestamp(float(moment), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
