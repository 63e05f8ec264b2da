"""`cordon coverage` by a viewer: what is watched, in which mode, and what isn't and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .command import Person, cordon
from .laptop import Laptop, Stack

# Turns the direction of what a terminal writes after it.
ODD = "Enforce\u202e"


@pytest.fixture(scope="module")
def viewer(stack: Stack) -> Person:
    return Person.user(stack, "coverage-viewer", "ViewerPolicyArn")


def group(coverage: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in coverage["groups"] if row["group"] == name)


def why(coverage: dict[str, Any], instance: str) -> str | None:
    return next((one["why"] for one in coverage["uncovered"] if one["instance"] == instance), None)


def test_a_groups_row_counts_what_is_watched_and_the_rest_is_named(laptop: Laptop, stack: Stack, viewer: Person) -> None:
    tags = {"cordon:protected": "true", "cordon:drills": "allowed"}
    instances = laptop.fleet("covered", size=3, mode="observe", tags=tags)["instance_ids"]
    for instance in instances[:2]:
        stack.alarm("covered", instance)
    stack.alarm("covered", instances[2], ActionsEnabled=False)
    coverage = viewer.asks("coverage")
    assert (coverage["schema"], coverage["complete"]) == (1, True)
    assert group(coverage, "covered") == {
        "group": "covered",
        "mode": "observe",
        "protected": True,
        "drills_allowed": True,
        "instances": 3,
        "watched": 2,
    }
    assert [why(coverage, instance) for instance in instances] == [None, None, "no-alarm"]


def test_groups_that_did_not_opt_in_are_told_from_those_that_meant_something(laptop: Laptop, viewer: Person) -> None:
    plain = laptop.fleet("untagged", size=1, mode=None)["instance_ids"][0]
    unclear = laptop.fleet("unclear", size=1, mode=ODD)["instance_ids"][0]
    coverage = viewer.asks("coverage")
    assert (why(coverage, plain), why(coverage, unclear)) == ("group-has-no-mode", "mode-not-understood")
    assert group(coverage, "unclear")["mode"] == {"not-understood": ODD}
    text = viewer.runs("coverage")
    assert text.returncode == 0 and "\u202e" not in text.stdout
    assert max(map(len, text.stdout.splitlines())) <= 80
    assert "Not opted in" in text.stdout.splitlines()[-1]


def test_standalone_instances_are_covered_by_the_list_and_an_alarm(laptop: Laptop, stack: Stack, viewer: Person) -> None:
    listed, silent, unlisted = (laptop.door("POST", "scenario/instance", {})["instance_id"] for _ in range(3))
    for instance in (listed, silent):
        key = {"pk": {"S": f"authority#{instance}"}, "sk": {"S": "authority"}}
        item = {**key, "mode": {"S": "enforce"}, "protected": {"BOOL": False}}
        laptop.client("dynamodb").put_item(TableName=stack.outputs["JournalTableName"], Item=item)
    stack.alarm("none", listed)
    coverage = viewer.asks("coverage")
    rows = {row["instance"]: row for row in coverage["standalone"]}
    assert (rows[listed]["mode"], rows[listed]["watched"]) == ("enforce", True)
    assert (rows[silent]["mode"], rows[silent]["watched"]) == ("enforce", False)
    assert rows[unlisted]["mode"] is None
    assert [why(coverage, one) for one in (listed, silent, unlisted)] == [None, "no-alarm", "not-listed"]


def test_what_could_not_be_read_is_said_and_is_no_clean_answer(laptop: Laptop, stack: Stack) -> None:
    stranger = Person.user(stack, "coverage-stranger").runs("coverage")
    assert stranger.returncode == 6 and stranger.stdout == "" and "Viewer" in stranger.stderr
    partly = Person.without(stack, "coverage-partly", "ViewerPolicyArn", "ec2:DescribeInstances")
    coverage = partly.asks("coverage", code=6)
    assert coverage["complete"] is False and "ec2:DescribeInstances" in coverage["unread"][0]
    assert "NOT READ" in partly.runs("coverage").stdout
    blind = Person.without(stack, "coverage-blind", "ViewerPolicyArn", "cloudwatch:DescribeAlarms").runs("coverage")
    assert blind.returncode == 6 and "cloudwatch:DescribeAlarms" in blind.stderr


def test_another_deployments_alarms_do_not_count(laptop: Laptop, stack: Stack, viewer: Person) -> None:
    instance = laptop.fleet("theirs", size=1)["instance_ids"][0]
    topic = laptop.client("sns").create_topic(Name="somebody-elses")["TopicArn"]
    stack.alarm("theirs", instance, AlarmActions=[topic])
    assert why(viewer.asks("coverage"), instance) == "no-alarm"
    nowhere = cordon(laptop, "--stack", "nowhere", "coverage")
    assert nowhere.returncode == 6 and "--stack" in nowhere.stderr
    assert json.loads(viewer.runs("coverage", "--json").stdout)["schema"] == 1
