"""DescribeAlarmHistory: what happened to alarms, kept after they are deleted.

Source: DescribeAlarmHistory in the CloudWatch API reference. HistoryData of a StateUpdate is JSON with `oldState` and
`newState`; `stateReasonData` is there only when CloudWatch evaluated the state, or SetAlarmState gave it.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from .cloudwatch_messages import State, Transition
from .metric_series import epoch_seconds
from .patching import overlay

PAGE = 100


def install() -> None:
    @overlay(CloudWatchResponse)
    def describe_alarm_history(moto: Any, self: Any) -> ActionResult:
        items = [item for item in history_of(self.cloudwatch_backend) if _wanted(item, self)]
        if self._get_param("ScanBy") != "TimestampAscending":
            items.reverse()
        start, most = int(self._get_param("NextToken") or 0), self._get_int_param("MaxRecords", PAGE)
        end = start + most
        return ActionResult(
            {"AlarmHistoryItems": items[start:end], "NextToken": str(end) if end < len(items) else None}
        )


def history_of(backend: Any) -> list[dict[str, Any]]:
    """Oldest first, in the shape DescribeAlarmHistory answers with."""
    return backend.__dict__.setdefault("alarm_history", [])  # type: ignore[no-any-return]


def record_transition(backend: Any, change: Transition) -> None:
    before, after = change.before, change.after
    data = {"version": "1.0", "oldState": _state(before), "newState": _state(after)}
    item = _item(change.alarm, "StateUpdate", f"Alarm updated from {before.value} to {after.value}", data)
    item["Timestamp"] = after.timestamp
    if change.contributor_id:
        item["AlarmContributorId"] = change.contributor_id
        item["AlarmContributorAttributes"] = change.contributor_attributes
    history_of(backend).append(item)


def record_action(backend: Any, change: Transition, action_arn: str, error: str | None) -> None:
    done = "Successfully executed action" if error is None else "Failed to execute action"
    data = {"actionState": "Failed" if error else "Succeeded", "notificationResource": action_arn, "error": error}
    history_of(backend).append(_item(change.alarm, "Action", f"{done} {action_arn}", data))


def record_configuration(backend: Any, alarm: Any, created: bool) -> None:
    word = "created" if created else "updated"
    data = {"version": "1.0", "type": "Create" if created else "Update"}
    history_of(backend).append(_item(alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" {word}', data))


def _state(state: State) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": state.value, "stateReason": state.reason}
    if state.reason_data:
        told["stateReasonData"] = json.loads(state.reason_data)
    return told


def _item(alarm: Any, kind: str, summary: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmType": "MetricAlarm" if alarm.rule is None else "CompositeAlarm",
        "Timestamp": datetime.now(timezone.utc),
        "HistoryItemType": kind,
        "HistorySummary": summary,
        "HistoryData": json.dumps(data),
    }


def _wanted(item: dict[str, Any], response: Any) -> bool:
    name, kind = response._get_param("AlarmName"), response._get_param("HistoryItemType")
    contributor = response._get_param("AlarmContributorId")
    start, end = response._get_param("StartDate"), response._get_param("EndDate")
    types = response._get_param("AlarmTypes") or ["MetricAlarm"]
    moment = epoch_seconds(item["Timestamp"])
    return (
        (name is None or item["AlarmName"] == name)
        and (kind is None or item["HistoryItemType"] == kind)
        and (contributor is None or item.get("AlarmContributorId") == contributor)
        # A named alarm is found whatever its type, unless types are asked for.
        and (item["AlarmType"] in types or (name is not None and not response._get_param("AlarmTypes")))
        and (start is None or moment >= epoch_seconds(start))
        and (end is None or moment <= epoch_seconds(end))
    )
