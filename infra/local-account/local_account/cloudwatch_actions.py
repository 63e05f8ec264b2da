"""Performs an alarm's actions: SNS topics, Lambda functions, and the event every transition sends to EventBridge."""

from __future__ import annotations

import sys
from typing import Any

from . import lambda_delivery, sns_delivery
from .account import Account
from .cloudwatch_history import record_action
from .cloudwatch_messages import Transition, event_detail, lambda_event, sns_message, subject

_TO_TOPICS = "cloudwatch.amazonaws.com"
_TO_FUNCTIONS = "lambda.alarms.cloudwatch.amazonaws.com"


def act(account: Account, backend: Any, change: Transition, notify: bool = True) -> None:
    """`notify`: run the alarm's actions, when they are enabled. EventBridge is told always."""
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
    if account.emit_event is not None:
        kind = "CloudWatch Alarm Contributor State Change" if change.contributor_id else "CloudWatch Alarm State Change"
        account.emit_event("aws.cloudwatch", kind, event_detail(change), [alarm.alarm_arn])


def _perform(account: Account, change: Transition, arn: str) -> str | None:
    """What went wrong, or None. A failing action must not keep the alarm from its other actions."""
    alarm_arn = change.alarm.alarm_arn
    try:
        if ":sns:" in arn:
            told = sns_message(account, change)
            sns_delivery.publish_as_service(account, _TO_TOPICS, arn, subject(account, change), told, alarm_arn)
        elif ":lambda:" in arn:
            event = lambda_event(account, change)
            lambda_delivery.invoke_as_service(account, _TO_FUNCTIONS, alarm_arn, arn, event)
        else:
            return "the local account does not perform this kind of action"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
