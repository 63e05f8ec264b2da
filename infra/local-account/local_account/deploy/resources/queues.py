"""AWS::SQS::Queue and AWS::SQS::QueuePolicy."""

from __future__ import annotations

import json

from local_account.deploy.creation import Created, Creation, Maker
from local_account.deploy.parameters import as_text

ATTRIBUTES = ("KmsMasterKeyId", "MessageRetentionPeriod", "VisibilityTimeout")


def queue(creation: Creation) -> Created:
    sqs, properties = creation.clients["sqs"], creation.properties
    name = properties.take("QueueName") or creation.generated_name(80)
    given = {attribute: properties.take(attribute) for attribute in ATTRIBUTES}
    url = sqs.create_queue(
        QueueName=name,
        Attributes={attribute: as_text(value) for attribute, value in given.items() if value is not None},
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Created(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def queue_policy(creation: Creation) -> Created:
    document = json.dumps(creation.properties.require("PolicyDocument"))
    for url in creation.properties.require("Queues"):
        creation.clients["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    return Created(creation.generated_name())


MAKERS: dict[str, Maker] = {"AWS::SQS::Queue": queue, "AWS::SQS::QueuePolicy": queue_policy}
