"""Alarms change state on data and on SetAlarmState, and come back to the truth."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud, eventually

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
NOON = 1_700_000_040 // 300 * 300
INSTANCE = {"InstanceId": "i-0123456789abcdef0"}
DIMENSIONS = [{"Name": "InstanceId", "Value": INSTANCE["InstanceId"]}]


def put_static(cloud: Cloud, **changes: Any) -> Any:
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": "cpu",
            "Namespace": "AWS/EC2",
            "MetricName": "NetworkOut",
            "Dimensions": DIMENSIONS,
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 100.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [TOPIC],
            "OKActions": [TOPIC],
            **changes,
        }
    )
    return cloudwatch


def put_band(cloud: Cloud, **changes: Any) -> Any:
    cloudwatch = cloud.client("cloudwatch")
    metric = {"Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": DIMENSIONS}
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": "cordon/web/i-0123456789abcdef0/NetworkOut",
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2,
            "ComparisonOperator": "GreaterThanUpperThreshold",
            "ThresholdMetricId": "ad1",
            "AlarmActions": [TOPIC],
            "Metrics": [
                {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": True},
                {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)", "Label": "NetworkOut (expected)"},
            ],
            **changes,
        }
    )
    return cloudwatch


def send(cloud: Cloud, *values: float, start: int = NOON, dimensions: dict[str, str] | None = None) -> None:
    points = [{"timestamp": start + 300 * n, "value": value} for n, value in enumerate(values)]
    body = {"namespace": "AWS/EC2", "metric": "NetworkOut", "dimensions": dimensions or INSTANCE, "points": points}
    cloud.door("POST", "metrics", body)


def the_alarm(cloud: Cloud) -> dict[str, Any]:
    return cloud.client("cloudwatch").describe_alarms()["MetricAlarms"][0]  # type: ignore[no-any-return]


def test_a_new_alarm_has_insufficient_data_and_no_reason_data(cloud: Cloud) -> None:
    put_static(cloud)
    alarm = the_alarm(cloud)
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert "StateReasonData" not in alarm
    assert cloud.published == []


def test_a_crossed_threshold_alarms_with_the_datapoints_in_its_reason_data(cloud: Cloud) -> None:
    put_static(cloud)
    send(cloud, 50.0)
    send(cloud, 150.0, start=NOON + 300)
    alarm = the_alarm(cloud)
    assert alarm["StateValue"] == "ALARM"
    data = json.loads(alarm["StateReasonData"])
    assert (data["recentDatapoints"], data["threshold"], data["period"]) == ([150.0], 100.0, 300)
    assert [message["NewStateValue"] for _, _, message in cloud.published] == ["OK", "ALARM"]


def test_m_of_n_datapoints_must_leave_the_band(cloud: Cloud) -> None:
    put_band(cloud)
    history = [100.0 + n % 7 for n in range(40)]
    send(cloud, *history, 5000.0)
    assert the_alarm(cloud)["StateValue"] == "OK"
    send(cloud, 5000.0, start=NOON + 300 * 41)
    alarm = the_alarm(cloud)
    assert alarm["StateValue"] == "ALARM"
    data = json.loads(alarm["StateReasonData"])
    assert data["recentDatapoints"][-2:] == [5000.0, 5000.0]
    assert len(data["recentUpperThresholds"]) == 3
    assert 100 < data["recentUpperThresholds"][0] < 200


def test_a_band_needs_history_and_a_trained_detector(cloud: Cloud) -> None:
    put_band(cloud)
    cloud.door("POST", "anomaly-detectors/state", {"state": "PENDING_TRAINING"})
    send(cloud, *([100.0, 101.0] * 20), 9000.0, 9000.0)
    assert the_alarm(cloud)["StateValue"] == "INSUFFICIENT_DATA"
    cloud.door("POST", "anomaly-detectors/state", {"state": "TRAINED"})
    send(cloud, 9000.0, start=NOON + 300 * 42)
    assert the_alarm(cloud)["StateValue"] == "ALARM"


def test_metric_math_is_evaluated_against_a_static_threshold(cloud: Cloud) -> None:
    metric = {"Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": DIMENSIONS}
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="rate",
        EvaluationPeriods=1,
        Threshold=100.0,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "rate", "Expression": "m1 / PERIOD(m1)", "Period": 300, "ReturnData": True},
        ],
    )
    send(cloud, 300.0 * 99)
    assert the_alarm(cloud)["StateValue"] == "OK"
    send(cloud, 300.0 * 101, start=NOON + 300)
    assert the_alarm(cloud)["StateValue"] == "ALARM"


def test_setting_the_same_state_twice_acts_once(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    for _ in range(2):
        cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    assert len(cloud.published) == 1
    assert the_alarm(cloud)["StateReason"] == "drill"
    assert "StateReasonData" not in the_alarm(cloud)


def test_only_a_transition_moves_the_transition_time(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="one")
    first = the_alarm(cloud)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="two")
    second = the_alarm(cloud)
    assert second["StateTransitionedTimestamp"] == first["StateTransitionedTimestamp"]
    assert second["StateUpdatedTimestamp"] > first["StateUpdatedTimestamp"]


def test_disabled_actions_stay_silent_but_eventbridge_hears(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud, ActionsEnabled=False)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    assert cloud.published == []
    assert [kind for kind, _ in cloud.events] == ["CloudWatch Alarm State Change"]


def test_an_alarm_set_by_hand_returns_to_its_true_state(cloud: Cloud) -> None:
    cloud.door("POST", "alarms/evaluation", {"seconds": 0.05})
    cloudwatch = put_static(cloud)
    send(cloud, 50.0)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    eventually(lambda: the_alarm(cloud)["StateValue"] == "OK", seconds=8)
    assert [message["NewStateValue"] for _, _, message in cloud.published] == ["OK", "ALARM", "OK"]


def test_an_alarm_without_data_stays_where_it_was_set(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    send(cloud, 1.0, dimensions={"InstanceId": "i-another"})
    assert the_alarm(cloud)["StateValue"] == "ALARM"


def test_updating_an_alarm_keeps_its_state(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    put_static(cloud, Threshold=500.0)
    alarm = the_alarm(cloud)
    assert (alarm["StateValue"], alarm["Threshold"]) == ("ALARM", 500.0)


def test_metrics_of_aws_cannot_be_put(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as refused:
        cloud.client("cloudwatch").put_metric_data(
            Namespace="AWS/EC2", MetricData=[{"MetricName": "NetworkOut", "Value": 1.0}]
        )
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
