"""SNS as far as an alarm's way to a function goes: topic policies for services, delivery to Lambda, dead letters.

Source: "Fanout to Lambda functions", "Amazon SNS dead-letter queues" and "Example cases for Amazon SNS access control"
in the Amazon SNS developer guide. SNS hands a message to Lambda's asynchronous invocation; what the function then does
with it is Lambda's to retry. A refusal by Lambda is a client-side error, which SNS doesn't retry.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from typing import Any

from moto.sns.models import Subscription, sns_backends

from .account import Account
from .kms_keys import service_may_use
from .lambda_delivery import NotPermitted, invoke_as_service
from .patching import overlay
from .queue_delivery import send_to_queue
from .resource_policy import allows_service

_SERVICE = "sns.amazonaws.com"
_log = logging.getLogger(__name__)


class PublishRefused(Exception):
    """The topic doesn't exist, or its policy or its key's doesn't let the service publish."""


def publish_as_service(
    account: Account, service: str, topic_arn: str, subject: str, message: str, source_arn: str | None = None
) -> str:
    """Publishes as an AWS service such as `cloudwatch.amazonaws.com` for the resource `source_arn`, and returns the
    message id. Raises PublishRefused where the topic's policy doesn't allow it."""
    backend = sns_backends[account.account_id][account.region]
    topic = backend.topics.get(topic_arn)
    if topic is None:
        raise PublishRefused(f"there is no topic {topic_arn}")
    context = {"aws:SourceAccount": account.account_id, "aws:SourceOwner": account.account_id}
    if source_arn:
        context["aws:SourceArn"] = source_arn
    if not allows_service(topic.policy, service, "sns:Publish", topic_arn, context):
        raise PublishRefused(f"{service} is not authorized to perform: SNS:Publish on resource: {topic_arn}")
    key = topic.kms_master_key_id
    if key and not service_may_use(account, key, service, context):
        raise PublishRefused(f"{service} may not use {key}, the key of {topic_arn}")
    # SNS takes subjects of up to 100 characters; services cut theirs.
    return backend.publish(message, arn=topic_arn, subject=subject[:99])


def install(account: Account) -> None:
    @overlay(Subscription)
    def publish(
        moto: Any,
        self: Any,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if self.protocol != "lambda":
            moto(self, message, message_id, subject, message_attributes, **options)
            return
        if self._filter_policy_matcher and not self._filter_policy_matcher.matches(message_attributes, message):
            return
        if options.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        notification = _notification(account, self, message, message_id, subject, message_attributes)
        try:
            invoke_as_service(account, _SERVICE, self.topic.arn, self.endpoint, _event(self, notification))
        except NotPermitted as refusal:
            _log.warning("subscription %s: %s", self.arn, refusal)
            _send_dead_letter(account, self, notification, str(refusal))


def _notification(
    account: Account,
    subscription: Any,
    message: str,
    message_id: str,
    subject: str | None,
    attributes: dict[str, Any] | None,
) -> dict[str, Any]:
    """The `Sns` member of a record in the event a function gets. Nothing signs it: the signature isn't one."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic.arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": now,
        "SignatureVersion": "1",
        "Signature": "bm90IHNpZ25lZA==",
        "SigningCertUrl": f"https://sns.{account.region}.amazonaws.com/SimpleNotificationService-local.pem",
        "UnsubscribeUrl": f"{account.endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
        "MessageAttributes": {
            name: {"Type": value["Type"], "Value": value["Value"]} for name, value in (attributes or {}).items()
        },
    }


def _event(subscription: Any, notification: dict[str, Any]) -> dict[str, Any]:
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": notification,
    }
    return {"Records": [record]}


def _send_dead_letter(account: Account, subscription: Any, notification: dict[str, Any], reason: str) -> None:
    redrive = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
    if queue_arn := redrive.get("deadLetterTargetArn"):
        send_to_queue(account, _SERVICE, subscription.topic.arn, queue_arn, json.dumps(notification), reason)
