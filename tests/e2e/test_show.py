"""The compiled `cordon` against the local account."""

from __future__ import annotations

import json

from .command import cordon
from .laptop import Laptop, Stack


def test_show_tells_an_incident_as_its_journal_proves_it(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("shown", size=3)["instance_ids"][0]
    stack.alarm("shown", instance)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")
    text = cordon(laptop, "show", incident["id"])
    assert text.returncode == 0, text.stderr
    assert instance in text.stdout and "is contained" in text.stdout
    shown = json.loads(cordon(laptop, "show", incident["id"], "--json").stdout)
    assert (shown["schema"], shown["incident"]["id"]) == (1, incident["id"])
    assert [event["sequence"] for event in shown["events"]] == list(range(1, len(shown["events"]) + 1))


def test_show_refuses_a_journal_that_was_altered(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("altered", size=3)["instance_ids"][0]
    stack.alarm("altered", instance)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")
    table = stack.outputs["JournalTableName"]
    key = {"pk": {"S": f"incident#{incident['id']}"}, "sk": {"S": "event#000002"}}
    laptop.client("dynamodb").update_item(
        TableName=table, Key=key, UpdateExpression="SET document = :x", ExpressionAttributeValues={":x": {"S": "{}"}}
    )
    refused = cordon(laptop, "show", incident["id"])
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "event 2" in refused.stderr


def test_show_says_what_is_missing(laptop: Laptop, stack: Stack) -> None:
    nowhere = cordon(laptop, "--stack", "nowhere", "show", "inc-x")
    assert nowhere.returncode == 6 and "--stack" in nowhere.stderr
    unknown = cordon(laptop, "show", "inc-\x1b[31m")
    assert unknown.returncode == 1 and "\x1b" not in unknown.stderr
