"""The operational alarms and the dashboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from tests.template_checks.deployed import Deployed, check


@dataclass(frozen=True)
class Watch:
    """What an alarm must watch; `function` or `queue` is the logical id of what its one dimension names."""

    metric: str
    function: str | None = None
    queue: str | None = None
    periods: int = 1
    to_alarm: int | None = None
    comparison: str = "GreaterThanOrEqualToThreshold"
    missing: str = "notBreaching"

    def namespace(self) -> str:
        return "AWS/Lambda" if self.function else "AWS/SQS" if self.queue else "Cordon"

    def dimensions(self, deployed: Deployed) -> list[dict[str, str]]:
        if self.function:
            return [{"Name": "FunctionName", "Value": deployed.id(self.function)}]
        if self.queue:
            attributes = deployed.stack.resources[self.queue].attributes
            return [{"Name": "QueueName", "Value": attributes["QueueName"]}]
        return []


VISIBLE = "ApproximateNumberOfMessagesVisible"
WATCHES = {
    "ContainInstanceErrorsAlarm": Watch("Errors", function="ContainInstanceFunction"),
    "ContainInstanceThrottlesAlarm": Watch("Throttles", function="ContainInstanceFunction"),
    "ReconcileIncidentsErrorsAlarm": Watch("Errors", function="ReconcileIncidentsFunction", periods=5, to_alarm=3),
    "ReconcileIncidentsThrottlesAlarm": Watch("Throttles", function="ReconcileIncidentsFunction", periods=5, to_alarm=3),
    "ReconcileIncidentsSilentAlarm": Watch(
        "Invocations",
        function="ReconcileIncidentsFunction",
        periods=5,
        comparison="LessThanThreshold",
        missing="breaching",
    ),
    "EnrollFleetErrorsAlarm": Watch("Errors", function="EnrollFleetFunction", periods=5, to_alarm=3),
    "EnrollFleetThrottlesAlarm": Watch("Throttles", function="EnrollFleetFunction", periods=5, to_alarm=3),
    "MeasureFleetErrorsAlarm": Watch("Errors", function="MeasureFleetFunction", periods=3, to_alarm=2),
    "MeasureFleetThrottlesAlarm": Watch("Throttles", function="MeasureFleetFunction", periods=3, to_alarm=2),
    "AuditAccessErrorsAlarm": Watch("Errors", function="AuditAccessFunction"),
    "AuditAccessThrottlesAlarm": Watch("Throttles", function="AuditAccessFunction"),
    "AuditOverdueAlarm": Watch("AuditOverdue", periods=3, missing="breaching"),
    "ReleaseInstanceErrorsAlarm": Watch("Errors", function="ReleaseInstanceFunction"),
    "ReleaseInstanceThrottlesAlarm": Watch("Throttles", function="ReleaseInstanceFunction"),
    "RevokeCredentialsErrorsAlarm": Watch("Errors", function="RevokeCredentialsFunction"),
    "RevokeCredentialsThrottlesAlarm": Watch("Throttles", function="RevokeCredentialsFunction"),
    "SignalDeadLettersAlarm": Watch(VISIBLE, queue="SignalDeadLetterQueue"),
    "InvocationFailuresAlarm": Watch(VISIBLE, queue="InvocationFailureQueue"),
    "ContainmentPartialAlarm": Watch("ContainmentPartial"),
    "FleetEventAlarm": Watch("FleetEvent"),
    "SignalRejectedAlarm": Watch("SignalRejected"),
    "OperatorUnprovedAlarm": Watch("OperatorUnproved"),
    "JournalFailedAlarm": Watch("JournalFailed"),
}


def somebody_is_told_by_an_alarm(watch: Watch, deployed: Deployed) -> None:
    found = [
        alarm
        for alarm in deployed.clients["cloudwatch"].describe_alarms()["MetricAlarms"]
        if (alarm["Namespace"], alarm["MetricName"]) == (watch.namespace(), watch.metric)
        and alarm["Dimensions"] == watch.dimensions(deployed)
    ]
    assert len(found) == 1, f"{len(found)} alarms watch {watch}"
    (alarm,) = found
    assert alarm["AlarmActions"] == [deployed.id("NotificationTopic")]
    assert alarm["Threshold"] == 1
    assert alarm["EvaluationPeriods"] == watch.periods
    assert alarm.get("DatapointsToAlarm") == watch.to_alarm
    assert alarm["ComparisonOperator"] == watch.comparison
    assert alarm["TreatMissingData"] == watch.missing


for logical_id, watched in WATCHES.items():
    check(logical_id)(partial(somebody_is_told_by_an_alarm, watched))


@check("Dashboard")
def the_dashboard_shows_every_alarm_of_the_stack(deployed: Deployed) -> None:
    cloudwatch = deployed.clients["cloudwatch"]
    dashboards = cloudwatch.list_dashboards()["DashboardEntries"]
    assert len(dashboards) == 1
    body = cloudwatch.get_dashboard(DashboardName=dashboards[0]["DashboardName"])["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    shown = {alarm for widget in widgets for alarm in widget["properties"].get("alarms", [])}
    assert shown == {deployed.arn(alarm) for alarm in deployed.made("AWS::CloudWatch::Alarm")}
