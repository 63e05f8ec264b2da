"""The Condition element of an IAM policy statement.

Source: "IAM JSON policy elements: Condition operators" and "Condition context keys with multiple values" in the IAM
user guide.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from dateutil.parser import isoparse

from .iam_patterns import matches, substituted

Context = dict[str, Any]
Test = Callable[[str, str], bool]


def condition_holds(condition: dict[str, dict[str, Any]], context: Context) -> bool:
    """Every operator and every key must hold. `context` has lower-case keys."""
    return all(
        _key_holds(operator, expected if isinstance(expected, list) else [expected], context.get(key.lower()), context)
        for operator, keys in condition.items()
        for key, expected in keys.items()
    )


def _key_holds(operator: str, expected: list[Any], actual: Any, context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    values = [] if actual is None else [_text(v) for v in (actual if isinstance(actual, list) else [actual])]
    if name == "Null":
        return (not values) == (_text(expected[0]) == "true")
    negated = "Not" in name
    test = _tests()[name.replace("Not", "")]
    wanted = [substituted(_text(e), context) for e in expected]
    if quantifier == "ForAllValues":
        return all(_one_holds(test, wanted, value, negated) for value in values)
    if quantifier == "ForAnyValue":
        return any(_one_holds(test, wanted, value, negated) for value in values)
    if not values:
        # A missing key fails a condition, except a negated one, which asks only that the value isn't there.
        return optional or negated
    return _one_holds(test, wanted, values[0], negated) if len(values) == 1 else False


def _one_holds(test: Test, wanted: list[str], value: str, negated: bool) -> bool:
    return any(test(value, pattern) for pattern in wanted) != negated


def _tests() -> dict[str, Test]:
    return {
        "StringEquals": lambda value, pattern: value == pattern,
        "StringEqualsIgnoreCase": lambda value, pattern: value.lower() == pattern.lower(),
        "StringLike": lambda value, pattern: matches(pattern, value),
        "ArnEquals": _arn_like,
        "ArnLike": _arn_like,
        "Bool": lambda value, pattern: value.lower() == pattern.lower(),
        "BinaryEquals": lambda value, pattern: value == pattern,
        "IpAddress": lambda value, pattern: ipaddress.ip_address(value) in ipaddress.ip_network(pattern),
        **_ordered("Numeric", float),
        **_ordered("Date", _date),
    }


def _ordered(kind: str, parse: Callable[[str], Any]) -> dict[str, Test]:
    return {
        f"{kind}Equals": lambda value, limit: parse(value) == parse(limit),
        f"{kind}LessThan": lambda value, limit: parse(value) < parse(limit),
        f"{kind}LessThanEquals": lambda value, limit: parse(value) <= parse(limit),
        f"{kind}GreaterThan": lambda value, limit: parse(value) > parse(limit),
        f"{kind}GreaterThanEquals": lambda value, limit: parse(value) >= parse(limit),
    }


def _date(text: str) -> datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), timezone.utc)
    date = isoparse(text)
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _arn_like(value: str, pattern: str) -> bool:
    """Each of the six parts of an ARN is matched by itself: a `*` doesn't reach over a colon, except in the last."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(values) == len(patterns) and all(matches(p, v) for v, p in zip(values, patterns))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
