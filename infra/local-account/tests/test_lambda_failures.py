"""What becomes of an asynchronous event whose function fails."""

from __future__ import annotations

import json

from account_process import AccountProcess, allow, eventually


def test_a_failing_event_is_tried_three_times_under_one_request_id(account: AccountProcess) -> None:
    account.function("retried")
    account.invoke("retried", {"fail": "always"}, InvocationType="Event")
    records = eventually(lambda: (found := account.invocations("retried"))[2:] and found)
    assert len(records) == 3
    assert len({record["request_id"] for record in records}) == 1
    assert {record["error"] for record in records} == {"RuntimeError"}


def test_the_configured_number_of_retries_is_kept(account: AccountProcess) -> None:
    url, arn = account.queue("kept-failures")
    account.function("once", allow("sqs:SendMessage", resource=arn))
    account.client("lambda").put_function_event_invoke_config(
        FunctionName="once",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    account.invoke("once", {"fail": "always"}, InvocationType="Event")
    eventually(lambda: account.messages(url))
    assert len(account.invocations("once")) == 1


def test_the_failure_destination_gets_a_record_of_the_invocation(account: AccountProcess) -> None:
    url, arn = account.queue("failures")
    function = account.function("recorded", allow("sqs:SendMessage", resource=arn))
    account.client("lambda").put_function_event_invoke_config(
        FunctionName="recorded", DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    account.invoke("recorded", {"fail": "no table"}, InvocationType="Event")
    record = json.loads(eventually(lambda: account.messages(url))[0]["Body"])
    assert record["requestPayload"] == {"fail": "no table"}
    assert record["responsePayload"]["errorMessage"] == "no table"
    assert record["requestContext"]["functionArn"] == f"{function}:$LATEST"
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3


def test_the_dead_letter_queue_gets_the_event_itself(account: AccountProcess) -> None:
    url, arn = account.queue("dead-letters")
    account.function("dying", allow("sqs:SendMessage", resource=arn), DeadLetterConfig={"TargetArn": arn})
    account.invoke("dying", {"exit": 1}, InvocationType="Event")
    message = eventually(lambda: account.messages(url))[0]
    assert json.loads(message["Body"]) == {"exit": 1}
    assert "exit status 1" in message["MessageAttributes"]["ErrorMessage"]["StringValue"]


def test_a_role_that_may_not_send_loses_the_failed_event(account: AccountProcess) -> None:
    url, arn = account.queue("unreachable")
    reachable_url, reachable = account.queue("reachable")
    account.function("silent", DeadLetterConfig={"TargetArn": arn})
    account.function("heard", allow("sqs:SendMessage", resource=reachable), DeadLetterConfig={"TargetArn": reachable})
    account.invoke("silent", {"fail": "always"}, InvocationType="Event")
    eventually(lambda: account.invocations("silent")[2:])
    account.invoke("heard", {"fail": "always"}, InvocationType="Event")
    assert eventually(lambda: account.messages(reachable_url))
    assert account.messages(url) == []


def test_a_throttled_event_waits_without_using_up_its_attempts(account: AccountProcess) -> None:
    account.function("blocked")
    lambda_client = account.client("lambda")
    lambda_client.put_function_concurrency(FunctionName="blocked", ReservedConcurrentExecutions=0)
    account.invoke("blocked", {"return": 1}, InvocationType="Event")
    lambda_client.put_function_concurrency(FunctionName="blocked", ReservedConcurrentExecutions=1)
    assert eventually(lambda: account.invocations("blocked"))[0]["result"] == 1
