"""The ways from an alarm to contain-instance, the dead letters beside them, and the notifications."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from local_account.iam_policy import Decision, evaluate
from local_account.resource_policy import allows_service
from tests.template_checks.deployed import ACCOUNT, ELSEWHERE, OTHER_ACCOUNT, Deployed, check

CLOUDWATCH = "cloudwatch.amazonaws.com"
OURS = {"aws:SourceAccount": ACCOUNT}
THEIRS = {"aws:SourceAccount": OTHER_ACCOUNT}
FORTNIGHT = str(14 * 24 * 3600)


def topic(deployed: Deployed, arn: str) -> dict[str, Any]:
    return deployed.clients["sns"].get_topic_attributes(TopicArn=arn)["Attributes"]


def subscriptions(deployed: Deployed, arn: str) -> list[dict[str, Any]]:
    return deployed.clients["sns"].list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]


def queue(deployed: Deployed, logical_id: str) -> dict[str, Any]:
    url = deployed.id(logical_id)
    return deployed.clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def may_invoke(deployed: Deployed, function: str, service: str, context: dict[str, str]) -> bool:
    client, name = deployed.clients["lambda"], deployed.id(function)
    try:
        policy = client.get_policy(FunctionName=name)["Policy"]
    except client.exceptions.ResourceNotFoundException:
        return False
    return allows_service(policy, service, "lambda:InvokeFunction", deployed.arn(function), context)


@check("AlarmTopic")
def messages_of_the_alarm_topic_are_encrypted(deployed: Deployed) -> None:
    assert topic(deployed, deployed.id("AlarmTopic"))["KmsMasterKeyId"] == deployed.id("MessageKey")


@check("AlarmTopicPolicy")
def only_cloudwatch_of_this_account_publishes_to_the_alarm_topic(deployed: Deployed) -> None:
    arn = deployed.id("AlarmTopic")
    document = json.loads(topic(deployed, arn)["Policy"])
    assert allows_service(document, CLOUDWATCH, "sns:Publish", arn, OURS)
    assert not allows_service(document, CLOUDWATCH, "sns:Publish", arn, THEIRS)
    assert not allows_service(document, "events.amazonaws.com", "sns:Publish", arn, OURS)
    # A principal that an IAM policy of its own lets publish is refused all the same.
    assert evaluate([document], "sns:Publish", arn, {"aws:PrincipalIsAWSService": "false"}) is Decision.DENIED


def a_topic_brings_its_messages_to_contain_instance(arn: str, deployed: Deployed) -> None:
    endpoints = [s for s in subscriptions(deployed, arn) if s["Endpoint"] == deployed.arn("ContainInstanceFunction")]
    assert len(endpoints) == 1
    attributes = deployed.clients["sns"].get_subscription_attributes(SubscriptionArn=endpoints[0]["SubscriptionArn"])
    redrive = json.loads(attributes["Attributes"]["RedrivePolicy"])
    assert redrive == {"deadLetterTargetArn": deployed.arn("SignalDeadLetterQueue")}


def a_topic_may_invoke_contain_instance(arn: str, deployed: Deployed) -> None:
    invoke = partial(may_invoke, deployed, "ContainInstanceFunction", "sns.amazonaws.com")
    assert invoke({"aws:SourceArn": arn})
    assert not invoke({"aws:SourceArn": arn + "-of-another"})


@check("AlarmTopicSubscription")
def the_alarm_topic_brings_its_messages_to_contain_instance(deployed: Deployed) -> None:
    a_topic_brings_its_messages_to_contain_instance(deployed.id("AlarmTopic"), deployed)


@check("AlarmTopicPermission")
def the_alarm_topic_may_invoke_contain_instance(deployed: Deployed) -> None:
    a_topic_may_invoke_contain_instance(deployed.id("AlarmTopic"), deployed)


for number, elsewhere in ELSEWHERE.items():
    check(f"ElsewhereTopic{number}Subscription")(partial(a_topic_brings_its_messages_to_contain_instance, elsewhere))
    check(f"ElsewhereTopic{number}Permission")(partial(a_topic_may_invoke_contain_instance, elsewhere))


@check("DirectAlarmPermission")
def an_alarm_of_this_account_may_invoke_contain_instance_itself(deployed: Deployed) -> None:
    invoke = partial(may_invoke, deployed, "ContainInstanceFunction", "lambda.alarms.cloudwatch.amazonaws.com")
    assert invoke(OURS)
    assert not invoke(THEIRS)


@check("AlarmStateChangeRule")
def eventbridge_brings_alarms_of_the_prefix_to_contain_instance(deployed: Deployed) -> None:
    events = deployed.clients["events"]
    patterned = [rule for rule in events.list_rules()["Rules"] if "EventPattern" in rule]
    rules = [rule for rule in patterned if json.loads(rule["EventPattern"])["source"] == ["aws.cloudwatch"]]
    assert len(rules) == 1
    assert rules[0]["State"] == "ENABLED"
    assert json.loads(rules[0]["EventPattern"]) == {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"],
        "account": [ACCOUNT],
        "detail": {"alarmName": [{"prefix": "cordon/"}]},
    }
    (target,) = events.list_targets_by_rule(Rule=rules[0]["Name"])["Targets"]
    assert target["Arn"] == deployed.arn("ContainInstanceFunction")
    assert target["DeadLetterConfig"] == {"Arn": deployed.arn("SignalDeadLetterQueue")}


@check("AlarmStateChangePermission")
def the_rule_may_invoke_contain_instance(deployed: Deployed) -> None:
    invoke = partial(may_invoke, deployed, "ContainInstanceFunction", "events.amazonaws.com")
    assert invoke({"aws:SourceArn": deployed.arn("AlarmStateChangeRule")})
    assert not invoke({"aws:SourceArn": deployed.arn("AlarmStateChangeRule") + "-of-another"})


@check("SignalDeadLetterQueue")
def undelivered_signals_are_kept_encrypted_for_a_fortnight(deployed: Deployed) -> None:
    attributes = queue(deployed, "SignalDeadLetterQueue")
    assert attributes["KmsMasterKeyId"] == deployed.id("MessageKey")
    assert attributes["MessageRetentionPeriod"] == FORTNIGHT


@check("SignalDeadLetterQueuePolicy")
def only_topics_and_rules_of_this_account_leave_undelivered_signals(deployed: Deployed) -> None:
    arn, document = deployed.arn("SignalDeadLetterQueue"), queue_policy(deployed, "SignalDeadLetterQueue")
    for service in ("sns.amazonaws.com", "events.amazonaws.com"):
        assert allows_service(document, service, "sqs:SendMessage", arn, OURS)
        assert not allows_service(document, service, "sqs:SendMessage", arn, THEIRS)
    assert refuses_plain_http(document, "sqs:ReceiveMessage", arn)


@check("InvocationFailureQueue")
def failed_invocations_are_kept_encrypted_for_a_fortnight(deployed: Deployed) -> None:
    attributes = queue(deployed, "InvocationFailureQueue")
    assert attributes["KmsMasterKeyId"] == deployed.id("MessageKey")
    assert attributes["MessageRetentionPeriod"] == FORTNIGHT


@check("InvocationFailureQueuePolicy")
def failed_invocations_are_read_over_tls_only(deployed: Deployed) -> None:
    document = queue_policy(deployed, "InvocationFailureQueue")
    assert refuses_plain_http(document, "sqs:ReceiveMessage", deployed.arn("InvocationFailureQueue"))


def queue_policy(deployed: Deployed, logical_id: str) -> dict[str, Any]:
    attributes = queue(deployed, logical_id)
    assert attributes.get("Policy"), f"{logical_id} has no policy"
    return json.loads(attributes["Policy"])


def refuses_plain_http(document: dict[str, Any], action: str, resource: str) -> bool:
    over = {secure: evaluate([document], action, resource, {"aws:SecureTransport": secure}) for secure in ("true", "false")}
    return over["false"] is Decision.DENIED and over["true"] is not Decision.DENIED


@check("NotificationTopic")
def notifications_are_encrypted(deployed: Deployed) -> None:
    assert topic(deployed, deployed.id("NotificationTopic"))["KmsMasterKeyId"] == deployed.id("MessageKey")


@check("NotificationTopicPolicy")
def operational_alarms_of_this_account_notify(deployed: Deployed) -> None:
    arn = deployed.id("NotificationTopic")
    document = json.loads(topic(deployed, arn)["Policy"])
    assert allows_service(document, CLOUDWATCH, "sns:Publish", arn, OURS)
    assert not allows_service(document, CLOUDWATCH, "sns:Publish", arn, THEIRS)
    assert refuses_plain_http(document, "sns:Publish", arn)


def an_address_is_told(address: str, deployed: Deployed) -> None:
    told = subscriptions(deployed, deployed.id("NotificationTopic"))
    assert ("email", address) in [(subscription["Protocol"], subscription["Endpoint"]) for subscription in told]


check("NotificationEmailSubscription")(partial(an_address_is_told, "first@example.com"))
check("SecondNotificationEmailSubscription")(partial(an_address_is_told, "second@example.com"))
