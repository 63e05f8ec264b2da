"""Decides the state an alarm should be in from the metric data that arrived.

Source: "Using Amazon CloudWatch alarms" (M out of N datapoints, missing data) and "Using CloudWatch anomaly detection".
The evaluated window ends at the newest datapoint, not at the present: a metric that falls silent keeps its last state.
A band is a stand-in (see cloudwatch_bands): mean ± k standard deviations of all periods before the window.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .anomaly_detectors import is_trained, single_metric_detector
from .cloudwatch_bands import SHORTEST_HISTORY
from .cloudwatch_expressions import BAND, DEFAULT_BAND_WIDTH, Points, band_around
from .cloudwatch_metrics import answer_queries

COMPARISONS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


@dataclass(frozen=True)
class Verdict:
    state: str
    reason: str
    reason_data: str


@dataclass(frozen=True)
class Limits:
    """What a value is compared with; `lower` is None for a static threshold, whose value is `upper`."""

    operator: str
    upper: float
    lower: float | None = None

    def crossed_by(self, value: float) -> bool:
        if self.operator == "GreaterThanUpperThreshold":
            return value > self.upper
        if self.operator == "LessThanLowerThreshold":
            return self.lower is not None and value < self.lower
        if self.operator == "LessThanLowerOrGreaterThanUpperThreshold":
            return value > self.upper or (self.lower is not None and value < self.lower)
        if self.operator == "GreaterThanThreshold":
            return value > self.upper
        if self.operator == "GreaterThanOrEqualToThreshold":
            return value >= self.upper
        if self.operator == "LessThanThreshold":
            return value < self.upper
        return value <= self.upper

    def describe(self, alarming: bool) -> str:
        negation = "" if alarming else "not "
        if self.lower is None:
            return f"{negation}{COMPARISONS[self.operator]} the threshold ({self.upper})"
        parts = []
        if self.operator != "GreaterThanUpperThreshold":
            parts.append(f"{negation}less than the lower thresholds [{self.lower}]")
        if self.operator != "LessThanLowerThreshold":
            parts.append(f"{negation}greater than the upper thresholds [{self.upper}]")
        return " or ".join(parts)


def evaluate(backend: Any, alarm: Any) -> Verdict | None:
    """None when there is not enough data to say anything."""
    points = watched_points(backend, alarm)
    return judge(backend, alarm, points) if points else None


def watched_queries(alarm: Any) -> list[dict[str, Any]]:
    """The alarm's queries without its band; a single-metric alarm is given one query of its own."""
    if alarm.metrics:
        return [query for query in alarm.metrics if not BAND.match(query.get("Expression", ""))]
    dimensions = [{"Name": each.name, "Value": each.value} for each in alarm.dimensions]
    metric = {"Namespace": alarm.namespace, "MetricName": alarm.metric_name, "Dimensions": dimensions}
    return [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": alarm.period, "Stat": alarm.statistic}}]


def band_query(alarm: Any) -> dict[str, Any] | None:
    return next((query for query in alarm.metrics if BAND.match(query.get("Expression", ""))), None)


def watched_points(backend: Any, alarm: Any) -> Points:
    queries, band = watched_queries(alarm), band_query(alarm)
    if band:
        watched = BAND.match(band["Expression"])[1]  # type: ignore[index]
    else:
        watched = next(query["Id"] for query in queries if query.get("ReturnData", True))
    return answer_queries(backend, queries)[watched][0][1]


def detector_of(alarm: Any) -> dict[str, Any] | None:
    """The anomaly detector behind a band over one metric."""
    band = band_query(alarm)
    if band is None:
        return None
    watched = BAND.match(band["Expression"])[1]  # type: ignore[index]
    stat = next((query.get("MetricStat") for query in alarm.metrics if query["Id"] == watched), None)
    if stat is None:
        return None
    metric = stat["Metric"]
    return single_metric_detector(
        metric["Namespace"], metric["MetricName"], metric.get("Dimensions", []), stat["Stat"]
    )


def period_of(alarm: Any) -> int:
    periods = [query.get("MetricStat", query).get("Period") for query in watched_queries(alarm)]
    return int(next((period for period in periods if period), None) or 60)


def judge(backend: Any, alarm: Any, points: Points) -> Verdict | None:
    period, length = period_of(alarm), int(alarm.evaluation_periods)
    newest = max(points)
    oldest = newest - period * (length - 1)
    window = [begin for begin in range(oldest, newest + 1, period) if begin in points]
    limits = _limits(backend, alarm, [value for begin, value in points.items() if begin < oldest])
    if limits is None:
        return None
    crossing = [begin for begin in window if limits.crossed_by(points[begin])]
    missing = length - len(window) if alarm.treat_missing_data == "breaching" else 0
    needed = int(alarm.datapoints_to_alarm or length)
    alarming = len(crossing) + missing >= needed
    shown = crossing if alarming else [begin for begin in window if begin not in crossing]
    return Verdict(
        "ALARM" if alarming else "OK",
        _reason(alarm, limits, points, shown, alarming, needed, length),
        _reason_data(alarm, limits, points, window, period),
    )


def _limits(backend: Any, alarm: Any, history: list[float]) -> Limits | None:
    band = band_query(alarm)
    if band is None:
        return Limits(alarm.comparison_operator, float(alarm.threshold))
    detector = detector_of(alarm)
    if len(history) < SHORTEST_HISTORY or (detector and not is_trained(backend, detector)):
        return None
    width = BAND.match(band["Expression"])[2]  # type: ignore[index]
    lower, upper = band_around(history, float(width or DEFAULT_BAND_WIDTH))
    return Limits(alarm.comparison_operator, upper, lower)


def _reason(
    alarm: Any, limits: Limits, points: Points, shown: list[int], alarming: bool, needed: int, length: int
) -> str:
    values = ", ".join(
        f"{points[begin]} ({datetime.fromtimestamp(begin, timezone.utc):%d/%m/%y %H:%M:%S})"
        for begin in reversed(shown)
    )
    title = "Threshold Crossed" if limits.lower is None else "Thresholds Crossed"
    verb = "was" if len(shown) == 1 else "were"
    minimum = needed if alarming else length - needed + 1
    move = "OK -> ALARM" if alarming else "ALARM -> OK"
    return (
        f"{title}: {len(shown)} out of the last {length} datapoints [{values}] {verb} {limits.describe(alarming)} "
        f"(minimum {minimum} datapoint{'' if minimum == 1 else 's'} for {move} transition)."
    )


def _reason_data(alarm: Any, limits: Limits, points: Points, window: list[int], period: int) -> str:
    values = [points[begin] for begin in window]
    data: dict[str, Any] = {
        "version": "1.0",
        "queryDate": in_offset_form(datetime.now(timezone.utc)),
        "startDate": in_offset_form(datetime.fromtimestamp(window[0], timezone.utc)),
        **({"statistic": alarm.statistic} if alarm.statistic else {}),
        "period": period,
        "recentDatapoints": values,
    }
    if limits.lower is None:
        data["threshold"] = limits.upper
    else:
        data["recentLowerThresholds"] = [limits.lower] * len(values)
        data["recentUpperThresholds"] = [limits.upper] * len(values)
    data["evaluatedDatapoints"] = [
        {"timestamp": in_offset_form(datetime.fromtimestamp(begin, timezone.utc)), "value": points[begin]}
        for begin in reversed(window)
    ]
    return json.dumps(data)


def in_offset_form(moment: datetime) -> str:
    """CloudWatch's own form of a time: `2025-11-14T18:40:26.838+0000`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"
