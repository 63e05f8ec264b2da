"""What the journal's table says, read with boto3: the incidents.

    python -m local_account.readback_journal --endpoint URL --table TABLE

Prints {at_ms, states: {instance: state}} each time a state changes, until it is ended or the account is gone.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from .root_clients import RootClients


_LOOK_EVERY_SECONDS = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--table", required=True)
    options = parser.parse_args()
    clients = RootClients(options.endpoint)
    shown: dict[str, str] = {}
    while True:
        states = {each["instance"]: state_name(each) for each in incidents(clients, options.table) if each["instance"]}
        if states != shown:
            print(json.dumps({"at_ms": time.time() * 1000, "states": states}), flush=True)
            shown = states
        time.sleep(_LOOK_EVERY_SECONDS)


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


def _items(clients: RootClients, table: str) -> list[dict[str, Any]]:
    pages = clients.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [{name: next(iter(value.values())) for name, value in item.items()} for page in pages for item in page["Items"]]


if __name__ == "__main__":
    main()
