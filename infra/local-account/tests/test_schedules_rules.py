"""Rules: schedules, and patterns for what services put on the bus."""

from __future__ import annotations

import json
import time
import urllib.error
from datetime import datetime, timezone

import pytest
from account_process import AccountProcess, eventually

from local_account.schedule_expressions import is_due


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("expression", "since", "now", "due"),
    [
        ("rate(1 minute)", "2026-01-01T00:00:10", "2026-01-01T00:01:09", False),
        ("rate(1 minute)", "2026-01-01T00:00:10", "2026-01-01T00:01:10", True),
        ("rate(2 hours)", "2026-01-01T00:00:00", "2026-01-01T02:00:00", True),
        ("cron(0 12 * * ? *)", "2026-01-01T11:58:00", "2026-01-01T11:59:59", False),
        ("cron(0 12 * * ? *)", "2026-01-01T11:58:00", "2026-01-01T12:00:00", True),
        ("cron(0/15 * * * ? *)", "2026-01-01T00:01:00", "2026-01-01T00:15:30", True),
        ("cron(0 8 ? * MON-FRI *)", "2026-01-03T07:59:00", "2026-01-03T08:00:00", False),
        ("cron(0 8 ? * MON-FRI *)", "2026-01-05T07:59:00", "2026-01-05T08:00:00", True),
        ("cron(0 8 1 JAN,JUL ? *)", "2026-06-30T23:59:00", "2026-07-01T08:00:00", True),
    ],
)
def test_a_schedule_is_due_when_its_expression_says(expression: str, since: str, now: str, due: bool) -> None:
    assert is_due(expression, epoch(since), epoch(now)) is due


@pytest.mark.parametrize("expression", ["rate(1 fortnight)", "cron(* * *)", "at(2026-01-01T00:00:00)"])
def test_an_expression_that_cannot_be_read_is_an_error(expression: str) -> None:
    with pytest.raises(ValueError, match="not a schedule expression"):
        is_due(expression, 0, 1)


def rule(
    account: AccountProcess, name: str, permission: bool = True, dead_letters: str | None = None, **when: str
) -> str:
    """The ARN of a new rule whose target is a new function of the same name."""
    events = account.client("events")
    arn = str(events.put_rule(Name=name, **when)["RuleArn"])
    target = {"Id": "function", "Arn": account.function(name)}
    if dead_letters:
        target["DeadLetterConfig"] = {"Arn": dead_letters}  # type: ignore[assignment]
    events.put_targets(Rule=name, Targets=[target])
    if permission:
        account.client("lambda").add_permission(
            FunctionName=name,
            StatementId="rule",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=arn,
        )
    return arn


def test_a_tick_fires_the_named_rule_with_the_event_of_a_schedule(account: AccountProcess) -> None:
    arn = rule(account, "ticked", ScheduleExpression="rate(1 hour)")
    assert account.door("POST", "tick", {"rule": "ticked"}) == {"rules": ["ticked"]}
    event = eventually(lambda: account.invocations("ticked"))[0]["payload"]
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert (event["resources"], event["detail"], event["account"]) == ([arn], {}, "123456789012")
    assert datetime.fromisoformat(event["time"].replace("Z", "+00:00"))


def test_a_disabled_rule_does_not_fire(account: AccountProcess) -> None:
    rule(account, "disabled", ScheduleExpression="rate(1 hour)", State="DISABLED")
    with pytest.raises(urllib.error.HTTPError):
        account.door("POST", "tick", {"rule": "disabled"})


def test_without_a_permission_the_event_goes_to_the_targets_dead_letter_queue(account: AccountProcess) -> None:
    queue_of_rules = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    url, arn = account.queue("unfired", queue_of_rules)
    rule(account, "unfired", permission=False, dead_letters=arn, ScheduleExpression="rate(1 hour)")
    account.door("POST", "tick", {"rule": "unfired"})
    body = json.loads(eventually(lambda: account.messages(url))[0]["Body"])
    assert body["detail-type"] == "Scheduled Event"
    assert account.invocations("unfired") == []


def test_schedules_fire_by_themselves_as_often_as_the_account_was_told(own_account: AccountProcess) -> None:
    rule(own_account, "regular", ScheduleExpression="rate(1 hour)")
    records = eventually(lambda: (found := own_account.invocations("regular"))[1:] and found)
    assert 0.3 < (records[1]["started_ms"] - records[0]["started_ms"]) / 1000 < 30


def test_a_schedule_that_was_made_faster_does_not_fire_into_its_own_run(own_account: AccountProcess) -> None:
    rule(own_account, "slow", ScheduleExpression="rate(1 hour)")
    own_account.client("lambda").invoke(FunctionName="slow", InvocationType="Event", Payload=b'{"sleep": 2}')
    records = eventually(lambda: (found := own_account.invocations("slow"))[2:] and found)
    slept = next(record for record in records if record["payload"] == {"sleep": 2})
    fired = [record["started_ms"] for record in records if record is not slept]
    # One may have been on its way when the slow run began.
    assert sum(slept["started_ms"] + 1000 < at < slept["ended_ms"] for at in fired) == 0


def test_an_event_reaches_the_functions_of_the_rules_that_match_it(account: AccountProcess) -> None:
    rule(account, "matching", EventPattern=json.dumps({"source": ["app"], "detail": {"state": [{"prefix": "AL"}]}}))
    rule(account, "other", EventPattern=json.dumps({"source": ["app"], "detail": {"state": ["OK"]}}))
    entry = {"Source": "app", "DetailType": "change", "Detail": json.dumps({"state": "ALARM"}), "Resources": ["r"]}
    account.client("events").put_events(Entries=[entry])
    event = eventually(lambda: account.invocations("matching"))[0]["payload"]
    assert (event["source"], event["detail-type"], event["resources"]) == ("app", "change", ["r"])
    assert event["detail"] == {"state": "ALARM"}
    assert abs(datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp() - time.time()) < 60
    assert account.invocations("other") == []


def test_an_alarms_change_of_state_is_an_event(account: AccountProcess) -> None:
    rule(
        account,
        "state-changes",
        EventPattern=json.dumps({"source": ["aws.cloudwatch"], "detail": {"alarmName": ["evented"]}}),
    )
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="evented",
        Namespace="AWS/EC2",
        MetricName="NetworkOut",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="evented", StateValue="ALARM", StateReason="a drill")
    events = eventually(lambda: account.invocations("state-changes"))
    assert events[-1]["payload"]["detail"]["state"]["value"] == "ALARM"
