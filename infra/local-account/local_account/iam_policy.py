"""Evaluates IAM policy documents: what a policy says about one action on one resource in one context.

Source: "IAM JSON policy elements reference" and "Policy evaluation logic" in the IAM user guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from .iam_conditions import condition_holds
from .iam_patterns import matches, substituted

Document = dict[str, Any]
Context = dict[str, Any]


class Decision(Enum):
    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "implicitly denied"


def decide(
    policies: Iterable[Document], limits: Iterable[list[Document]], action: str, resource: str, context: Context
) -> Decision:
    """Identity policies, each limit (a boundary or a session policy) as a further condition. An explicit deny in any
    of them wins."""
    decisions = [evaluate(policies, action, resource, context)]
    decisions += [evaluate(limit, action, resource, context) for limit in limits]
    for decision in (Decision.DENIED, Decision.NOT_ALLOWED):
        if decision in decisions:
            return decision
    return Decision.ALLOWED


def evaluate(policies: Iterable[Document], action: str, resource: str, context: Context) -> Decision:
    """`context` maps condition keys, in any case, to a string or a list of strings."""
    context = {key.lower(): value for key, value in context.items()}
    decision = Decision.NOT_ALLOWED
    for statement in statements(policies):
        if not statement_applies(statement, action, resource, context):
            continue
        if statement.get("Effect") == "Deny":
            return Decision.DENIED
        decision = Decision.ALLOWED
    return decision


def statements(policies: Iterable[Document]) -> Iterator[dict[str, Any]]:
    for policy in policies:
        yield from as_list(policy.get("Statement", []))


def statement_applies(statement: dict[str, Any], action: str, resource: str | None, context: Context) -> bool:
    """Whether action, resource and conditions of `statement` fit. `context` has lower-case keys; no `resource` means
    that the statement needn't name one, as in a trust policy."""
    return (
        _names(statement, "Action", action.lower(), lower=True, context={})
        and (resource is None or _names(statement, "Resource", resource, lower=False, context=context))
        and condition_holds(statement.get("Condition", {}), context)
    )


def _names(statement: dict[str, Any], element: str, value: str, lower: bool, context: Context) -> bool:
    if f"Not{element}" in statement:
        return not _matches_any(as_list(statement[f"Not{element}"]), value, lower, context)
    return _matches_any(as_list(statement.get(element, [])), value, lower, context)


def _matches_any(patterns: list[str], value: str, lower: bool, context: Context) -> bool:
    return any(matches(substituted(p.lower() if lower else p, context), value) for p in patterns)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
