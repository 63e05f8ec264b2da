"""Roles and managed policies, as the account then has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from local_account.deploy.creation import Clients
from local_account.deploy.problems import DeployError
from local_account.deploy.stack import Stack, deploy

TAGGED = {"StringEquals": {"aws:ResourceTag/a": "b"}}
STATEMENT = {
    "Effect": "Allow",
    "Action": "sqs:SendMessage",
    "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
    "Condition": {"Fn::If": ["Wide", {"Ref": "AWS::NoValue"}, TAGGED]},
}
DOCUMENT = {"Version": "2012-10-17", "Statement": [STATEMENT]}


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients(None, "us-east-1")


def deployed(clients: Clients, properties: dict[str, Any], scope: str = "narrow") -> Stack:
    template = {
        "Parameters": {"Scope": {"Type": "String"}},
        "Conditions": {"Wide": {"Fn::Equals": [{"Ref": "Scope"}, "wide"]}},
        "Resources": {
            "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties},
            "Queue": {"Type": "AWS::SQS::Queue"},
        },
        "Outputs": {"Policy": {"Value": {"Ref": "Policy"}}},
    }
    return deploy(template, {"Scope": scope}, {}, clients, stack_name="s")


def statement(clients: Clients, arn: str) -> dict[str, Any]:
    version = clients["iam"].get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = clients["iam"].get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return document["Statement"][0]


def test_a_managed_policy_is_known_by_its_arn_and_attached_to_nobody(clients: Clients) -> None:
    stack = deployed(clients, {"Description": "To look", "Path": "/people/", "PolicyDocument": DOCUMENT})

    (policy,) = clients["iam"].list_policies(Scope="Local")["Policies"]
    assert stack.outputs["Policy"] == policy["Arn"]
    assert policy["Arn"].startswith("arn:aws:iam::123456789012:policy/people/s-Policy-")
    assert policy["AttachmentCount"] == 0
    assert statement(clients, policy["Arn"])["Resource"] == stack.resources["Queue"].attributes["Arn"]


@pytest.mark.parametrize(("scope", "condition"), [("narrow", TAGGED), ("wide", None)])
def test_a_condition_of_a_statement_is_there_unless_a_parameter_takes_it_away(
    clients: Clients, scope: str, condition: dict[str, Any] | None
) -> None:
    stack = deployed(clients, {"PolicyDocument": DOCUMENT}, scope)

    assert statement(clients, stack.outputs["Policy"]).get("Condition") == condition


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"PolicyDocument": DOCUMENT, "Users": ["somebody"]}, "Policy.Users is not supported"),
        ({"PolicyDocument": DOCUMENT, "Roles": ["some-role"]}, "Policy.Roles is not supported"),
        ({"Description": "Says nothing"}, "Policy has no PolicyDocument"),
        ({"PolicyDocument": {"Statement": "nonsense"}}, "Policy .* is refused: .*MalformedPolicyDocument"),
    ],
    ids=["users", "roles", "no-document", "malformed"],
)
def test_a_managed_policy_that_is_not_understood_is_an_error(
    clients: Clients, properties: dict[str, Any], words: str
) -> None:
    with pytest.raises(DeployError, match=words):
        deployed(clients, properties)
