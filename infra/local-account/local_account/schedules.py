"""EventBridge rules that run on a schedule.

Source: "Creating an Amazon EventBridge rule that runs on a schedule" in the Amazon EventBridge user guide.
"""

from __future__ import annotations

import threading
import time
import uuid
from datetime import datetime, timezone
from typing import Any

from moto.events.models import events_backends

from .account import Account
from .event_rules import send_to_functions
from .schedule_expressions import is_due

_LOOK_EVERY_SECONDS = 0.25


def install(account: Account) -> None:
    @account.route("POST", "tick")
    def tick(body: dict[str, Any]) -> dict[str, list[str]]:
        name = body.get("rule")
        rules = [rule for rule in _rules(account) if name in (None, rule.name)]
        if name and not rules:
            raise ValueError(f"no enabled scheduled rule {name}")
        for rule in rules:
            _fire(account, rule)
        return {"rules": [rule.name for rule in rules]}

    threading.Thread(target=_run, args=(account,), daemon=True).start()


def _run(account: Account) -> None:
    last: dict[str, float] = {}
    while not account.stopping.wait(_LOOK_EVERY_SECONDS):
        now = time.time()
        for rule in _rules(account):
            # A rule first fires one period after it was made.
            since = last.setdefault(rule.arn, now)
            if _overtakes_itself(account, rule):
                continue
            if _due(account, rule.scheduled_expression, since, now):
                last[rule.arn] = now
                _fire(account, rule)


def _overtakes_itself(account: Account, rule: Any) -> bool:
    """A schedule that was made faster than it says does not fire into a run of its own that is still under way: on a slow
    machine such runs would pile up without an end. At its own pace it fires whatever is under way, as on AWS."""
    return account.schedule_seconds is not None and any(account.is_busy(target["Arn"]) for target in rule.targets)


def _due(account: Account, expression: str, since: float, now: float) -> bool:
    if account.schedule_seconds is not None:
        return now - since >= account.schedule_seconds
    return is_due(expression, since, now)


def _rules(account: Account) -> list[Any]:
    bus = events_backends[account.account_id][account.region].describe_event_bus("default")
    return [rule for rule in list(bus.rules.values()) if rule.scheduled_expression and rule.state == "ENABLED"]


def _fire(account: Account, rule: Any) -> None:
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account.account_id,
        "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": account.region,
        "resources": [rule.arn],
        "detail": {},
    }
    send_to_functions(account, rule, event)
