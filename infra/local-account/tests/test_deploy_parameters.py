"""Parameters: what CloudFormation would refuse before it makes anything."""

from __future__ import annotations

from typing import Any

import pytest

from local_account.deploy.parameters import parameter_values
from local_account.deploy.problems import DeployError


@pytest.mark.parametrize(
    ("declaration", "given", "expected"),
    [
        ({"Type": "String", "Default": "a"}, None, "a"),
        ({"Type": "String", "Default": True}, None, "true"),
        ({"Type": "Number"}, "12", 12),
        ({"Type": "Number"}, 0.5, 0.5),
        ({"Type": "CommaDelimitedList"}, "a, b", ["a", "b"]),
        ({"Type": "CommaDelimitedList"}, ["a", "b"], ["a", "b"]),
        ({"Type": "CommaDelimitedList", "Default": ""}, None, [""]),
    ],
    ids=str,
)
def test_a_parameter_has_the_value_of_its_type(declaration: dict[str, Any], given: Any, expected: Any) -> None:
    values = parameter_values({"P": declaration}, {} if given is None else {"P": given})

    assert values == {"P": expected}


@pytest.mark.parametrize(
    ("declaration", "given", "words"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "'c' is none of a, b"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "abc1", r"does not match \[a-z\]\+"),
        ({"Type": "String", "MinLength": 2}, "a", "shorter than 2"),
        ({"Type": "String", "MaxLength": 2}, "abc", "longer than 2"),
        ({"Type": "Number", "MinValue": 1}, 0, "less than 1"),
        ({"Type": "Number", "MaxValue": 5}, 6, "more than 5"),
        ({"Type": "Number"}, "six", "not a number"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]+"}, "a,B", "'B' does not match"),
        ({"Type": "AWS::EC2::VPC::Id"}, "vpc-1", "type AWS::EC2::VPC::Id is not supported"),
        ({"Type": "String", "Colour": "red"}, "a", "Colour is not supported"),
    ],
    ids=str,
)
def test_a_broken_constraint_is_an_error(declaration: dict[str, Any], given: Any, words: str) -> None:
    with pytest.raises(DeployError, match=words):
        parameter_values({"P": declaration}, {"P": given})


def test_all_problems_are_listed_at_once() -> None:
    declared = {
        "Mode": {"Type": "String", "AllowedValues": ["observe"]},
        "Count": {"Type": "Number", "MaxValue": 3},
        "Missing": {"Type": "String"},
    }

    with pytest.raises(DeployError) as raised:
        parameter_values(declared, {"Mode": "x", "Count": 4, "Unknown": 1})

    assert [problem.split()[1].rstrip(":") for problem in raised.value.problems] == [
        "Unknown",
        "Mode",
        "Count",
        "Missing",
    ]
