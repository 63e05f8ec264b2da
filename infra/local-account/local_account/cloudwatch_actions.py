"""Performs an alarm's actions: SNS topics, Lambda functions, and the event every transition sends to EventBridge."""

from __future__ import annotations

import sys
from typing import Any

from . import sns_delivery
from .account import Account
from .cloudwatch_history import record_action
from .cloudwatch_messages import Transition, event_detail, lambda_event, sns_message, subject

SERVICE = "cloudwatch.amazonaws.com"


def act(account: Account, backend: Any, change: Transition, notify: bool = True, event: bool = True) -> None:
    """`notify`: run the alarm's actions, when they are enabled; `event`: tell EventBridge, which has no such switch."""
    alarm = change.alarm
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[change.after.value]
    for arn in actions if notify and alarm.actions_enabled else []:
        error = _perform(account, change, arn)
        record_action(backend, change, arn, error)
        if error:
            print(f"alarm {alarm.name!r}: action {arn} failed: {error}", file=sys.stderr, flush=True)
    if event and account.emit_event is not None:
        account.emit_event("aws.cloudwatch", "CloudWatch Alarm State Change", event_detail(change), [alarm.alarm_arn])


def _perform(account: Account, change: Transition, arn: str) -> str | None:
    """What went wrong, or None. A failing action must not keep the alarm from its other actions."""
    try:
        if ":sns:" in arn:
            told, arn_of_alarm = sns_message(account, change), change.alarm.alarm_arn
            sns_delivery.publish_as_service(account, SERVICE, arn, subject(account, change), told, arn_of_alarm)
        elif ":lambda:" in arn and account.invoke_function is not None:
            account.invoke_function(arn, lambda_event(account, change), True)
        else:
            return "the local account does not perform this kind of action"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
