"""What the journal's table says, read with boto3: the incidents and their events."""

from __future__ import annotations

import json
from typing import Any

from .root_clients import RootClients


def incidents(clients: RootClients, table: str) -> list[dict[str, Any]]:
    """The document of every incident."""
    heads = (item for item in _items(clients, table) if item["sk"] == "head" and item["pk"].startswith("incident#"))
    return [json.loads(item["document"]) for item in heads]


def incident_of(clients: RootClients, table: str, instance: str) -> dict[str, Any] | None:
    """The incident that did something about the instance; of several the last, a refusal only if there is no other."""
    found = [each for each in incidents(clients, table) if each["instance"] == instance]
    found.sort(key=lambda each: (state_name(each) != "Refused", each["opened_at"]))
    return found[-1] if found else None


def state_name(incident: dict[str, Any]) -> str:
    """The state as documents write it: `release-partial` is ReleasePartial."""
    return "".join(part[:1].upper() + part[1:] for part in incident["state"]["name"].split("-"))


def events(clients: RootClients, table: str, incident: str) -> list[dict[str, Any]]:
    pages = clients.client("dynamodb").get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues={":pk": {"S": f"incident#{incident}"}, ":event": {"S": "event#"}},
        ConsistentRead=True,
    )
    return [json.loads(item["document"]["S"]) for page in pages for item in page["Items"]]


def _items(clients: RootClients, table: str) -> list[dict[str, Any]]:
    pages = clients.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [{name: next(iter(value.values())) for name, value in item.items()} for page in pages for item in page["Items"]]
