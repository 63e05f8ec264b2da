"""PutMetricData, GetMetricData and the door through which AWS's own metrics get in.

Source: PutMetricData and GetMetricData in the CloudWatch API reference. Namespaces that begin with `AWS/` belong to
AWS: PutMetricData refuses them, as the metrics of EC2 would otherwise be worth nothing as evidence.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from moto.autoscaling import autoscaling_backends
from moto.cloudwatch import cloudwatch_backends
from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend

from .account import Account
from .anomaly_detectors import is_trained, single_metric_detector
from .cloudwatch_bands import band_series
from .cloudwatch_expressions import BAND, DEFAULT_BAND_WIDTH, ExpressionError, Points, evaluate_expression
from .metric_series import SeriesKey, epoch_seconds, index_of, key_of, remember
from .patching import overlay, pristine

# Called with the backend after data arrived.
Arrived = Callable[[Any], None]


def install(account: Account, arrived: Arrived) -> None:
    put = pristine(CloudWatchBackend, "put_metric_data")
    storing = threading.Lock()

    def store(backend: Any, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        # What another puts meanwhile would be taken for this one's, or cut off with it.
        with storing:
            known = len(backend.metric_data)
            put(backend, namespace, metric_data)
            # The index holds the data; of each series moto keeps one datum, which ListMetrics needs.
            fresh = backend.metric_data[known:]
            backend.metric_data[known:] = [datum for datum in fresh if remember(backend, datum)]
        arrived(backend)

    @overlay(CloudWatchBackend)
    def put_metric_data(moto: Any, self: Any, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        if namespace.startswith("AWS/"):
            raise InvalidParameterValue("The value AWS/ for parameter Namespace is invalid.")
        store(self, namespace, metric_data)

    @overlay(CloudWatchBackend)
    def get_metric_data(
        moto: Any,
        self: Any,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampDescending",
    ) -> list[dict[str, Any]]:
        if start_time >= end_time:
            raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
        return _answer(self, queries, epoch_seconds(start_time), epoch_seconds(end_time), scan_by)

    @account.route("POST", "metrics")
    def post_metrics(body: dict[str, Any]) -> dict[str, int]:
        """{namespace, metric, dimensions{}, points: [{timestamp? (epoch seconds), value}]}, or {series: [of these]},
        which arrive at once → {points: stored}.

        EC2 also aggregates over the Auto Scaling group: a point of an instance in a group is stored for
        `AutoScalingGroupName` too.
        """
        by_namespace: dict[str, list[dict[str, Any]]] = {}
        for series in body.get("series", [body]):
            by_namespace.setdefault(series["namespace"], []).extend(_data(account, series))
        for namespace, data in by_namespace.items():
            store(cloudwatch_backends[account.account_id][account.region], namespace, data)
        return {"points": sum(map(len, by_namespace.values()))}


def _data(account: Account, series: dict[str, Any]) -> list[dict[str, Any]]:
    dimensions = series.get("dimensions", {})
    return [
        {
            "MetricName": series["metric"],
            "Dimensions": [{"Name": name, "Value": value} for name, value in each.items()],
            "Timestamp": datetime.fromtimestamp(point.get("timestamp") or time.time(), timezone.utc).replace(tzinfo=None),
            "Value": float(point["value"]),
        }
        for each in (dimensions, *_group_dimensions(account, series["namespace"], dimensions))
        for point in series["points"]
    ]


def _group_dimensions(account: Account, namespace: str, dimensions: dict[str, str]) -> list[dict[str, str]]:
    if namespace != "AWS/EC2" or list(dimensions) != ["InstanceId"]:
        return []
    for group in autoscaling_backends[account.account_id][account.region].autoscaling_groups.values():
        if any(state.instance.id == dimensions["InstanceId"] for state in group.instance_states):
            return [{"AutoScalingGroupName": group.name}]
    return []


def _answer(
    backend: Any, queries: list[dict[str, Any]], start: float, end: float, scan_by: str
) -> list[dict[str, Any]]:
    try:
        answers = answer_queries(backend, queries, start, end)
    except (ExpressionError, ValueError) as error:
        raise ValidationError(f"Error in expression: {error}") from error
    wanted = {query["Id"] for query in queries if query.get("ReturnData", True)}
    return [
        _result(query_id, label, points, scan_by)
        for query_id, series in answers.items()
        if query_id in wanted
        for label, points in series
    ]


def answer_queries(
    backend: Any, queries: list[dict[str, Any]], start: float = -math.inf, end: float = math.inf
) -> dict[str, list[tuple[str, Points]]]:
    """Query id → its labelled series; a band has two (lower, upper), everything else one.

    `queries` are MetricDataQueries as GetMetricData and PutMetricAlarm take them; expressions may use metrics, not
    other expressions.
    """
    points: dict[str, Points] = {}
    answers = {}
    for query in sorted(queries, key=lambda each: "Expression" in each):
        if band := BAND.match(query.get("Expression", "")):
            answers[query["Id"]] = _band(backend, queries, query, band, start, end)
            continue
        answers[query["Id"]] = _series(backend, query, start, end, points)
        if len(answers[query["Id"]]) == 1:
            points[query["Id"]] = answers[query["Id"]][0][1]
    return answers


def _band(
    backend: Any, queries: list[dict[str, Any]], query: dict[str, Any], band: re.Match[str], start: float, end: float
) -> list[tuple[str, Points]]:
    """The lower and the upper edge within the time asked for; both empty where the detector has not learned enough."""
    others = [each for each in queries if not BAND.match(each.get("Expression", ""))]
    watched = next((each for each in others if each["Id"] == band[1]), None)
    if watched is None:
        raise ExpressionError(f"unknown id '{band[1]}'")
    known: Points = {}
    if "MetricStat" not in watched or _has_learned(backend, watched["MetricStat"]):
        # A band is made of all that was known by then, not only of what is asked for.
        known = answer_queries(backend, others, -math.inf, end)[watched["Id"]][0][1]
    label = query.get("Label") or query["Id"]
    edges = band_series(known, float(band[2] or DEFAULT_BAND_WIDTH))
    return [
        (f"{label} {side}", {begin: value for begin, value in edge.items() if begin >= start})
        for side, edge in zip(("Low", "High"), edges)
    ]


def _has_learned(backend: Any, stat: dict[str, Any]) -> bool:
    metric = stat["Metric"]
    return is_trained(
        backend,
        single_metric_detector(metric["Namespace"], metric["MetricName"], metric.get("Dimensions", []), stat["Stat"]),
    )


def series_key(metric: dict[str, Any]) -> SeriesKey:
    dimensions = ((each["Name"], each["Value"]) for each in metric.get("Dimensions", []))
    return key_of(metric["Namespace"], metric["MetricName"], dimensions)


def _series(
    backend: Any, query: dict[str, Any], start: float, end: float, points: dict[str, Points]
) -> list[tuple[str, Points]]:
    if "Expression" in query:
        found = evaluate_expression(query["Expression"], points, int(query.get("Period") or 60))
        return [(query.get("Label") or query["Id"], found)]
    stat = query["MetricStat"]
    periods = index_of(backend).get(series_key(stat["Metric"])).periods(int(stat["Period"]), start, end)
    found = {begin: statistics.value(stat["Stat"]) for begin, statistics in periods.items()}
    return [(query.get("Label") or stat["Metric"]["MetricName"], found)]


def _result(query_id: str, label: str, points: Points, scan_by: str) -> dict[str, Any]:
    ordered = sorted(points.items(), reverse=scan_by != "TimestampAscending")
    return {
        "id": query_id,
        "label": label,
        "timestamps": [datetime.fromtimestamp(begin, timezone.utc) for begin, _ in ordered],
        "values": [value for _, value in ordered],
        "status_code": "Complete",
    }
