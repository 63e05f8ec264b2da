"""What a policy document says: effects, wildcards, conditions, limits."""

from __future__ import annotations

from typing import Any

import pytest

from local_account.iam_policy import Decision, decide, evaluate
from local_account.resource_policy import allows_service

GROUP = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1"


def statement(effect: str = "Allow", action: Any = "ec2:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": effect, "Action": action, "Resource": resource, **more}}


def test_nothing_is_allowed_that_no_statement_allows() -> None:
    assert evaluate([statement(action="s3:*")], "ec2:StopInstances", "*", {}) is Decision.NOT_ALLOWED


def test_an_explicit_deny_wins_over_an_allow() -> None:
    policies = [statement(), statement("Deny", "ec2:StopInstances")]
    assert evaluate(policies, "ec2:StopInstances", "*", {}) is Decision.DENIED


def test_actions_ignore_case_and_resources_do_not() -> None:
    assert evaluate([statement(action="EC2:stop*")], "ec2:StopInstances", "*", {}) is Decision.ALLOWED
    assert evaluate([statement(resource=GROUP.upper())], "ec2:StopInstances", GROUP, {}) is Decision.NOT_ALLOWED


def test_not_action_and_not_resource_are_everything_else() -> None:
    others = {"Statement": [{"Effect": "Allow", "NotAction": "ec2:Stop*", "NotResource": GROUP}]}
    assert evaluate([others], "ec2:StartInstances", "*", {}) is Decision.ALLOWED
    assert evaluate([others], "ec2:StopInstances", "*", {}) is Decision.NOT_ALLOWED
    assert evaluate([others], "ec2:StartInstances", GROUP, {}) is Decision.NOT_ALLOWED


def test_a_boundary_takes_away_and_never_gives() -> None:
    stop = statement(action="ec2:StopInstances")
    assert decide([statement()], [[stop]], "ec2:StopInstances", "*", {}) is Decision.ALLOWED
    assert decide([statement()], [[stop]], "ec2:StartInstances", "*", {}) is Decision.NOT_ALLOWED
    assert decide([], [[stop]], "ec2:StopInstances", "*", {}) is Decision.NOT_ALLOWED
    assert decide([statement()], [[statement("Deny")]], "ec2:StopInstances", "*", {}) is Decision.DENIED


def test_a_policy_variable_stands_for_the_callers_value() -> None:
    own = statement(action="s3:*", resource="arn:aws:s3:::bucket/${aws:username}/*")
    key = "arn:aws:s3:::bucket/ana/file"
    assert evaluate([own], "s3:GetObject", key, {"aws:username": "ana"}) is Decision.ALLOWED
    assert evaluate([own], "s3:GetObject", key, {"aws:username": "eve"}) is Decision.NOT_ALLOWED
    assert evaluate([own], "s3:GetObject", key, {}) is Decision.NOT_ALLOWED


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"aws:ResourceTag/mode": ["enforce", "observe"]}}, {"aws:ResourceTag/mode": "observe"}, True),
        ({"StringEquals": {"aws:ResourceTag/mode": "enforce"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/mode": "enforce"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/mode": "enforce"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/mode": "enforce"}}, {"aws:ResourceTag/mode": "enforce"}, False),
        ({"StringEqualsIgnoreCase": {"ec2:Attribute": "disableApiStop"}}, {"ec2:Attribute": "DisableApiStop"}, True),
        ({"StringEquals": {"ec2:Attribute": "disableApiStop"}}, {"ec2:Attribute": "DisableApiStop"}, False),
        ({"StringLike": {"aws:RequestTag/incident": "inc-*"}}, {"AWS:requesttag/INCIDENT": "inc-1"}, True),
        ({"Null": {"dynamodb:LeadingKeys": "false"}}, {}, False),
        ({"Null": {"dynamodb:LeadingKeys": "true"}}, {}, True),
        ({"ForAllValues:StringLike": {"k": ["a#*", "b#*"]}}, {"k": ["a#1", "b#2"]}, True),
        ({"ForAllValues:StringLike": {"k": ["a#*"]}}, {"k": ["a#1", "freeze"]}, False),
        ({"ForAllValues:StringLike": {"k": ["a#*"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ["b", "a"]}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
        (
            {"ArnLike": {"k": "arn:aws:ec2:*:123456789012:instance/*"}},
            {"k": "arn:aws:ec2:us-east-1:123456789012:instance/i-1"},
            True,
        ),
        (
            {"ArnLike": {"k": "arn:aws:ec2:*:instance/*"}},
            {"k": "arn:aws:ec2:us-east-1:123456789012:instance/i-1"},
            False,
        ),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True),
        (
            {"DateGreaterThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"}},
            {"aws:CurrentTime": "2025-01-01T00:00:00Z"},
            True,
        ),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {"aws:SourceIp": "127.0.0.1"}, True),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {"aws:SourceIp": "127.0.0.1"}, False),
    ],
)
def test_a_condition_holds_as_its_operator_says(
    condition: dict[str, Any], context: dict[str, Any], holds: bool
) -> None:
    expected = Decision.ALLOWED if holds else Decision.NOT_ALLOWED
    assert evaluate([statement(Condition=condition)], "ec2:StopInstances", "*", context) is expected


def test_a_resource_policy_binds_the_service_it_names() -> None:
    policy = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
        ]
    }
    assert allows_service(policy, "sns.amazonaws.com", "sqs:SendMessage", "queue", {})
    assert not allows_service(policy, "events.amazonaws.com", "sqs:SendMessage", "queue", {})


def test_a_deny_for_everyone_but_services_spares_services() -> None:
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
    deny = {**allow, "Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:PrincipalIsAWSService": "false"}}}
    assert allows_service({"Statement": [allow, deny]}, "sns.amazonaws.com", "sqs:SendMessage", "queue", {})
    deny.pop("Condition")
    assert not allows_service({"Statement": [allow, deny]}, "sns.amazonaws.com", "sqs:SendMessage", "queue", {})
