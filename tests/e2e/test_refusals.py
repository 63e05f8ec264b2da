"""Whatever is forged, replayed, elsewhere, protected or not opted in: nothing changes, and a record remains."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from .conftest import UNLIMITED
from .laptop import CALM, Laptop, Shown, Stack, wait_for
from .test_containment import delivered, invoke


def refusal(stack: Stack, instance: str, code: str) -> dict[str, Any]:
    incident = stack.incident_in(instance, "Refused")
    reason = incident["state"]["reason"]
    assert reason["code"] == code or reason.get("guard") == code, reason
    return incident


def sns_event(stack: Stack, alarm: str, instance: str, **changes: str) -> dict[str, Any]:
    account, region = stack.laptop.about["account_id"], stack.laptop.about["region"]
    message = {
        "AlarmName": alarm,
        "AWSAccountId": account,
        "AlarmArn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{alarm}",
        "NewStateValue": "ALARM",
        "OldStateValue": "OK",
        "NewStateReason": "forged",
        "StateChangeTime": "2026-01-01T00:00:00.000+0000",
        "Region": "US East (N. Virginia)",
        "Trigger": {
            "MetricName": "NetworkOut",
            "Namespace": "AWS/EC2",
            "Dimensions": [{"name": "InstanceId", "value": instance}],
        },
        **changes,
    }
    sns = {
        "Type": "Notification",
        "MessageId": "00000000-0000-0000-0000-000000000000",
        "TopicArn": stack.outputs["AlarmTopicArn"],
        "Message": json.dumps(message),
        "Timestamp": "2026-01-01T00:00:00.000Z",
    }
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "x", "Sns": sns}]}


def test_nobody_but_cloudwatch_publishes_to_the_alarm_topic(laptop: Laptop, stack: Stack) -> None:
    """Not even a user whose own policy lets him publish wherever he likes."""
    iam, topic = laptop.client("iam"), stack.outputs["AlarmTopicArn"]
    iam.create_user(UserName="publisher")
    everything = {"Effect": "Allow", "Action": ["sns:*", "kms:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="publisher", PolicyName="everything", PolicyDocument=document)
    key = iam.create_access_key(UserName="publisher")["AccessKey"]
    publisher = boto3.client(
        "sns",
        endpoint_url=laptop.about["endpoint"],
        region_name=laptop.about["region"],
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    elsewhere = laptop.client("sns").create_topic(Name="open-to-its-users")["TopicArn"]
    assert publisher.publish(TopicArn=elsewhere, Message="{}")["MessageId"]

    with pytest.raises(ClientError) as denied:
        publisher.publish(TopicArn=topic, Message="{}")

    assert denied.value.response["Error"]["Code"] == "AuthorizationError"
    assert "explicit deny" in denied.value.response["Error"]["Message"]


def test_a_forged_message_changes_nothing_and_leaves_a_record(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("forged", size=3)["instance_ids"][0]
    answer = invoke(laptop, sns_event(stack, f"cordon/forged/{instance}/NetworkOut", instance))
    assert answer["error"] is None
    refusal(stack, instance, "alarm-not-found")
    assert Shown(laptop, instance).untouched() and Shown(laptop, instance).group() == "forged"
    invocation = [i for i in laptop.door("GET", "invocations") if instance in str(i["payload"])][-1]
    assert '"Refused":1' in invocation["log"].replace(" ", "").replace("1.0", "1")


def test_a_replay_after_the_alarm_is_over_changes_nothing(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("replay", size=3)["instance_ids"][0]
    name = stack.alarm("replay", instance)
    stack.surge(instance, 1.0)
    invoke(laptop, sns_event(stack, name, instance))
    refusal(stack, instance, "not-in-alarm")
    assert Shown(laptop, instance).untouched()


def test_a_message_through_another_topic_changes_nothing(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("topic", size=3)["instance_ids"][0]
    event = sns_event(stack, stack.alarm("topic", instance), instance)
    event["Records"][0]["Sns"]["TopicArn"] = stack.outputs["AlarmTopicArn"] + "-other"
    invoke(laptop, event)
    refusal(stack, instance, "foreign-topic")
    assert Shown(laptop, instance).untouched()


def test_an_alarm_of_another_account_changes_nothing(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("account", size=3)["instance_ids"][0]
    foreign = "arn:aws:cloudwatch:us-east-1:999999999999:alarm:x"
    invoke(laptop, sns_event(stack, "x", instance, AlarmArn=foreign, AWSAccountId="999999999999"))
    refusal(stack, instance, "alarm-elsewhere")
    assert Shown(laptop, instance).untouched()


def test_an_alarm_on_a_custom_metric_changes_nothing(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("custom", size=3)["instance_ids"][0]
    stack.alarm("custom", instance, Namespace="Mine")
    datum = {"MetricName": "NetworkOut", "Dimensions": [{"Name": "InstanceId", "Value": instance}], "Value": 9e9}
    laptop.client("cloudwatch").put_metric_data(Namespace="Mine", MetricData=[datum])
    refusal(stack, instance, "untrusted-metric")
    assert Shown(laptop, instance).untouched()


def test_nobody_can_put_data_into_ec2s_own_metrics(laptop: Laptop) -> None:
    with pytest.raises(ClientError):
        laptop.client("cloudwatch").put_metric_data(
            Namespace="AWS/EC2", MetricData=[{"MetricName": "NetworkOut", "Value": 9e9}]
        )


def test_a_group_that_has_not_opted_in_is_left_alone(laptop: Laptop, stack: Stack) -> None:
    fleet = laptop.fleet("not-opted-in", size=3, mode=None)
    instance = fleet["instance_ids"][0]
    laptop.client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "cordon:mode", "Value": "enforce"}])
    stack.alarm("not-opted-in", instance)
    stack.surge(instance)
    refusal(stack, instance, "not-opted-in")
    assert Shown(laptop, instance).untouched()


def test_a_protected_group_is_left_alone_and_somebody_is_paged(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("protected", size=3, tags={"cordon:protected": "true"})["instance_ids"][0]
    since = len(laptop.calls())
    stack.alarm("protected", instance)
    stack.surge(instance)
    refusal(stack, instance, "protected")
    assert Shown(laptop, instance).untouched()
    notices = lambda: [c for c in laptop.calls(since) if c["action"] == "Publish" and "cordon-contain" in (c["function"] or "")]
    wait_for("the page", notices)


def test_an_instance_that_tags_itself_protected_is_contained(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("self-protected", size=3)["instance_ids"][0]
    tags = [{"Key": "cordon:protected", "Value": "true"}, {"Key": "cordon:mode", "Value": "observe"}]
    laptop.client("ec2").create_tags(Resources=[instance], Tags=tags)
    stack.alarm("self-protected", instance)
    stack.surge(instance)
    stack.incident_in(instance, "Contained")


def test_a_frozen_deployment_contains_nobody(laptop: Laptop) -> None:
    frozen = Stack.deploy(laptop, "frozen", **UNLIMITED)
    item = {"pk": "freeze", "sk": "freeze", "by": "ana", "reason": "a sale"}
    laptop.client("dynamodb").put_item(
        TableName=frozen.outputs["JournalTableName"], Item={name: {"S": value} for name, value in item.items()}
    )
    instance = laptop.fleet("frozen", size=3)["instance_ids"][0]
    frozen.alarm("frozen", instance)
    frozen.surge(instance)
    refusal(frozen, instance, "freeze")
    assert Shown(laptop, instance).untouched()


def test_observe_plans_and_touches_nothing(laptop: Laptop) -> None:
    observing = Stack.deploy(laptop, "observing")
    instance = laptop.fleet("observed", size=6)["instance_ids"][0]
    since = len(laptop.calls())
    observing.alarm("observed", instance)
    observing.surge(instance)
    incident = observing.incident_in(instance, "Observed")
    assert "QuarantineNetwork" in incident["plan"]["steps"]
    assert Shown(laptop, instance).untouched() and Shown(laptop, instance).group() == "observed"
    by_functions = [c for c in laptop.calls(since) if (c["function"] or "").startswith("observing-")]
    touching = [c["action"] for c in by_functions if c["service"] in ("ec2", "autoscaling", "elasticloadbalancing", "iam")]
    assert all(action.startswith("Describe") for action in touching), touching


def test_a_drill_needs_permission_of_the_deployment_and_the_group(laptop: Laptop, stack: Stack) -> None:
    permitted = laptop.fleet("drilled", size=3, tags={"cordon:drills": "allowed"})["instance_ids"][0]
    forbidden = laptop.fleet("undrilled", size=3)["instance_ids"][0]
    for group, instance in (("drilled", permitted), ("undrilled", forbidden)):
        name = stack.alarm(group, instance)
        laptop.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    assert stack.incident_in(permitted, "Contained")["drill"] is True
    refusal(stack, forbidden, "drill-not-allowed")
    assert Shown(laptop, forbidden).untouched()


def test_a_fleet_that_alarms_together_is_left_alone(laptop: Laptop, stack: Stack) -> None:
    fleet = laptop.fleet("alarmed", size=6)
    for instance in fleet["instance_ids"][1:]:
        # Their traffic is as ever; that they all alarm is enough.
        stack.alarm("alarmed", instance, Threshold=1.0, ActionsEnabled=False)
        stack.surge(instance, value=CALM)
    first = fleet["instance_ids"][0]
    stack.alarm("alarmed", first)
    stack.surge(first)
    refusal(stack, first, "fleet-event")
    assert all(Shown(laptop, instance).untouched() for instance in fleet["instance_ids"])


def test_ok_and_insufficient_data_do_nothing(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("calm", size=3)["instance_ids"][0]
    for state in ("OK", "INSUFFICIENT_DATA"):
        event = sns_event(stack, f"cordon/calm/{instance}/NetworkOut", instance, NewStateValue=state)
        answer = invoke(laptop, event)
        assert answer["payload"]["outcomes"] == [{"outcome": "noted", "to": state}]
    assert stack.incidents(instance) == [] and Shown(laptop, instance).untouched()


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "event"),
        ({"Records": "x"}, "Records"),
        ({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": 7}}]}, "Sns"),
        ({"a": "\x1b[31m\n../" * 9}, "event"),
    ],
)
def test_a_malformed_event_fails_with_a_typed_error_and_ends_in_the_dead_letter_queue(
    laptop: Laptop, stack: Stack, event: dict, field: str
) -> None:
    answer = invoke(laptop, event)
    assert answer["error"] is not None
    assert "failed to read the signal" in answer["payload"]["errorMessage"]
    assert "\x1b" not in json.dumps(answer["payload"], ensure_ascii=False)
    laptop.client("lambda").invoke(
        FunctionName="cordon-contain-instance", InvocationType="Event", Payload=json.dumps(event).encode()
    )
    queue = stack.outputs["InvocationFailureQueueUrl"]

    def kept() -> bool:
        messages = laptop.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return any(json.loads(message["Body"])["requestPayload"] == event for message in messages)

    wait_for("the event in the dead-letter queue", kept)


def test_a_delivery_that_sns_repeats_with_another_message_id_is_one_record(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("repeated", size=3)["instance_ids"][0]
    event = sns_event(stack, f"cordon/repeated/{instance}/NetworkOut", instance)
    for number in range(3):
        event["Records"][0]["Sns"]["MessageId"] = f"message-{number}"
        invoke(laptop, event)
    assert len(stack.incidents(instance)) == 1
    assert delivered(laptop, instance)
