"""The rules of composite alarms.

Source: PutCompositeAlarm in the CloudWatch API reference: ALARM(x), OK(x), INSUFFICIENT_DATA(x), TRUE, FALSE, AND, OR,
NOT and parentheses; an alarm is named by its name or ARN, in quotes when it holds spaces or parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

TOKEN = re.compile(r'\s*(?:(?P<punctuation>[()])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()"]+))')
STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")

# The state of the alarm with this name.
StateOf = Callable[[str], str]
Truth = Callable[[StateOf], bool]


class RuleError(Exception):
    """The rule does not parse."""


@dataclass(frozen=True)
class Rule:
    children: list[str]
    holds: Truth


def parse_rule(text: str) -> Rule:
    parser = _Parser(text)
    truth = parser.either()
    if parser.tokens:
        raise RuleError(f"unexpected {parser.tokens[0][1]!r}")
    return Rule(list(dict.fromkeys(parser.children)), truth)


class _Parser:
    def __init__(self, text: str):
        self.tokens: list[tuple[str, str]] = []
        self.children: list[str] = []
        at = 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if match is None:
                raise RuleError(f"cannot read the rule at position {at}")
            kind = str(match.lastgroup)
            self.tokens.append((kind, match[kind]))
            at = match.end()

    def either(self) -> Truth:
        left = self.both()
        while self._accept("OR"):
            left = _any(left, self.both())
        return left

    def both(self) -> Truth:
        left = self.single()
        while self._accept("AND"):
            left = _all(left, self.single())
        return left

    def single(self) -> Truth:
        if self._accept("NOT"):
            negated = self.single()
            return lambda state_of: not negated(state_of)
        if self._accept("("):
            inner = self.either()
            self._expect(")")
            return inner
        for constant in ("TRUE", "FALSE"):
            if self._accept(constant):
                return lambda _, value=constant == "TRUE": value  # type: ignore[misc]
        for state in STATES:
            if self._accept(state):
                return self._comparison(state)
        raise RuleError(f"expected a condition at {self.tokens[:1]}")

    def _comparison(self, state: str) -> Truth:
        self._expect("(")
        if not self.tokens or self.tokens[0][0] == "punctuation":
            raise RuleError("expected an alarm's name")
        kind, name = self.tokens.pop(0)
        if kind == "quoted":
            name = re.sub(r"\\(.)", r"\1", name)
        name = name.split(":alarm:", 1)[-1]
        self._expect(")")
        self.children.append(name)
        return lambda state_of: state_of(name) == state

    def _accept(self, text: str) -> bool:
        if self.tokens and self.tokens[0][0] != "quoted" and self.tokens[0][1] == text:
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise RuleError(f"expected {text!r}")


def _any(left: Truth, right: Truth) -> Truth:
    return lambda state_of: left(state_of) or right(state_of)


def _all(left: Truth, right: Truth) -> Truth:
    return lambda state_of: left(state_of) and right(state_of)
