"""Intrinsic functions, as CloudFormation's reference defines them."""

from __future__ import annotations

from typing import Any

import pytest

from local_account.deploy.intrinsics import Reference, Resolver
from local_account.deploy.problems import DeployError


def resolver(**settings: Any) -> Resolver:
    made = {Reference("Queue"): "queue-url", Reference("Queue", "Arn"): "queue-arn"}
    defaults: dict[str, Any] = {
        "parameters": {"Mode": "observe", "Count": 3, "Roles": ["a", "b"]},
        "pseudo": {"AWS::Region": "us-east-1"},
        "conditions": {
            "Observes": {"Fn::Equals": [{"Ref": "Mode"}, "observe"]},
            "Enforces": {"Fn::Not": [{"Condition": "Observes"}]},
        },
        "mappings": {"Sizes": {"small": {"Memory": 128}}},
        "lookup": made.__getitem__,
    }
    return Resolver(**{**defaults, **settings})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Mode"}, "observe"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "Queue"}, "queue-url"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "queue-arn"),
        ({"Fn::GetAtt": "Queue.Arn"}, "queue-arn"),
        ({"Fn::Sub": "${Mode}/${Queue.Arn}/${AWS::Region}"}, "observe/queue-arn/us-east-1"),
        ({"Fn::Sub": "${!Mode} stays"}, "${Mode} stays"),
        ({"Fn::Sub": ["${Own}-${Count}", {"Own": {"Ref": "Mode"}}]}, "observe-3"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Count"}, "b"]]}, "a-3-b"),
        ({"Fn::Join": [",", {"Ref": "Roles"}]}, "a,b"),
        ({"Fn::Join": [",", ["a", {"Ref": "AWS::NoValue"}]]}, "a"),
        ({"Fn::Select": [1, {"Ref": "Roles"}]}, "b"),
        ({"Fn::Split": [":", "x:y"]}, ["x", "y"]),
        ({"Fn::Select": ["1", {"Fn::Split": [":", "x:y"]}]}, "y"),
        ({"Fn::If": ["Observes", "then", "else"]}, "then"),
        ({"Fn::If": ["Enforces", "then", "else"]}, "else"),
        ({"Fn::And": [{"Condition": "Observes"}, {"Condition": "Enforces"}]}, False),
        ({"Fn::Or": [{"Condition": "Observes"}, {"Condition": "Enforces"}]}, True),
        ({"Fn::Equals": [{"Ref": "Count"}, "3"]}, True),
        ({"Fn::FindInMap": ["Sizes", "small", "Memory"]}, 128),
    ],
    ids=str,
)
def test_a_function_gives_what_its_reference_says(value: Any, expected: Any) -> None:
    assert resolver().resolve(value) == expected


def test_no_value_leaves_its_key_and_its_item_out() -> None:
    nothing = {"Fn::If": ["Enforces", "x", {"Ref": "AWS::NoValue"}]}

    assert resolver().resolve({"kept": 1, "left": nothing, "list": [nothing, 2]}) == {"kept": 1, "list": [2]}


def test_a_condition_key_of_a_policy_is_not_taken_for_a_function() -> None:
    statement = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}

    assert resolver().resolve(statement) == statement
    assert resolver().resolve({"Condition": {"Bool": {}}}) == {"Condition": {"Bool": {}}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Fn::Cidr": ["10.0.0.0/16", 1, 8]}, "Fn::Cidr is not supported"),
        ({"Fn::If": ["Unheard", 1, 2]}, "condition Unheard"),
        ({"Fn::Select": [2, ["a"]]}, "item 2 of 1"),
        ({"Fn::FindInMap": ["Sizes", "large", "Memory"]}, "finds no large"),
    ],
    ids=str,
)
def test_what_cannot_be_resolved_is_an_error(value: Any, words: str) -> None:
    with pytest.raises(DeployError, match=words):
        resolver().resolve(value)


def test_mentions_follow_only_the_branch_that_is_taken() -> None:
    value = {
        "a": {"Fn::If": ["Observes", {"Ref": "Taken"}, {"Ref": "NotTaken"}]},
        "b": {"Fn::Sub": ["${Own} ${Named.Arn} ${!Literal}", {"Own": {"Fn::GetAtt": ["Inner", "Arn"]}}]},
        "c": [{"Fn::Join": ["", [{"Ref": "Joined"}]]}],
    }

    mentioned = {reference.logical_id for reference in resolver().mentions(value)}

    assert mentioned == {"Taken", "Named", "Inner", "Joined"}
