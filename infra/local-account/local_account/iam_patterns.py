"""Wildcards and policy variables in IAM policies.

Source: "IAM policy elements: Variables and tags" in the IAM user guide.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


def substituted(pattern: str, context: dict[str, Any]) -> str:
    """`pattern` with its policy variables; one that has no value matches nothing."""

    def value(match: re.Match[str]) -> str:
        if match[1] in ("*", "?", "$"):
            return f"[{match[1]}]"
        name, _, default = match[1].partition(",")
        found = context.get(name.strip().lower(), default.strip(" '") or "\0")
        return found if isinstance(found, str) else "\0"

    return _VARIABLE.sub(value, pattern)


def matches(pattern: str, value: str) -> bool:
    """`*` and `?` are wildcards; `[*]` is a literal asterisk, as `${*}` is in a policy."""
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\[[*?$]\]|[*?])", pattern)
    wild = {"*": ".*", "?": "."}
    return re.compile(
        "".join(wild.get(p) or re.escape(p[1] if p[:1] == "[" and len(p) == 3 else p) for p in pieces), re.S
    )
