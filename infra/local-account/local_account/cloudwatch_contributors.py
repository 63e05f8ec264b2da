"""Alarms over many series: every series in ALARM is a contributor and is notified on its own.

Source: "Alarms that monitor multiple time series" and DescribeAlarmContributors. The local account reads one form of
Metrics Insights query: SELECT FUNCTION(metric) FROM SCHEMA("namespace", dimensions…) GROUP BY dimensions.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.cloudwatch.exceptions import ResourceNotFoundException
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from .cloudwatch_evaluation import Verdict, judge
from .metric_series import Statistics, index_of
from .patching import overlay

QUERY = re.compile(
    r'^\s*SELECT\s+(?P<function>\w+)\(\s*"?(?P<metric>[\w./-]+)"?\s*\)\s+'
    r'FROM\s+SCHEMA\(\s*"(?P<namespace>[^"]+)"\s*,\s*(?P<schema>[^)]+)\)\s+'
    r"GROUP\s+BY\s+(?P<group>[\w\s,\"]+?)\s*(?:ORDER\s+BY.*)?$",
    re.IGNORECASE | re.DOTALL,
)
STATISTICS = {"AVG": "Average", "SUM": "Sum", "MIN": "Minimum", "MAX": "Maximum", "COUNT": "SampleCount"}


@dataclass
class Contributor:
    """One series of the alarm, by the values of the dimensions it is grouped by."""

    attributes: dict[str, str]
    state: str = "OK"
    reason: str = ""
    transitioned: datetime | None = None

    @property
    def contributor_id(self) -> str:
        return hashlib.sha256(repr(sorted(self.attributes.items())).encode()).hexdigest()[:16]


def install() -> None:
    @overlay(CloudWatchResponse)
    def describe_alarm_contributors(moto: Any, self: Any) -> ActionResult:
        alarm = self.cloudwatch_backend.alarms.get(self._get_param("AlarmName"))
        if alarm is None:
            raise ResourceNotFoundException("The alarm does not exist.")
        alarming = [
            {
                "ContributorId": each.contributor_id,
                "ContributorAttributes": each.attributes,
                "StateReason": each.reason,
                "StateTransitionedTimestamp": each.transitioned,
            }
            for each in contributors_of(alarm).values()
            if each.state == "ALARM"
        ]
        return ActionResult({"AlarmContributors": alarming})


def grouped_query(alarm: Any) -> dict[str, Any] | None:
    return next((query for query in alarm.metrics if QUERY.match(query.get("Expression", ""))), None)


def contributors_of(alarm: Any) -> dict[str, Contributor]:
    return alarm.__dict__.setdefault("contributors", {})  # type: ignore[no-any-return]


def evaluate_contributors(backend: Any, alarm: Any) -> list[tuple[Contributor, Verdict]]:
    """Every series that has data, with the state it should be in."""
    query = grouped_query(alarm)
    if query is None:
        return []
    judged = []
    for attributes, points in _grouped_points(backend, query).items():
        contributor = Contributor(dict(attributes))
        verdict = judge(backend, alarm, points)
        if verdict:
            judged.append((contributors_of(alarm).setdefault(contributor.contributor_id, contributor), verdict))
    return judged


def _names(text: str) -> list[str]:
    return [each.strip().strip('"') for each in text.split(",")]


def _grouped_points(
    backend: Any, query: dict[str, Any]
) -> dict[tuple[tuple[str, str], ...], dict[int, float]]:
    parsed = QUERY.match(query["Expression"])
    assert parsed is not None  # grouped_query matched it
    period, stat = int(query.get("Period") or 60), STATISTICS[parsed["function"].upper()]
    schema, grouping = set(_names(parsed["schema"])), _names(parsed["group"])
    groups: dict[tuple[tuple[str, str], ...], dict[int, Statistics]] = {}
    for (namespace, name, dimensions), series in list(index_of(backend).by_key.items()):
        values = dict(dimensions)
        if namespace != parsed["namespace"] or name != parsed["metric"] or set(values) != schema:
            continue
        merged = groups.setdefault(tuple((each, values[each]) for each in grouping), {})
        for begin, statistics in series.periods(period).items():
            merged[begin] = merged[begin].with_(statistics) if begin in merged else statistics
    return {key: {begin: each.value(stat) for begin, each in merged.items()} for key, merged in groups.items()}
