"""From a topic to a function, and who may put a message on a topic."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime

import pytest
from account_process import AccountProcess, allow, eventually, policy

QUEUE_OF_TOPICS = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": "*",
}


def subscribed(account: AccountProcess, name: str, permission: bool = True) -> tuple[str, str]:
    """The ARNs of a new topic and of the subscription of a new function, both called `name`."""
    function = account.function(name)
    sns = account.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    if permission:
        account.client("lambda").add_permission(
            FunctionName=name,
            StatementId="topic",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=topic,
        )
    return topic, sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]


def test_a_message_reaches_the_function_in_the_event_that_sns_sends(account: AccountProcess) -> None:
    topic, subscription = subscribed(account, "listener")
    before = time.time()
    attributes = {"kind": {"DataType": "String", "StringValue": "drill"}}
    sent = account.client("sns").publish(TopicArn=topic, Subject="s", Message="{}", MessageAttributes=attributes)
    record = eventually(lambda: account.invocations("listener"))[0]["payload"]["Records"][0]
    message = record.pop("Sns")
    assert record == {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription}
    assert (message["TopicArn"], message["MessageId"]) == (topic, sent["MessageId"])
    assert (message["Subject"], message["Message"]) == ("s", "{}")
    assert message["MessageAttributes"] == {"kind": {"Type": "String", "Value": "drill"}}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["Timestamp"])
    assert abs(datetime.fromisoformat(message["Timestamp"].replace("Z", "+00:00")).timestamp() - before) < 5


def test_without_a_permission_the_message_goes_to_the_subscriptions_dead_letter_queue(account: AccountProcess) -> None:
    topic, subscription = subscribed(account, "unpermitted", permission=False)
    url, arn = account.queue("undelivered", QUEUE_OF_TOPICS)
    account.client("sns").set_subscription_attributes(
        SubscriptionArn=subscription,
        AttributeName="RedrivePolicy",
        AttributeValue=json.dumps({"deadLetterTargetArn": arn}),
    )
    account.client("sns").publish(TopicArn=topic, Message="hello")
    message = eventually(lambda: account.messages(url))[0]
    assert json.loads(message["Body"])["Message"] == "hello"
    assert "no permission" in message["MessageAttributes"]["ErrorMessage"]["StringValue"]
    assert account.invocations("unpermitted") == []


def test_a_permission_for_another_topic_is_none_for_this_one(account: AccountProcess) -> None:
    topic, _ = subscribed(account, "mismatched", permission=False)
    account.client("lambda").add_permission(
        FunctionName="mismatched",
        StatementId="other",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=f"{topic}-other",
    )
    account.client("sns").publish(TopicArn=topic, Message="hello")
    account.client("sns").publish(TopicArn=subscribed(account, "matched")[0], Message="hello")
    eventually(lambda: account.invocations("matched"))
    assert account.invocations("mismatched") == []


@pytest.mark.parametrize(
    ("condition", "delivered"),
    [
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "999999999999"}}, False),
    ],
)
def test_an_alarm_publishes_only_where_the_topics_policy_lets_cloudwatch(
    account: AccountProcess, condition: dict[str, object], delivered: bool
) -> None:
    name = f"alarmed-{delivered}"
    topic, _ = subscribed(account, name)
    account.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=policy(
            allow(
                "sns:Publish",
                resource=topic,
                Principal={"Service": "cloudwatch.amazonaws.com"},
                Condition=condition,
            )
        ),
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
        AlarmActions=[topic],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    if not delivered:
        history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
        assert "Failed" in history[0]["HistorySummary"]
        assert account.invocations(name) == []
        return
    event = eventually(lambda: account.invocations(name))[0]["payload"]
    assert json.loads(event["Records"][0]["Sns"]["Message"])["NewStateValue"] == "ALARM"
