"""DynamoDB calls one after the other, and transactions that undo only the items they wrote.

Source: TransactWriteItems in the DynamoDB API reference. moto copies whole tables before a transaction and puts the
copies back when it fails, so that a write acknowledged in between is lost.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    DynamodbException,
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler

from .account import Account
from .patching import overlay
from .serialisation import TABLES, serialise

# (code, message, the item when ReturnValuesOnConditionCheckFailure asks for it); all None for an item that passed.
Reason = tuple[str | None, str | None, dict[str, Any] | None]
PASSED: Reason = (None, None, None)


def install(account: Account) -> None:
    serialise(DynamoHandler, TABLES)

    @overlay(DynamoDBBackend)
    def transact_write_items(moto: Any, self: Any, transact_items: list[dict[str, Any]]) -> None:
        with TABLES:
            _transact(self, transact_items)

    @overlay(DynamoHandler, "transact_write_items")
    def answer_a_repeated_token(moto: Any, self: Any) -> Any:
        token = self.body.get("ClientRequestToken")
        answered = self.dynamodb_backend.__dict__.setdefault("answered_tokens", {})
        if token in answered:
            if answered[token] != self.body["TransactItems"]:
                raise IdempotentParameterMismatch()
            return ActionResult({})
        request = copy.deepcopy(self.body["TransactItems"])
        answer = moto(self)
        if token:
            answered[token] = request
        return answer


class IdempotentParameterMismatch(DynamodbException):
    def __init__(self) -> None:
        super().__init__(
            "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
            "The request uses the same client token as a previous, but non-identical request.",
        )


def _transact(backend: Any, transact_items: list[dict[str, Any]]) -> None:
    if len(transact_items) > 100:
        raise TooManyTransactionsException()
    writes = [_Write(backend, item) for item in transact_items]
    if len({write.identity for write in writes}) < len(writes):
        raise MultipleTransactionsException()
    # No item occurs twice, so every condition can be judged before the first write.
    reasons = [write.judge() for write in writes]
    if any(reason is not PASSED for reason in reasons):
        raise TransactionCanceledException(reasons)
    done: list[_Write] = []
    for position, write in enumerate(writes):
        try:
            done.append(write)
            write.apply()
        except Exception as error:
            for written in reversed(done):
                written.undo()
            if isinstance(error, MockValidationException):
                raise
            reasons[position] = (type(error).__name__, str(error), None)
            raise TransactionCanceledException(reasons) from error


class _Write:
    """One element of TransactItems, with the item as it was before."""

    def __init__(self, backend: Any, element: dict[str, Any]):
        if len(element) != 1:
            raise TransactWriteSingleOpException()
        self.backend = backend
        self.kind, self.request = next(iter(element.items()))
        self.table = backend.get_table(self.request["TableName"])
        source = self.request["Item"] if self.kind == "Put" else self.request["Key"]
        keys = [name for name in (self.table.hash_key_attr, self.table.range_key_attr) if name]
        self.key = {name: source[name] for name in keys}
        self.before = copy.deepcopy(backend.get_item(self.table.name, self.key))

    @property
    def identity(self) -> tuple[str, str]:
        return self.table.name, str(sorted(self.key.items()))

    def judge(self) -> Reason:
        condition = self.request.get("ConditionExpression")
        if condition is None:
            return PASSED
        judged = get_filter_expression(
            condition, self.request.get("ExpressionAttributeNames"), self.request.get("ExpressionAttributeValues")
        )
        if judged.expr(self.before):
            return PASSED
        wanted = self.request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        item = self.before.to_json()["Attributes"] if wanted and self.before else None
        return "ConditionalCheckFailed", ConditionalCheckFailed().message, item

    def apply(self) -> None:
        name, request = self.table.name, self.request
        if self.kind == "Put":
            self.backend.put_item(name, request["Item"])
        elif self.kind == "Delete":
            self.backend.delete_item(name, self.key)
        elif self.kind == "Update":
            self.backend.update_item(
                name,
                self.key,
                update_expression=request["UpdateExpression"],
                expression_attribute_names=request.get("ExpressionAttributeNames"),
                expression_attribute_values=request.get("ExpressionAttributeValues"),
            )

    def undo(self) -> None:
        if self.kind == "ConditionCheck":
            return
        if self.before is not None:
            self.table.put_item(self.before.to_json()["Attributes"])
            return
        hash_key = DynamoType(self.key[self.table.hash_key_attr])
        range_name = self.table.range_key_attr
        self.table.delete_item(hash_key, DynamoType(self.key[range_name]) if range_name else None)
