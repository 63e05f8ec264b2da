"""Rules: what a template asserts of its parameters together."""

from __future__ import annotations

from typing import Any

import pytest

from local_account.deploy.problems import DeployError
from local_account.deploy.rules import broken_rules


def is_given(name: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]}


BOTH = {"Assert": {"Fn::And": [is_given("A"), is_given("B")]}, "AssertDescription": "A and B"}
RULES = {"Both": {"RuleCondition": {"Fn::Or": [is_given("A"), is_given("B")]}, "Assertions": [BOTH]}}


@pytest.mark.parametrize(("a", "b", "broken"), [("x", "y", []), ("", "", []), ("x", "", ["rule Both: A and B"])])
def test_a_rule_is_broken_where_it_applies_and_does_not_hold(a: str, b: str, broken: list[str]) -> None:
    assert broken_rules(RULES, {"A": a, "B": b}) == broken


@pytest.mark.parametrize(
    "rule",
    [
        {"Assertions": [{"Assert": {"Fn::Select": [0, [{"Ref": "A"}]]}}]},
        {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "T"}, "x"]}}]},
        {"Conditions": []},
    ],
)
def test_what_no_rule_may_hold_is_an_error(rule: dict[str, Any]) -> None:
    with pytest.raises(DeployError, match="not supported|neither"):
        broken_rules({"R": rule}, {"A": "x"})
