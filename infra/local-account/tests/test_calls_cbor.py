"""CloudWatch as current SDKs speak it, read without an SDK."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import datetime, timezone
from typing import Any

import cbor2
import pytest
from account_process import AccountProcess, signed


def ask(account: AccountProcess, operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any], Any]:
    """Status, content and headers of an answer."""
    request = signed(
        "monitoring",
        f"{account.ready['endpoint']}/service/GraniteServiceVersion20100801/operation/{operation}",
        cbor2.dumps(parameters, datetime_as_timestamp=True),
        {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
    )
    try:
        with urllib.request.urlopen(
            urllib.request.Request(request.url, request.body, dict(request.headers))
        ) as response:
            return response.status, cbor2.loads(response.read()), response.headers
    except urllib.error.HTTPError as error:
        return error.code, cbor2.loads(error.read()), error.headers


def test_doubles_and_timestamps_come_back_as_such(account: AccountProcess) -> None:
    alarm = {
        "AlarmName": "typed",
        "Namespace": "AWS/EC2",
        "MetricName": "NetworkOut",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    assert ask(account, "PutMetricAlarm", alarm)[0] == 200
    status, answer, headers = ask(account, "DescribeAlarms", {"AlarmNames": ["typed"]})
    (described,) = answer["MetricAlarms"]
    assert (status, headers["smithy-protocol"]) == (200, "rpc-v2-cbor")
    assert isinstance(described["Threshold"], float)
    assert isinstance(described["Period"], int)
    assert isinstance(described["StateUpdatedTimestamp"], datetime)


def test_a_timestamp_in_a_request_is_understood(account: AccountProcess) -> None:
    now = datetime.now(timezone.utc)
    point = {"MetricName": "m", "Timestamp": now, "Value": 7.0}
    assert ask(account, "PutMetricData", {"Namespace": "Typed", "MetricData": [point]})[0] == 200
    day = {
        "StartTime": datetime.fromtimestamp(now.timestamp() - 600, timezone.utc),
        "EndTime": datetime.fromtimestamp(now.timestamp() + 600, timezone.utc),
    }
    statistic = {"Metric": {"Namespace": "Typed", "MetricName": "m"}, "Period": 60, "Stat": "Average"}
    _, answer, _ = ask(account, "GetMetricData", {"MetricDataQueries": [{"Id": "q", "MetricStat": statistic}], **day})
    assert answer["MetricDataResults"][0]["Values"] == [7.0]
    assert isinstance(answer["MetricDataResults"][0]["Timestamps"][0], datetime)


@pytest.mark.parametrize("operation", ["DescribeAlarmContributors"])
def test_an_error_names_its_kind(account: AccountProcess, operation: str) -> None:
    status, answer, headers = ask(account, operation, {"AlarmName": "no such alarm"})
    assert status >= 400
    assert answer["__type"].endswith("ResourceNotFoundException")
    assert headers["Content-Type"] == "application/cbor"
