"""What the functions really called is what they declare, and what they may do is no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .laptop import ROOT, Laptop, Stack

FUNCTIONS = ("contain-instance", "reconcile-incidents", "release-instance", "revoke-credentials")
# Lambda's own needs, not calls of the functions.
RUNTIME = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments", "sqs:SendMessage"}


def allowed(function: str) -> set[str]:
    policy = json.loads(Path(ROOT / "infra" / "policies" / f"{function}.json").read_text())
    actions: set[str] = set()
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            listed = statement["Action"]
            actions |= {listed} if isinstance(listed, str) else set(listed)
    return actions


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_call_of_a_function_was_denied_but_those_that_must_be(laptop: Laptop, stack: Stack, function: str) -> None:
    denied = [
        (call["service"], call["action"], call["error"])
        for call in laptop.calls()
        if (call["function"] or "").endswith(function) and call["status"] in (400, 403) and "Denied" in (call["error"] or "")
    ]
    # Reading a role that isn't listed is how revoke-credentials learns that it isn't.
    expected = {("iam", "GetRole"), ("iam", "GetInstanceProfile")} if function == "revoke-credentials" else set()
    assert {(service, action) for service, action, _ in denied} <= expected


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_recorded_call_is_in_the_functions_policy(laptop: Laptop, stack: Stack, function: str) -> None:
    called = {
        permission
        for call in laptop.calls()
        if (call["function"] or "") == f"cordon-{function}" and call["status"] < 400
        for permission in call["permissions"]
    }
    assert called, f"{function} was never called"
    assert called <= allowed(function), called - allowed(function)
