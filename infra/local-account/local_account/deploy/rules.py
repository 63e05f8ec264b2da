"""A template's rules: what CloudFormation asserts of the parameters together, before it touches anything.

Source: "CloudFormation template Rules syntax" in the AWS CloudFormation user guide. Only these functions may be in a
rule, and a Ref to a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_account.deploy.intrinsics import Resolver, function_of
from local_account.deploy.problems import DeployError

FUNCTIONS = {"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or", "Ref"}


def broken_rules(rules: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[str]:
    """What each assertion that does not hold says of itself."""
    resolver = Resolver(parameters=parameters, pseudo={})
    broken = []
    for name, rule in rules.items():
        unknown = sorted(set(rule) - {"RuleCondition", "Assertions"})
        if unknown:
            raise DeployError(f"rule {name}: {unknown[0]} is not supported")
        if "RuleCondition" in rule and not _holds(name, rule["RuleCondition"], resolver):
            continue
        broken += [
            f"rule {name}: {assertion.get('AssertDescription', 'an assertion does not hold')}"
            for assertion in rule.get("Assertions", [])
            if not _holds(name, assertion["Assert"], resolver)
        ]
    return broken


def _holds(name: str, assertion: Any, resolver: Resolver) -> bool:
    foreign = sorted(_functions(assertion) - FUNCTIONS)
    if foreign:
        raise DeployError(f"rule {name}: {foreign[0]} is not supported")
    return bool(resolver.resolve(assertion))


def _functions(value: Any) -> set[str]:
    found = function_of(value)
    if found is not None:
        return {found[0]} | _functions(found[1])
    items = value if isinstance(value, list) else []
    return set().union(*map(_functions, items))
