"""DynamoDB requests: a transaction or a batch needs the permission of each thing it does to each table.

Source: "Actions, resources, and condition keys for Amazon DynamoDB" in the Service Authorization Reference, "Using IAM
with DynamoDB transactions" and "Using IAM policy conditions for fine-grained access control" in the developer guide.
"""

from __future__ import annotations

import re
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from .account import Account
from .authorization import Authorization
from .aws_request import AwsRequest
from .kms_keys import uses

_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
_ITEM_ACTIONS = {
    *_TRANSACTED.values(),
    *("GetItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"),
}
_WRITTEN = {"PutRequest": "Item", "DeleteRequest": "Key"}


def authorizations(account: Account, request: AwsRequest) -> list[Authorization]:
    needed = _on_tables(account, request)
    if request.action not in _ITEM_ACTIONS:
        return needed
    names = {authorization.resource.split(":table/")[1].split("/")[0] for authorization in needed}
    return needed + [
        use for name in sorted(names) for use in uses(account, "dynamodb", _key_of(account, name), "Decrypt")
    ]


def _on_tables(account: Account, request: AwsRequest) -> list[Authorization]:
    params = request.params
    if request.action == "TransactWriteItems":
        steps = [(kind, step) for item in params["TransactItems"] for kind, step in item.items() if step]
        return _merged(_on_table(account, _TRANSACTED[kind], step["TableName"], [step]) for kind, step in steps)
    if request.action == "TransactGetItems":
        return _merged(
            _on_table(account, "GetItem", g["Get"]["TableName"], [g["Get"]]) for g in params["TransactItems"]
        )
    if request.action == "BatchGetItem":
        tables = params["RequestItems"].items()
        return [_on_table(account, "BatchGetItem", t, [{"Key": key} for key in r["Keys"]]) for t, r in tables]
    if request.action == "BatchWriteItem":
        return [
            _on_table(account, "BatchWriteItem", table, [_write(r) for r in requests])
            for table, requests in params["RequestItems"].items()
        ]
    if "TableName" not in params:
        return [Authorization(f"dynamodb:{request.action}", "*")]
    return [_on_table(account, request.action, params["TableName"], [params], params.get("IndexName"))]


def _on_table(
    account: Account, action: str, table: str, requests: list[dict[str, Any]], index: str | None = None
) -> Authorization:
    name = table.rsplit("/", 1)[-1]
    arn = f"arn:aws:dynamodb:{account.region}:{account.account_id}:table/{name}"
    hash_key = _hash_key(account, name, index)
    keys = [key for r in requests if (key := _leading_key(r, hash_key)) is not None] if hash_key else []
    context = {"dynamodb:LeadingKeys": list(dict.fromkeys(keys))} if keys else {}
    return Authorization(f"dynamodb:{action}", f"{arn}/index/{index}" if index else arn, context)


def _merged(authorizations: Any) -> list[Authorization]:
    """One for each action and table, with all their leading keys."""
    merged: dict[tuple[str, str], list[str]] = {}
    for needed in authorizations:
        keys = merged.setdefault((needed.action, needed.resource), [])
        keys += [key for key in needed.context.get("dynamodb:LeadingKeys", []) if key not in keys]
    return [
        Authorization(action, resource, {"dynamodb:LeadingKeys": keys} if keys else {})
        for (action, resource), keys in merged.items()
    ]


def _write(request: dict[str, Any]) -> dict[str, Any]:
    return {part: request[kind][part] for kind, part in _WRITTEN.items() if request.get(kind)}


def _key_of(account: Account, name: str) -> str | None:
    """The key that encrypts a table, where the table was made with one."""
    table = dynamodb_backends[account.account_id][account.region].tables.get(name)
    specification = (table.sse_specification if table else None) or {}
    return specification.get("KMSMasterKeyId") if specification.get("Enabled") else None


def _hash_key(account: Account, name: str, index: str | None) -> str | None:
    table = dynamodb_backends[account.account_id][account.region].tables.get(name)
    if table is None:
        return None
    if index is None:
        return table.hash_key_attr
    schema = next((i.schema for i in [*table.global_indexes, *table.indexes] if i.name == index), [])
    return next((key["AttributeName"] for key in schema if key["KeyType"] == "HASH"), None)


def _leading_key(request: dict[str, Any], hash_key: str) -> str | None:
    """The value of the partition key in a Key, an Item or a KeyConditionExpression."""
    for part in ("Key", "Item"):
        if hash_key in request.get(part, {}):
            return str(next(iter(request[part][hash_key].values())))
    expression = request.get("KeyConditionExpression", "")
    names = request.get("ExpressionAttributeNames", {})
    for name, value in re.findall(r"([#\w.]+)\s*=\s*(:\w+)", expression):
        if names.get(name, name) == hash_key:
            return str(next(iter(request["ExpressionAttributeValues"][value].values())))
    return None
