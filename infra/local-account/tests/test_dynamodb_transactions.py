"""Transactions keep every acknowledged write, undo only their own, and say why they were cancelled."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from local_account.patching import pristine

MISSING = "attribute_not_exists(pk)"


def key(pk: str, sk: str = "head") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(pk: str, value: str = "new", **extra: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "journal", "Item": {**key(pk), "value": {"S": value}}, **extra}}


@pytest.fixture
def table(cloud: Cloud) -> Any:
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="journal",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def value_of(table: Any, pk: str) -> str | None:
    item = table.get_item(TableName="journal", Key=key(pk)).get("Item")
    return item["value"]["S"] if item else None


def test_a_cancelled_transaction_names_the_reason_of_each_item_in_order(table: Any) -> None:
    table.put_item(TableName="journal", Item={**key("held"), "value": {"S": "old"}})
    with pytest.raises(ClientError) as cancelled:
        table.transact_write_items(
            TransactItems=[
                put("fresh"),
                put("held", ConditionExpression=MISSING, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
                {"ConditionCheck": {"TableName": "journal", "Key": key("freeze"), "ConditionExpression": MISSING}},
                {
                    "Update": {
                        "TableName": "journal",
                        "Key": key("breaker"),
                        "UpdateExpression": "SET version = :next",
                        "ConditionExpression": "version = :seen",
                        "ExpressionAttributeValues": {":next": {"N": "2"}, ":seen": {"N": "1"}},
                    }
                },
            ]
        )
    assert cancelled.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons = cancelled.value.response["CancellationReasons"]
    failed = "ConditionalCheckFailed"
    assert [reason["Code"] for reason in reasons] == ["None", failed, "None", failed]
    assert reasons[1]["Item"]["value"] == {"S": "old"}
    assert (value_of(table, "fresh"), value_of(table, "held")) == (None, "old")


def test_all_kinds_of_writes_are_applied_together(table: Any) -> None:
    for pk in ("update", "delete"):
        table.put_item(TableName="journal", Item={**key(pk), "value": {"S": "old"}})
    table.transact_write_items(
        TransactItems=[
            put("put"),
            {"Delete": {"TableName": "journal", "Key": key("delete")}},
            {
                "Update": {
                    "TableName": "journal",
                    "Key": key("update"),
                    "UpdateExpression": "SET #v = :v",
                    "ExpressionAttributeNames": {"#v": "value"},
                    "ExpressionAttributeValues": {":v": {"S": "new"}},
                }
            },
        ]
    )
    assert [value_of(table, pk) for pk in ("put", "delete", "update")] == ["new", None, "new"]


def test_a_write_that_fails_midway_undoes_the_ones_before_it(table: Any) -> None:
    table.put_item(TableName="journal", Item={**key("first"), "value": {"S": "old"}})
    with pytest.raises(ClientError):
        table.transact_write_items(
            TransactItems=[
                put("first"),
                put("second"),
                {
                    "Update": {
                        "TableName": "journal",
                        "Key": key("third"),
                        "UpdateExpression": "SET total = missing + :one",
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                    }
                },
            ]
        )
    assert [value_of(table, pk) for pk in ("first", "second", "third")] == ["old", None, None]


def test_the_same_item_twice_is_refused(table: Any) -> None:
    with pytest.raises(ClientError, match="multiple operations on one item"):
        table.transact_write_items(TransactItems=[put("one"), put("one")])


def test_a_repeated_token_is_answered_without_writing_again(table: Any) -> None:
    request = {"TransactItems": [put("one", ConditionExpression=MISSING)], "ClientRequestToken": "token-1"}
    table.transact_write_items(**request)
    table.transact_write_items(**request)
    with pytest.raises(ClientError) as refused:
        table.transact_write_items(TransactItems=[put("other")], ClientRequestToken="token-1")
    assert refused.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"


def write_while_transactions_fail(table: Any, writers: int = 4, writes: int = 30) -> tuple[int, set[str]]:
    """How many acknowledged writes are missing afterwards, and how the transactions beside them ended."""
    for number in range(300):
        table.put_item(TableName="journal", Item={**key(f"ballast-{number}"), "value": {"S": "x" * 50}})
    table.put_item(TableName="journal", Item={**key("held"), "value": {"S": "old"}})
    acknowledged: list[str] = []
    endings: set[str] = set()
    done = threading.Event()

    def write(writer: int) -> None:
        for number in range(writes):
            name = f"kept-{writer}-{number}"
            table.put_item(TableName="journal", Item={**key(name), "value": {"S": "kept"}})
            acknowledged.append(name)

    def disturb() -> None:
        while not done.is_set():
            try:
                table.transact_write_items(TransactItems=[put("fresh"), put("held", ConditionExpression=MISSING)])
            except Exception as error:
                endings.add(type(error).__name__)

    disturbers = [threading.Thread(target=disturb) for _ in range(3)]
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in [*disturbers, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in disturbers:
        thread.join()
    assert len(acknowledged) == writers * writes
    return sum(value_of(table, name) is None for name in acknowledged), endings


def test_no_acknowledged_write_is_lost(table: Any) -> None:
    lost, endings = write_while_transactions_fail(table)
    assert lost == 0
    assert endings == {"TransactionCanceledException"}


def test_moto_alone_puts_back_a_copy_of_the_whole_table(table: Any) -> None:
    """What the overlay is for: without it, the table object itself is swapped for a copy made earlier."""
    table.put_item(TableName="journal", Item={**key("held"), "value": {"S": "old"}})
    backend = dynamodb_backends["123456789012"]["us-east-1"]
    failing = [put("fresh"), put("held", ConditionExpression=MISSING)]
    before = backend.tables["journal"]
    with pytest.raises(Exception, match="cancelled"):
        DynamoDBBackend.transact_write_items(backend, failing)
    assert backend.tables["journal"] is before
    with pytest.raises(Exception, match="cancelled"):
        pristine(DynamoDBBackend, "transact_write_items")(backend, failing)
    assert backend.tables["journal"] is not before
