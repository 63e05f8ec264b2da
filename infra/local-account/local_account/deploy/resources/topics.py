"""AWS::SNS::Topic, its policy and its subscriptions."""

from __future__ import annotations

import json

from local_account.deploy.creation import Created, Creation, Maker


def topic(creation: Creation) -> Created:
    properties = creation.properties
    name = properties.take("TopicName") or creation.generated_name(256)
    given = {attribute: properties.take(attribute) for attribute in ("DisplayName", "KmsMasterKeyId")}
    arn = creation.clients["sns"].create_topic(
        Name=name,
        Attributes={attribute: value for attribute, value in given.items() if value is not None},
        Tags=properties.take("Tags", []),
    )["TopicArn"]
    return Created(arn, {"TopicArn": arn, "TopicName": name})


def topic_policy(creation: Creation) -> Created:
    document = json.dumps(creation.properties.require("PolicyDocument"))
    for arn in creation.properties.require("Topics"):
        creation.clients["sns"].set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)
    return Created(creation.generated_name())


def subscription(creation: Creation) -> Created:
    properties = creation.properties
    attributes = {}
    redrive = properties.take("RedrivePolicy")
    if redrive is not None:
        attributes["RedrivePolicy"] = json.dumps(redrive)
    arn = creation.clients["sns"].subscribe(
        TopicArn=properties.require("TopicArn"),
        Protocol=properties.require("Protocol"),
        Endpoint=properties.require("Endpoint"),
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Created(arn, {"Arn": arn})


MAKERS: dict[str, Maker] = {
    "AWS::SNS::Subscription": subscription,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::TopicPolicy": topic_policy,
}
