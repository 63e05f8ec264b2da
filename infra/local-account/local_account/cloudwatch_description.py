"""DescribeAlarms with all its filters, a page at a time.

Source: DescribeAlarms in the CloudWatch API reference. Composite alarms are left out unless AlarmTypes asks for them,
even when they are named.
"""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from .cloudwatch_composites import parse_rule
from .patching import overlay

LARGEST_PAGE = 100
USUAL_PAGE = 50


def install() -> None:
    @overlay(CloudWatchResponse)
    def describe_alarms(moto: Any, self: Any) -> ActionResult:
        names, prefix = self._get_param("AlarmNames", []), self._get_param("AlarmNamePrefix")
        if names and prefix:
            raise InvalidParameterCombination("AlarmNames and AlarmNamePrefix must not be used together.")
        most = self._get_int_param("MaxRecords", LARGEST_PAGE if names else USUAL_PAGE)
        if not 1 <= most <= LARGEST_PAGE or len(names) > LARGEST_PAGE:
            raise ValidationError(f"MaxRecords and AlarmNames are limited to {LARGEST_PAGE}.")
        found = sorted((alarm for alarm in _related(self) if _wanted(alarm, self)), key=lambda alarm: alarm.name)
        start = int(self._get_param("NextToken") or 0)
        page = found[start : start + most]
        return ActionResult(
            {
                "MetricAlarms": [alarm for alarm in page if alarm.rule is None],
                "CompositeAlarms": [alarm for alarm in page if alarm.rule is not None],
                "NextToken": str(start + most) if start + most < len(found) else None,
            }
        )


def _related(response: Any) -> list[Any]:
    alarms = response.cloudwatch_backend.alarms.copy()
    children_of, parents_of = response._get_param("ChildrenOfAlarmName"), response._get_param("ParentsOfAlarmName")
    if children_of:
        parent = alarms.get(children_of)
        names = parse_rule(parent.rule).children if parent is not None and parent.rule else []
        return [alarms[name] for name in names if name in alarms]
    if parents_of:
        return [alarm for alarm in alarms.values() if alarm.rule and parents_of in parse_rule(alarm.rule).children]
    return list(alarms.values())


def _wanted(alarm: Any, response: Any) -> bool:
    names, prefix = response._get_param("AlarmNames", []), response._get_param("AlarmNamePrefix")
    state, action = response._get_param("StateValue"), response._get_param("ActionPrefix")
    related = response._get_param("ChildrenOfAlarmName") or response._get_param("ParentsOfAlarmName")
    types = response._get_param("AlarmTypes") or (["MetricAlarm", "CompositeAlarm"] if related else ["MetricAlarm"])
    actions = [*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions]
    return (
        ("MetricAlarm" if alarm.rule is None else "CompositeAlarm") in types
        and (not names or alarm.name in names)
        and (not prefix or alarm.name.startswith(prefix))
        and (not state or alarm.state_value == state)
        and (not action or any(each.startswith(action) for each in actions))
    )
