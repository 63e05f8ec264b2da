"""The ways from an alarm to contain-instance beside the topic: its own action, a composite, EventBridge."""

from __future__ import annotations

from typing import Any

from .conftest import UNLIMITED
from .laptop import Laptop, Shown, Stack, wait_for


def events_for(laptop: Laptop, function: str, instance: str) -> list[dict[str, Any]]:
    """What `function` was invoked with because of the instance."""
    invocations = laptop.door("GET", "invocations")
    return [i["payload"] for i in invocations if i["function"] == function and instance in str(i["payload"])]


def test_an_alarm_whose_action_is_the_function_itself_contains(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("direct", size=3)["instance_ids"][0]
    stack.alarm("direct", instance, AlarmActions=[stack.outputs["ContainInstanceFunctionArn"]])
    stack.surge(instance)

    incident = stack.incident_in(instance, "Contained")

    assert Shown(laptop, instance).is_isolated()
    (event,) = events_for(laptop, "cordon-contain-instance", instance)
    assert event["source"] == "aws.cloudwatch" and "detail-type" not in event
    assert stack.events(incident["id"])[0]["received"]["via"] == "alarm's Lambda action"


def test_a_composite_contains_the_instance_of_the_child_that_its_rule_names(laptop: Laptop, stack: Stack) -> None:
    instance, bystander = laptop.fleet("composite", size=4)["instance_ids"][:2]
    child = stack.alarm("composite", instance, AlarmActions=[])
    other = stack.alarm("composite", bystander, AlarmActions=[])
    laptop.client("cloudwatch").put_composite_alarm(
        AlarmName="traffic and nothing planned",
        AlarmRule=f'ALARM("{child}") AND NOT ALARM("{other}")',
        AlarmActions=[stack.outputs["AlarmTopicArn"]],
    )
    stack.surge(instance)

    incident = stack.incident_in(instance, "Contained")

    assert Shown(laptop, instance).is_isolated()
    assert incident["alarm"].endswith(":alarm:traffic and nothing planned")
    assert Shown(laptop, bystander).untouched() and stack.incidents(bystander) == []


def test_an_alarm_by_topic_and_by_eventbridge_is_one_containment(laptop: Laptop) -> None:
    both = Stack.deploy(laptop, "both-ways", AlarmStateChangeEvents="true", **UNLIMITED)
    instance = laptop.fleet("two-ways", size=3)["instance_ids"][0]
    both.alarm("two-ways", instance)
    both.surge(instance)

    both.incident_in(instance, "Contained")

    wait_for("both deliveries", lambda: len(events_for(laptop, "both-ways-contain-instance", instance)) == 2)
    ways = {"Records" if "Records" in e else e["detail-type"] for e in events_for(laptop, "both-ways-contain-instance", instance)}
    assert ways == {"Records", "CloudWatch Alarm State Change"}
    assert Shown(laptop, instance).is_isolated() and len(both.incidents(instance)) == 1


def test_eventbridge_contains_when_the_topic_delivers_nothing(laptop: Laptop) -> None:
    deaf = Stack.deploy(laptop, "deaf-topic", AlarmStateChangeEvents="true", **UNLIMITED)
    subscription = deaf.resources["AlarmTopicSubscription"]["physical_id"]
    laptop.client("sns").unsubscribe(SubscriptionArn=subscription)
    instance = laptop.fleet("one-way", size=3)["instance_ids"][0]
    deaf.alarm("one-way", instance)
    deaf.surge(instance)

    incident = deaf.incident_in(instance, "Contained")

    assert Shown(laptop, instance).is_isolated()
    assert deaf.events(incident["id"])[0]["received"]["via"].startswith("EventBridge ")


def test_eventbridge_alone_does_not_contain(laptop: Laptop) -> None:
    """The bus carries every alarm of the account; only one whose own action leads here was meant to contain."""
    listening = Stack.deploy(laptop, "listening", AlarmStateChangeEvents="true", **UNLIMITED)
    instance = laptop.fleet("overheard", size=3)["instance_ids"][0]
    listening.alarm("overheard", instance, AlarmActions=[])
    listening.surge(instance)

    incident = listening.incident_in(instance, "Refused")

    assert incident["state"]["reason"]["code"] == "not-routed-here"
    assert Shown(laptop, instance).untouched()


def test_one_series_of_an_alarm_over_many_contains_its_own_instance(laptop: Laptop, stack: Stack) -> None:
    calm, unusual = laptop.fleet("series", size=4)["instance_ids"][:2]
    # A metric that no other test sends: the query covers every instance of the account.
    query = 'SELECT MAX(NetworkPacketsOut) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId'
    laptop.client("cloudwatch").put_metric_alarm(
        AlarmName="packets of the whole fleet",
        EvaluationPeriods=1,
        Threshold=1e6,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[stack.outputs["AlarmTopicArn"]],
        Metrics=[{"Id": "q1", "Expression": query, "Period": 60, "ReturnData": True}],
    )
    # No alarm watches the bytes; they bear out what the packets' alarm says.
    stack.surge(unusual)
    for instance, packets in ((calm, 10.0), (unusual, 9e8)):
        body = {"namespace": "AWS/EC2", "metric": "NetworkPacketsOut", "dimensions": {"InstanceId": instance}}
        laptop.door("POST", "metrics", {**body, "points": [{"value": packets}]})

    stack.incident_in(unusual, "Contained")

    assert Shown(laptop, unusual).is_isolated()
    assert Shown(laptop, calm).untouched() and stack.incidents(calm) == []
