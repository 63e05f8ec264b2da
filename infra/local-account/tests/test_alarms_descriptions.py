"""DescribeAlarms, DescribeAlarmHistory, detectors and GetMetricData answer as AWS does."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud
from test_alarms_states import DIMENSIONS, NOON, TOPIC, put_band, put_static, send

from local_account.cloudwatch_composites import RuleError, parse_rule


def test_composites_are_left_out_unless_asked_for(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(cpu)")
    assert cloudwatch.describe_alarms(AlarmNames=["all", "cpu"])["CompositeAlarms"] == []
    both = cloudwatch.describe_alarms(AlarmNames=["all", "cpu"], AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    assert [len(both["CompositeAlarms"]), len(both["MetricAlarms"])] == [1, 1]
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName="all")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in children] == ["cpu"]


def test_filters_combine_and_pages_follow_on(cloud: Cloud) -> None:
    for number in range(7):
        put_static(cloud, AlarmName=f"web/{number}")
    cloudwatch = put_static(cloud, AlarmName="api/1", AlarmActions=["arn:aws:sns:us-east-1:123456789012:other"])
    cloudwatch.set_alarm_state(AlarmName="web/3", StateValue="ALARM", StateReason="drill")
    found = cloudwatch.describe_alarms(AlarmNamePrefix="web/", StateValue="ALARM")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in found] == ["web/3"]
    assert len(cloudwatch.describe_alarms(ActionPrefix=TOPIC)["MetricAlarms"]) == 8
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["MetricAlarms"]) for page in pages] == [3, 3, 2]
    with pytest.raises(ClientError):
        cloudwatch.describe_alarms(MaxRecords=101)


def test_history_tells_an_evaluated_state_from_one_that_was_set(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    send(cloud, 500.0)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="OK", StateReason="by hand")
    items = cloudwatch.describe_alarm_history(AlarmName="cpu", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    newest, oldest = (json.loads(item["HistoryData"]) for item in items)
    assert items[0]["HistorySummary"] == "Alarm updated from ALARM to OK"
    assert "stateReasonData" not in newest["newState"]
    assert newest["newState"]["stateReason"] == "by hand"
    assert newest["oldState"]["stateReasonData"] == oldest["newState"]["stateReasonData"]
    assert oldest["newState"]["stateReasonData"]["recentDatapoints"] == [500.0]


def test_history_outlives_the_alarm_and_can_be_limited_in_time(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    cloudwatch.delete_alarms(AlarmNames=["cpu"])
    later = datetime.now(timezone.utc) + timedelta(minutes=1)
    states = {"AlarmName": "cpu", "HistoryItemType": "StateUpdate"}
    assert len(cloudwatch.describe_alarm_history(**states, EndDate=later)["AlarmHistoryItems"]) == 1
    assert cloudwatch.describe_alarm_history(**states, StartDate=later)["AlarmHistoryItems"] == []


def test_a_band_alarm_makes_its_detector(cloud: Cloud) -> None:
    cloudwatch = put_band(cloud)
    detector = cloudwatch.describe_anomaly_detectors(Namespace="AWS/EC2")["AnomalyDetectors"][0]
    assert detector["SingleMetricAnomalyDetector"]["Dimensions"] == DIMENSIONS
    assert detector["StateValue"] == "TRAINED"
    changed = {"state": "TRAINED_INSUFFICIENT_DATA", "dimensions": {"InstanceId": DIMENSIONS[0]["Value"]}}
    assert cloud.door("POST", "anomaly-detectors/state", changed) == {"detectors": 1}
    detector = cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"][0]
    assert detector["StateValue"] == "TRAINED_INSUFFICIENT_DATA"
    cloudwatch.delete_alarms(AlarmNames=[each["AlarmName"] for each in cloudwatch.describe_alarms()["MetricAlarms"]])
    cloudwatch.delete_anomaly_detector(SingleMetricAnomalyDetector=detector["SingleMetricAnomalyDetector"])
    assert cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"] == []


def test_two_weeks_of_a_metric_and_its_group_are_read_back(cloud: Cloud) -> None:
    fleet = cloud.fleet(size=2)
    one, other = fleet["instance_ids"]
    for instance in (one, other):
        send(cloud, *([100.0] * 4032), dimensions={"InstanceId": instance})
    cloudwatch = cloud.client("cloudwatch")

    def query(identity: str, name: str, value: str, stat: str) -> dict[str, object]:
        metric = {"Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": [{"Name": name, "Value": value}]}
        return {"Id": identity, "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat}}

    answer = cloudwatch.get_metric_data(
        StartTime=datetime.fromtimestamp(NOON, timezone.utc),
        EndTime=datetime.fromtimestamp(NOON + 4032 * 300, timezone.utc),
        ScanBy="TimestampAscending",
        MetricDataQueries=[
            query("own", "InstanceId", one, "Sum"),
            query("sum", "AutoScalingGroupName", "web", "Sum"),
            query("count", "AutoScalingGroupName", "web", "SampleCount"),
            {"Id": "mean", "Expression": "sum / count"},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(own, 2)"},
        ],
    )
    series = {}
    for result in answer["MetricDataResults"]:
        series.setdefault(result["Id"], []).append(result)
    assert len(series["own"][0]["Values"]) == 4032
    assert series["own"][0]["Timestamps"][0] == datetime.fromtimestamp(NOON, timezone.utc)
    assert [series[name][0]["Values"][0] for name in ("own", "sum", "count", "mean")] == [100.0, 200.0, 2.0, 100.0]
    assert len(series["band"]) == 2


def test_a_composite_over_unknown_alarms_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="do not exist"):
        cloud.client("cloudwatch").put_composite_alarm(AlarmName="all", AlarmRule="ALARM(missing)")


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(a)", True),
        ('OK("a") OR INSUFFICIENT_DATA(c)', True),
        ("NOT (ALARM(a) AND OK(b))", False),
        ("OK(a) OR ALARM(b) AND TRUE", False),
        ('ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a")', True),
        ('OK("a \\"quoted\\" (name)")', True),
        ("FALSE", False),
    ],
)
def test_rules_follow_the_states_of_their_children(rule: str, holds: bool) -> None:
    states = {"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA", 'a "quoted" (name)': "OK"}
    assert parse_rule(rule).holds(states.__getitem__) is holds


@pytest.mark.parametrize("rule", ["", "ALARM(", "ALARM(a) ALARM(b)", "ALARM()", "WARNING(a)", "(ALARM(a)"])
def test_malformed_rules_are_refused(rule: str) -> None:
    with pytest.raises(RuleError):
        parse_rule(rule)
