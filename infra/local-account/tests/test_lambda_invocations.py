"""Functions run as processes against a Runtime API, one invocation at a time in each."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from account_process import AccountProcess, allow, eventually
from botocore.exceptions import ClientError


def at_once(times: int, do: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(times) as pool:
        return [future.result() for future in [pool.submit(do) for _ in range(times)]]


def test_a_synchronous_invocation_answers_with_what_the_function_returned(account: AccountProcess) -> None:
    account.function("answers", Environment={"Variables": {"TABLE": "journal"}})
    answer, response = account.invoke("answers", {"return": "who"})
    assert answer["table"] == "journal"
    assert answer["request_id"] == response["ResponseMetadata"]["RequestId"]
    assert "FunctionError" not in response


def test_an_error_is_an_answer_with_function_error(account: AccountProcess) -> None:
    account.function("fails")
    answer, response = account.invoke("fails", {"fail": "no such table"})
    assert response["StatusCode"] == 200
    assert response["FunctionError"] == "Unhandled"
    assert answer == {"errorType": "RuntimeError", "errorMessage": "no such table"}


def test_a_process_serves_one_invocation_after_another(account: AccountProcess) -> None:
    account.function("warm")
    pids = {account.invoke("warm", {"return": "who"})[0]["pid"] for _ in range(3)}
    assert len(pids) == 1


def test_concurrent_invocations_run_in_processes_of_their_own(account: AccountProcess) -> None:
    account.function("concurrent")
    pids = at_once(3, lambda: account.invoke("concurrent", {"sleep": 0.3, "return": "who"})[0]["pid"])
    assert len(set(pids)) == 3


def test_reserved_concurrency_throttles_what_goes_beyond_it(account: AccountProcess) -> None:
    account.function("reserved")
    account.client("lambda").put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=1)

    def outcome() -> str:
        try:
            return str(account.invoke("reserved", {"sleep": 0.5, "return": "done"})[0])
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    assert sorted(at_once(3, outcome)) == ["TooManyRequestsException", "TooManyRequestsException", "done"]


def test_a_timeout_ends_the_process_and_says_so(account: AccountProcess) -> None:
    account.function("slow", Timeout=1)
    first, _ = account.invoke("slow", {"return": "who"})
    answer, response = account.invoke("slow", {"sleep": 5})
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "Sandbox.Timedout"
    assert "timed out after 1.00 seconds" in answer["errorMessage"]
    assert account.invoke("slow", {"return": "who"})[0]["pid"] != first["pid"]


def test_a_process_that_exits_is_an_error_and_is_replaced(account: AccountProcess) -> None:
    account.function("exits")
    answer, _ = account.invoke("exits", {"exit": 3})
    assert answer["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in answer["errorMessage"]
    assert account.invoke("exits", {"return": 1})[0] == 1


def test_new_configuration_reaches_the_next_invocation(account: AccountProcess) -> None:
    account.function("configured", Environment={"Variables": {"TABLE": "old"}})
    account.invoke("configured", {"return": "who"})
    account.client("lambda").update_function_configuration(
        FunctionName="configured", Environment={"Variables": {"TABLE": "new"}}
    )
    assert account.invoke("configured", {"return": "who"})[0]["table"] == "new"


def test_what_a_function_logs_is_in_the_answer_the_door_and_cloudwatch_logs(account: AccountProcess) -> None:
    account.function("logs")
    _, response = account.invoke("logs", {"log": "one line"}, LogType="Tail")
    assert base64.b64decode(response["LogResult"]).decode() == "one line\n"
    assert account.invocations("logs")[0]["log"] == "one line\n"
    logs = account.client("logs")
    events = logs.filter_log_events(logGroupName="/aws/lambda/logs")["events"]
    assert "one line" in [event["message"] for event in events]


def test_a_role_that_lambda_cannot_assume_starts_nothing(account: AccountProcess) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    account.function("untrusted", Role=account.role("for-ec2", trust=trust))
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        account.invoke("untrusted", {})


def test_calls_of_a_function_are_recorded_with_function_request_and_role(account: AccountProcess) -> None:
    account.function("caller", allow("sqs:ListQueues"))
    seen = len(account.door("GET", "calls")["calls"])
    _, response = account.invoke("caller", {"call": ["sqs", "list_queues", {}]})
    calls = account.door("GET", f"calls?since={seen}")["calls"]
    call = next(call for call in calls if call["action"] == "ListQueues")
    assert call["function"] == "caller"
    assert call["request_id"] == response["ResponseMetadata"]["RequestId"]
    assert call["caller"] == "arn:aws:sts::123456789012:assumed-role/caller-role/caller"
    assert call["started_ms"] <= call["ended_ms"]


def test_a_body_that_is_no_json_is_refused(account: AccountProcess) -> None:
    account.function("strict")
    with pytest.raises(ClientError, match="Could not parse request body into json"):
        account.client("lambda").invoke(FunctionName="strict", Payload=b"{")
    assert account.invocations("strict") == []


def test_an_asynchronous_event_is_answered_at_once_and_run_later(account: AccountProcess) -> None:
    account.function("later")
    _, response = account.invoke("later", {"return": 7}, InvocationType="Event")
    assert response["StatusCode"] == 202
    record = eventually(lambda: account.invocations("later"))[0]
    assert (record["result"], record["error"]) == (7, None)
    assert json.dumps(record["payload"]) == '{"return": 7}'


@pytest.mark.parametrize(("source", "invoked"), [("123456789012", True), ("999999999999", False)])
def test_an_alarm_invokes_only_a_function_that_lets_the_alarms_of_its_account(
    account: AccountProcess, source: str, invoked: bool
) -> None:
    name = f"invoked-by-alarm-{invoked}"
    arn = account.function(name)
    account.client("lambda").add_permission(
        FunctionName=name,
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceAccount=source,
    )
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/EC2",
        MetricName="NetworkOut",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"].startswith("Successfully" if invoked else "Failed")
    if invoked:
        event = eventually(lambda: account.invocations(name))[0]["payload"]
        assert event["alarmData"]["state"]["value"] == "ALARM"
    else:
        assert account.invocations(name) == []
