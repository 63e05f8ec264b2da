"""A band read back through GetMetricData is the one that the alarm was judged by."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud
from test_alarms_states import DIMENSIONS, NOON, put_band, send, the_alarm

from local_account.cloudwatch_bands import SHORTEST_HISTORY, band_series

USUAL = [100.0 + 10 * math.sin(n) for n in range(60)]
METRIC = {"Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": DIMENSIONS}


def read(
    cloud: Cloud, first: int, last: int, expression: str = "ANOMALY_DETECTION_BAND(m1, 3)"
) -> list[dict[str, Any]]:
    answer = cloud.client("cloudwatch").get_metric_data(
        StartTime=datetime.fromtimestamp(NOON + 300 * first, timezone.utc),
        EndTime=datetime.fromtimestamp(NOON + 300 * last, timezone.utc),
        ScanBy="TimestampAscending",
        MetricDataQueries=[
            {"Id": "m1", "MetricStat": {"Metric": METRIC, "Period": 300, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "band", "Expression": expression},
        ],
    )
    return list(answer["MetricDataResults"])


def test_the_edges_are_the_thresholds_of_the_alarms_own_reason(cloud: Cloud) -> None:
    put_band(cloud, DatapointsToAlarm=3)
    send(cloud, *USUAL)
    for number, value in enumerate((900.0, 950.0, 990.0)):
        send(cloud, value, start=NOON + 300 * (60 + number))
    assert the_alarm(cloud)["StateValue"] == "ALARM"
    judged = json.loads(the_alarm(cloud)["StateReasonData"])
    lower, upper = read(cloud, 60, 63)
    assert upper["Values"] == pytest.approx(judged["recentUpperThresholds"])
    assert lower["Values"] == pytest.approx(judged["recentLowerThresholds"])
    assert (lower["Id"], upper["Id"], lower["Label"], upper["Label"]) == ("band", "band", "band Low", "band High")
    assert [stamp.timestamp() for stamp in upper["Timestamps"]] == [NOON + 300 * n for n in (60, 61, 62)]


def test_a_wider_band_lies_around_a_narrower_one(cloud: Cloud) -> None:
    put_band(cloud)
    send(cloud, *USUAL)
    (low, high), (lowest, highest) = (
        [series["Values"][-1] for series in read(cloud, 0, 60, f"ANOMALY_DETECTION_BAND(m1, {width})")]
        for width in (2, 5)
    )
    assert lowest < low < 100 < high < highest
    assert (high - low) * 2.5 == pytest.approx(highest - lowest)


def test_a_detector_that_has_not_learned_enough_has_no_band(cloud: Cloud) -> None:
    put_band(cloud)
    send(cloud, *USUAL[: SHORTEST_HISTORY + 1])
    assert [len(series["Values"]) for series in read(cloud, 0, 60)] == [1, 1]
    cloud.door("POST", "anomaly-detectors/state", {"state": "TRAINED_INSUFFICIENT_DATA"})
    assert [series["Values"] for series in read(cloud, 0, 60)] == [[], []]


def test_a_band_around_nothing_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="unknown id"):
        read(cloud, 0, 60, "ANOMALY_DETECTION_BAND(m9, 2)")


def test_values_outside_do_not_move_the_band_until_they_are_the_new_normal() -> None:
    values = [*([10.0, 12.0] * 10), *([500.0] * (SHORTEST_HISTORY + 1)), 500.0]
    _, upper = band_series(dict(enumerate(values)), 2.0)
    assert {upper[n] for n in range(20, 20 + SHORTEST_HISTORY + 1)} == {upper[20]}
    assert upper[20] < 20 < 500 < upper[len(values) - 1]


def test_a_period_is_answered_whole_wherever_in_it_the_bounds_lie(cloud: Cloud) -> None:
    send(cloud, 1.0, 2.0, 4.0, start=NOON)
    for first, last, values in ((0, 3, [1.0, 2.0, 4.0]), (0.5, 2.1, [1.0, 2.0, 4.0]), (1, 2, [2.0]), (1.9, 2, [2.0])):
        answer = cloud.client("cloudwatch").get_metric_data(
            StartTime=datetime.fromtimestamp(NOON + 300 * first, timezone.utc),
            EndTime=datetime.fromtimestamp(NOON + 300 * last, timezone.utc),
            ScanBy="TimestampAscending",
            MetricDataQueries=[{"Id": "m1", "MetricStat": {"Metric": METRIC, "Period": 300, "Stat": "Sum"}}],
        )
        assert answer["MetricDataResults"][0]["Values"] == values, (first, last)
