"""Subscriptions by e-mail: pending until the link in the mail is followed, which here the door does.

Source: Subscribe, ListSubscriptionsByTopic and GetTopicAttributes in the Amazon SNS API reference; "Email
notifications" in its developer guide. moto takes every subscription for confirmed.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.sns.models import SNSBackend, sns_backends
from moto.sns.responses import SNSResponse

from .account import Account
from .patching import overlay

_CONFIRMED_BY_MAIL = ("email", "email-json")


def install(account: Account) -> None:
    _subscribe_by_mail()
    _show_what_is_pending()
    _add_door(account)


def is_pending(subscription: Any) -> bool:
    return bool(subscription.attributes.get("PendingConfirmation"))


def _subscribe_by_mail() -> None:
    @overlay(SNSBackend)
    def subscribe(moto: Any, self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        known = set(self.subscriptions)
        subscription = moto(self, topic_arn, endpoint, protocol)
        if protocol in _CONFIRMED_BY_MAIL and subscription.arn not in known:
            subscription.attributes.update(PendingConfirmation=True, ConfirmationWasAuthenticated=False)
        return subscription

    @overlay(SNSResponse, "subscribe")
    def answer(moto: Any, self: Any) -> Any:
        answered = moto(self)
        made = self.backend.subscriptions[answered.result["SubscriptionArn"]]
        if is_pending(made) and not self._get_bool_param("ReturnSubscriptionArn", False):
            answered.result["SubscriptionArn"] = "pending confirmation"
        return answered


def _show_what_is_pending() -> None:
    for name in ("list_subscriptions", "list_subscriptions_by_topic"):

        @overlay(SNSBackend, name)
        def listed(moto: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
            found, token = moto(self, *args, **kwargs)
            return [_without_arn(each) if is_pending(each) else each for each in found], token

    @overlay(SNSResponse)
    def get_topic_attributes(moto: Any, self: Any) -> Any:
        answered = moto(self)
        arn = self._get_param("TopicArn")
        own = [each for each in list(self.backend.subscriptions.values()) if each.topic.arn == arn]
        pending = sum(map(is_pending, own))
        answered.result["Attributes"].update(
            SubscriptionsPending=pending, SubscriptionsConfirmed=len(own) - pending
        )
        return answered


def _without_arn(subscription: Any) -> Any:
    shown = copy.copy(subscription)
    shown.arn = "PendingConfirmation"
    return shown


def _add_door(account: Account) -> None:
    @account.route("POST", "subscriptions/confirm")
    def confirm(body: dict[str, Any]) -> dict[str, str]:
        """{topic_arn, endpoint} → {subscription_arn}: what the owner of the mailbox does."""
        subscriptions = sns_backends[account.account_id][account.region].subscriptions
        for arn, each in subscriptions.items():
            if (each.topic.arn, each.endpoint) == (body["topic_arn"], body["endpoint"]):
                each.attributes.update(PendingConfirmation=False, ConfirmationWasAuthenticated=False)
                return {"subscription_arn": arn}
        raise ValueError(f"{body['endpoint']} is not subscribed to {body['topic_arn']}")
