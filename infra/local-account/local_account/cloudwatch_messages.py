"""What CloudWatch tells others when an alarm changes its state, in the shapes each receiver gets.

Source: "Notifying users on alarm changes" (SNS), "Invoke a Lambda function from an alarm" (direct event) and "Alarm
events and EventBridge" in the CloudWatch user guide. SNS names keys in CamelCase but dimensions `name` and `value`;
EventBridge and Lambda use lower camel case and a map of dimensions. Contributor messages carry
`AlarmContributorId` and `AlarmContributorAttributes`.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .account import Account
from .cloudwatch_evaluation import in_offset_form

REGION_NAMES = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-central-1": "EU (Frankfurt)",
}
LONGEST_SUBJECT = 100


@dataclass(frozen=True)
class State:
    value: str
    reason: str
    reason_data: str | None
    timestamp: datetime

    def as_event(self) -> dict[str, str]:
        data = {"reasonData": self.reason_data} if self.reason_data else {}
        return {"value": self.value, "reason": self.reason, **data, "timestamp": in_offset_form(self.timestamp)}


@dataclass(frozen=True)
class Transition:
    """One change of one alarm's state, or of one contributor's."""

    alarm: Any
    before: State
    after: State
    contributor_id: str | None = None
    contributor_attributes: dict[str, str] = field(default_factory=dict)
    triggering_children: list[dict[str, Any]] = field(default_factory=list)


def region_name(account: Account) -> str:
    return REGION_NAMES.get(account.region, account.region)


def subject(account: Account, change: Transition) -> str:
    text = f'{change.after.value}: "{change.alarm.name}" in {region_name(account)}'
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return plain if len(plain) <= LONGEST_SUBJECT else plain[: LONGEST_SUBJECT - 3] + "..."


def sns_message(account: Account, change: Transition) -> str:
    alarm = change.alarm
    message: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account.account_id,
        "AlarmConfigurationUpdatedTimestamp": in_offset_form(alarm.configuration_updated_timestamp),
        "NewStateValue": change.after.value,
        "NewStateReason": change.after.reason,
        "StateChangeTime": in_offset_form(change.after.timestamp),
        "Region": region_name(account),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": change.before.value,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    if alarm.rule is not None:
        message["AlarmRule"] = alarm.rule
        message["TriggeringChildren"] = change.triggering_children
    else:
        message["Trigger"] = _trigger(alarm)
    if change.contributor_id:
        message["AlarmContributorId"] = change.contributor_id
        message["AlarmContributorAttributes"] = change.contributor_attributes
    return json.dumps(message, ensure_ascii=False)


def _trigger(alarm: Any) -> dict[str, Any]:
    shared = {
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if not alarm.metrics:
        return {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "StatisticType": "Statistic",
            "Statistic": (alarm.statistic or "").upper(),
            "Unit": alarm.unit,
            "Dimensions": [{"value": each.value, "name": each.name} for each in alarm.dimensions],
            "Period": alarm.period,
            "Threshold": alarm.threshold,
            **shared,
        }
    limit = (
        {"ThresholdMetricId": alarm.threshold_metric_id}
        if alarm.threshold_metric_id
        else {"Threshold": alarm.threshold}
    )
    period = next((query["MetricStat"]["Period"] for query in alarm.metrics if "MetricStat" in query), 60)
    return {"Period": period, **shared, **limit, "Metrics": [_sns_query(query) for query in alarm.metrics]}


def _sns_query(query: dict[str, Any]) -> dict[str, Any]:
    told = {key: query[key] for key in ("Expression", "Id", "Label", "AccountId") if query.get(key)}
    if "MetricStat" in query:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        told["MetricStat"] = {
            "Metric": {
                "Dimensions": [
                    {"value": each["Value"], "name": each["Name"]} for each in metric.get("Dimensions", [])
                ],
                "MetricName": metric["MetricName"],
                "Namespace": metric["Namespace"],
            },
            "Period": stat["Period"],
            "Stat": stat["Stat"],
        }
    told["ReturnData"] = query.get("ReturnData", True)
    return told


def lambda_event(account: Account, change: Transition) -> dict[str, Any]:
    alarm = change.alarm
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.alarm_arn,
        "accountId": account.account_id,
        "time": in_offset_form(change.after.timestamp),
        "region": account.region,
        "alarmData": event_detail(change),
    }


def event_detail(change: Transition) -> dict[str, Any]:
    """The `detail` of the EventBridge event, and the `alarmData` of the direct Lambda event."""
    detail = {
        "alarmName": change.alarm.name,
        "state": change.after.as_event(),
        "previousState": change.before.as_event(),
        "configuration": _configuration(change.alarm),
    }
    if change.contributor_id:
        detail["alarmContributor"] = {"id": change.contributor_id, "attributes": change.contributor_attributes}
    return detail


def _configuration(alarm: Any) -> dict[str, Any]:
    described = {"description": alarm.description} if alarm.description else {}
    if alarm.rule is not None:
        return {"alarmRule": alarm.rule, **described}
    if alarm.metrics:
        return {"metrics": [_event_query(query) for query in alarm.metrics], **described}
    dimensions = [{"Name": each.name, "Value": each.value} for each in alarm.dimensions]
    metric = {"Namespace": alarm.namespace, "MetricName": alarm.metric_name, "Dimensions": dimensions}
    query = {"Id": str(uuid.uuid4()), "MetricStat": {"Metric": metric, "Period": alarm.period, "Stat": alarm.statistic}}
    return {"metrics": [_event_query(query)], **described}


def _event_query(query: dict[str, Any]) -> dict[str, Any]:
    told = {key.lower(): query[key] for key in ("Id", "Expression", "Label") if query.get(key)}
    if query.get("AccountId"):
        told["accountId"] = query["AccountId"]
    if "MetricStat" in query:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        told["metricStat"] = {
            "metric": {
                "namespace": metric["Namespace"],
                "name": metric["MetricName"],
                "dimensions": {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])},
            },
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
    told["returnData"] = query.get("ReturnData", True)
    return told
