"""What enrolment stands on: detectors with a quota and a will of their own, tags of alarms, rates, and Auto Scaling's events."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud, eventually

from local_account.call_rates import Rates
from local_account.calls import Call

NETWORK_OUT = {
    "Namespace": "AWS/EC2",
    "MetricName": "NetworkOut",
    "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
    "Stat": "Sum",
}


def band_alarm(cloud: Cloud, name: str = "cordon/web/i-1/NetworkOut", **changes: Any) -> None:
    metric = {key: value for key, value in NETWORK_OUT.items() if key != "Stat"}
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    cloud.client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "Metrics": [
                {"Id": "m1", "MetricStat": stat, "ReturnData": True},
                {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)", "ReturnData": True},
            ],
            "ThresholdMetricId": "band",
            "ComparisonOperator": "GreaterThanUpperThreshold",
            "EvaluationPeriods": 3,
            **changes,
        }
    )


def detectors(cloud: Cloud) -> list[dict[str, Any]]:
    return cloud.client("cloudwatch").describe_anomaly_detectors()["AnomalyDetectors"]


def tags(cloud: Cloud, name: str) -> dict[str, str]:
    cloudwatch = cloud.client("cloudwatch")
    arn = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
    return {tag["Key"]: tag["Value"] for tag in cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]}


def test_a_detector_below_an_alarm_comes_back_when_it_is_deleted(cloud: Cloud) -> None:
    cloudwatch = cloud.client("cloudwatch")
    band_alarm(cloud)
    cloudwatch.delete_anomaly_detector(SingleMetricAnomalyDetector=NETWORK_OUT)
    assert len(detectors(cloud)) == 1
    cloudwatch.delete_alarms(AlarmNames=["cordon/web/i-1/NetworkOut"])
    cloudwatch.delete_anomaly_detector(SingleMetricAnomalyDetector=NETWORK_OUT)
    assert detectors(cloud) == []


def test_beyond_the_quota_no_detector_is_made_and_one_that_is_there_can_be_changed(cloud: Cloud) -> None:
    cloudwatch = cloud.client("cloudwatch")
    cloud.door("POST", "anomaly-detectors/new", {"quota": 1, "state": "PENDING_TRAINING"})
    for _ in range(2):
        cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=NETWORK_OUT)
    assert [each["StateValue"] for each in detectors(cloud)] == ["PENDING_TRAINING"]
    with pytest.raises(ClientError, match="LimitExceeded"):
        cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector={**NETWORK_OUT, "MetricName": "NetworkIn"})


def test_an_alarms_tags_are_those_it_was_made_with_and_go_with_it(cloud: Cloud) -> None:
    name = "cordon/web/i-1/NetworkOut"
    band_alarm(cloud, Tags=[{"Key": "cordon:enrolled", "Value": "mine"}])
    band_alarm(cloud, Tags=[{"Key": "cordon:enrolled", "Value": "theirs"}], EvaluationPeriods=2)
    assert tags(cloud, name) == {"cordon:enrolled": "mine"}
    cloud.client("cloudwatch").delete_alarms(AlarmNames=[name])
    band_alarm(cloud)
    assert tags(cloud, name) == {}


def test_where_one_alarm_is_gone_none_is_deleted(cloud: Cloud) -> None:
    band_alarm(cloud)
    cloudwatch = cloud.client("cloudwatch")
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.delete_alarms(AlarmNames=["cordon/web/i-1/NetworkOut", "cordon/web/i-2/NetworkOut"])
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 1


def test_a_rate_counts_what_was_taken_within_a_second_and_only_when_it_is_enforced() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])

    def call() -> bool:
        return rates.exceeded(Call("cloudwatch", "PutMetricAlarm", "somebody", None, None, 0.0, {}))

    assert not any(call() for _ in range(100))
    rates.enforce({"PutMetricAlarm": 3})
    assert [call() for _ in range(5)] == [False, False, False, True, True]
    now[0] = 1.0
    assert [call() for _ in range(4)] == [False, False, False, True]


def test_auto_scaling_tells_of_launches_and_terminations(cloud: Cloud) -> None:
    members = cloud.door("POST", "scenario/fleet", {"group": "web", "size": 2, "max_size": 4, "min_size": 1})["instance_ids"]
    autoscaling = cloud.client("autoscaling")
    autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)

    def told(kind: str) -> set[str]:
        events = [event for name, event in cloud.events if name == kind]
        assert {event["source"] for event in events} <= {"aws.autoscaling"}
        return {event["detail"]["EC2InstanceId"] for event in events}

    eventually(lambda: len(told("EC2 Instance Launch Successful")) == 3)
    autoscaling.terminate_instance_in_auto_scaling_group(InstanceId=members[0], ShouldDecrementDesiredCapacity=True)
    eventually(lambda: told("EC2 Instance Terminate Successful") == {members[0]})


def test_detailed_monitoring_is_shown_once_it_is_on(cloud: Cloud) -> None:
    instance = cloud.door("POST", "scenario/instance", {})["instance_id"]
    ec2 = cloud.client("ec2")

    def state() -> str:
        return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["Monitoring"]["State"]

    assert state() == "disabled"
    ec2.monitor_instances(InstanceIds=[instance])
    assert state() == "enabled"


def test_what_a_model_does_not_learn_is_shown_as_it_was_put_and_ten_ranges_are_the_most(cloud: Cloud) -> None:
    cloudwatch = cloud.client("cloudwatch")
    begins = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
    ranges = [
        {"StartTime": begins + timedelta(hours=hour), "EndTime": begins + timedelta(hours=hour, minutes=9)}
        for hour in range(11)
    ]
    put = {"ExcludedTimeRanges": ranges[:10], "MetricTimezone": "Europe/Zurich"}
    cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=NETWORK_OUT, Configuration=put)
    (shown,) = detectors(cloud)
    assert shown["Configuration"] == put
    with pytest.raises(ClientError, match="ExcludedTimeRanges"):
        cloudwatch.put_anomaly_detector(
            SingleMetricAnomalyDetector=NETWORK_OUT, Configuration={"ExcludedTimeRanges": ranges}
        )
