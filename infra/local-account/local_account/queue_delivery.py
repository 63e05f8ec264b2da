"""Messages that AWS services put into a queue, which its policy must let them do.

Source: "Amazon SQS dead-letter queues" for SNS subscriptions and EventBridge targets, in those services' guides.
"""

from __future__ import annotations

import logging

from moto.sqs.models import sqs_backends

from .account import Account
from .resource_policy import allows_service

_log = logging.getLogger(__name__)


def send_to_queue(account: Account, service: str, source_arn: str, queue_arn: str, body: str, reason: str) -> None:
    """Sends `body` as `service` for the resource `source_arn`, with `reason` as its ErrorMessage attribute. What the
    queue's policy refuses is lost, with a warning, as it is in AWS."""
    backend = sqs_backends[account.account_id][account.region]
    queue = backend.queues.get(queue_arn.rsplit(":", 1)[-1])
    if queue is None:
        _log.warning("%s: there is no queue %s, the message is lost", source_arn, queue_arn)
        return
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": account.account_id}
    if not allows_service(queue.policy or {"Statement": []}, service, "sqs:SendMessage", queue_arn, context):
        _log.warning("%s may not send to %s for %s, the message is lost", service, queue_arn, source_arn)
        return
    attributes = {"ErrorMessage": {"DataType": "String", "StringValue": reason[:1024]}}
    backend.send_message(queue.name, body, message_attributes=attributes)
