"""What receivers get: the true shapes of anomaly, composite and contributor notifications."""

from __future__ import annotations

import re

from in_process import Cloud
from test_alarms_states import NOON, TOPIC, put_band, put_static, send

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:contain-instance"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$")


def test_an_anomaly_alarm_publishes_its_metrics_and_no_threshold(cloud: Cloud) -> None:
    put_band(cloud)
    send(cloud, *([100.0, 101.0] * 20), 9000.0, 9000.0)
    topic, subject, message = cloud.published[-1]
    assert topic == TOPIC
    assert subject == 'ALARM: "cordon/web/i-0123456789abcdef0/NetworkOut" in US East (N. Virginia)'
    assert TIME.match(message["StateChangeTime"])
    assert message["Region"] == "US East (N. Virginia)"
    assert message["AWSAccountId"] == "123456789012"
    trigger = message["Trigger"]
    assert "Threshold" not in trigger
    assert trigger["ThresholdMetricId"] == "ad1"
    assert trigger["Metrics"][0]["MetricStat"]["Metric"] == {
        "Dimensions": [{"value": "i-0123456789abcdef0", "name": "InstanceId"}],
        "MetricName": "NetworkOut",
        "Namespace": "AWS/EC2",
    }
    assert trigger["Metrics"][1]["Expression"] == "ANOMALY_DETECTION_BAND(m1, 3)"


def test_the_message_and_the_alarm_agree_on_the_transition_time(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    told = cloud.published[0][2]["StateChangeTime"]
    kept = cloudwatch.describe_alarms()["MetricAlarms"][0]["StateTransitionedTimestamp"]
    assert kept.strftime("%Y-%m-%dT%H:%M:%S.") + f"{kept.microsecond // 1000:03d}+0000" == told


def test_the_metric_account_of_a_cross_account_alarm_is_told(cloud: Cloud) -> None:
    metric = {"Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": []}
    query = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "AccountId": "444455556666"}
    cloudwatch = put_band(
        cloud, Metrics=[query, {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1)"}]
    )
    name = "cordon/web/i-0123456789abcdef0/NetworkOut"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    assert cloud.published[0][2]["Trigger"]["Metrics"][0]["AccountId"] == "444455556666"
    described = cloudwatch.describe_alarms()["MetricAlarms"][0]["Metrics"][0]
    assert described["AccountId"] == "444455556666"


def test_a_lambda_action_gets_the_direct_event(cloud: Cloud) -> None:
    cloudwatch = put_band(cloud, AlarmActions=[FUNCTION])
    name = "cordon/web/i-0123456789abcdef0/NetworkOut"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    arn, event = cloud.invoked[0]
    assert arn == FUNCTION
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmData"]["state"]["value"] == "ALARM"
    assert event["alarmData"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    metric = event["alarmData"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    assert metric["dimensions"] == {"InstanceId": "i-0123456789abcdef0"}


def test_eventbridge_gets_every_transition(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud)
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    _, event = cloud.events[0]
    assert event["resources"] == ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:cpu"]
    assert event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "NetworkOut"


def test_a_failing_action_does_not_stop_the_others(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud, AlarmActions=["arn:aws:ssm:us-east-1:123456789012:opsitem:1", TOPIC])
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    assert [topic for topic, _, _ in cloud.published] == [TOPIC]
    items = cloudwatch.describe_alarm_history(AlarmName="cpu", HistoryItemType="Action")["AlarmHistoryItems"]
    assert sorted(item["HistorySummary"].split(" arn")[0] for item in items) == [
        "Failed to execute action",
        "Successfully executed action",
    ]


def test_a_composite_message_names_the_triggering_children_and_has_no_trigger(cloud: Cloud) -> None:
    cloudwatch = put_static(cloud, AlarmActions=[], OKActions=[])
    put_static(cloud, AlarmName="other one", AlarmActions=[], OKActions=[])
    cloudwatch.put_composite_alarm(
        AlarmName="both", AlarmRule='ALARM("cpu") AND NOT ALARM("other one")', AlarmActions=[TOPIC]
    )
    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="drill")
    _, _, message = cloud.published[-1]
    assert "Trigger" not in message
    assert message["AlarmRule"] == 'ALARM("cpu") AND NOT ALARM("other one")'
    child = message["TriggeringChildren"][0]
    assert child["Arn"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cpu"
    assert child["State"]["Value"] == "ALARM"
    cloudwatch.set_alarm_state(AlarmName="other one", StateValue="ALARM", StateReason="drill")
    composite = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]
    assert (composite["StateValue"], composite["AlarmRule"]) == ("OK", message["AlarmRule"])


def test_each_contributor_of_a_grouped_alarm_is_notified(cloud: Cloud) -> None:
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="fleet",
        EvaluationPeriods=1,
        Threshold=100.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[TOPIC],
        Metrics=[
            {
                "Id": "q1",
                "Expression": 'SELECT SUM(NetworkOut) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId',
                "Period": 300,
                "ReturnData": True,
            }
        ],
    )
    for name in ("i-a", "i-b", "i-c"):
        send(cloud, 10.0, dimensions={"InstanceId": name})
    send(cloud, 900.0, start=NOON + 300, dimensions={"InstanceId": "i-b"})
    send(cloud, 900.0, start=NOON + 300, dimensions={"InstanceId": "i-c"})
    alarming = [message for _, _, message in cloud.published if message["NewStateValue"] == "ALARM"]
    assert [message["AlarmContributorAttributes"] for message in alarming] == [
        {"InstanceId": "i-b"},
        {"InstanceId": "i-c"},
    ]
    told = [event["detail"] for kind, event in cloud.events if kind == "CloudWatch Alarm Contributor State Change"]
    assert [detail["alarmContributor"]["attributes"] for detail in told if detail["state"]["value"] == "ALARM"] == [
        {"InstanceId": "i-b"},
        {"InstanceId": "i-c"},
    ]
    contributors = cloudwatch.describe_alarm_contributors(AlarmName="fleet")["AlarmContributors"]
    assert [each["ContributorAttributes"]["InstanceId"] for each in contributors] == ["i-b", "i-c"]
    assert cloudwatch.describe_alarms(AlarmNames=["fleet"])["MetricAlarms"][0]["StateValue"] == "ALARM"
