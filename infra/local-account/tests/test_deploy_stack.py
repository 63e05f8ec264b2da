"""Deploying small templates: nothing is skipped, nothing is half understood."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from local_account.deploy.creation import Clients
from local_account.deploy.problems import DeployError
from local_account.deploy.resources.functions import package
from local_account.deploy.stack import Stack, deploy

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "Alarms"}}
LOG_GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/one/name"}}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    },
}
FUNCTION = {
    "Type": "AWS::Serverless::Function",
    "Properties": {
        "CodeUri": ".",
        "Handler": "bootstrap",
        "Runtime": "provided.al2023",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Environment": {"Variables": {"LIMIT": {"Ref": "Limit"}, "TOPIC": {"Ref": "Topic"}}},
    },
}
PARAMETERS = {"Limit": {"Type": "Number", "Default": 3}}


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients(None, "us-east-1")


def deployed(clients: Clients, resources: dict[str, Any], code: dict[str, Path] | None = None, **sections: Any) -> Stack:
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources, **sections}
    return deploy(template, {}, code or {}, clients, stack_name="s")


def test_a_function_gets_its_binary_as_bootstrap_and_its_environment(clients: Clients, tmp_path: Path) -> None:
    binary = tmp_path / "contain"
    binary.write_bytes(b"\x7fELF compiled")

    stack = deployed(
        clients,
        {"Function": FUNCTION, "Role": ROLE, "Topic": TOPIC},
        {"Function": binary},
        Parameters=PARAMETERS,
        Outputs={"Name": {"Value": {"Ref": "Function"}}},
    )

    described = clients["lambda"].get_function(FunctionName=stack.outputs["Name"])["Configuration"]
    topic = stack.resources["Topic"].physical_id
    assert described["Environment"]["Variables"] == {"LIMIT": "3", "TOPIC": topic}
    assert described["Role"] == stack.resources["Role"].attributes["Arn"]
    assert described["CodeSize"] > 0


def test_a_binary_is_packed_as_an_executable_bootstrap(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"compiled")

    with zipfile.ZipFile(io.BytesIO(package(tmp_path / "x"))) as archive:
        (entry,) = archive.infolist()
        assert entry.filename == "bootstrap"
        assert entry.external_attr >> 16 & 0o777 == 0o755
        assert archive.read("bootstrap") == b"compiled"


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"X": {"Type": "AWS::EC2::VPC"}}, "X: resource type AWS::EC2::VPC is not supported"),
        ({"X": {**TOPIC, "CreationPolicy": {}}}, "X: resource attribute CreationPolicy is not supported"),
        ({"X": {**TOPIC, "Properties": {"FifoTopic": True}}}, "X.FifoTopic is not supported"),
        ({"X": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}}, "X.DelaySeconds is not supported"),
        ({"X": {"Type": "AWS::DynamoDB::Table", "Properties": {"Colour": 1}}}, "(?s)X .* is refused: .*Colour"),
        ({"X": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": []}}}, "X has no PolicyDocument"),
        ({"X": LOG_GROUP, "Y": LOG_GROUP}, "Y .* is refused: .*already exists"),
        ({"X": {**TOPIC, "Properties": {"DisplayName": {"Fn::GetAtt": ["T", "Colour"]}}}, "T": TOPIC}, "no attribute"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_understood_is_an_error(clients: Clients, resources: dict[str, Any], words: str) -> None:
    with pytest.raises(DeployError, match=words):
        deployed(clients, resources)


def test_a_nested_property_that_nobody_reads_is_an_error(clients: Clients, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    function = {"Type": "AWS::Lambda::Function", "Properties": {**FUNCTION["Properties"], "Code": {}}}
    del function["Properties"]["CodeUri"]
    function["Properties"]["Environment"] = {"Colours": {}}

    with pytest.raises(DeployError, match="F.Environment.Colours is not supported"):
        deployed(clients, {"F": function, "Role": ROLE}, {"F": tmp_path / "x"})


def test_an_unknown_section_is_an_error(clients: Clients) -> None:
    with pytest.raises(DeployError, match="section Hooks is not supported"):
        deployed(clients, {"T": TOPIC}, Hooks={})


def test_nothing_is_made_when_the_template_is_wrong(clients: Clients) -> None:
    with pytest.raises(DeployError):
        deployed(clients, {"T": TOPIC, "X": {"Type": "AWS::EC2::VPC"}})

    assert clients["sns"].list_topics()["Topics"] == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ({}, "no code is given for Function"),
        ({"Function": Path("/nowhere/bootstrap")}, "is not a file"),
        ({"Topic": Path("/x")}, "code is given for Topic, which is no function"),
    ],
    ids=["missing", "not-a-file", "no-function"],
)
def test_code_that_does_not_fit_the_functions_is_an_error(
    clients: Clients, code: dict[str, Path], words: str
) -> None:
    with pytest.raises(DeployError, match=words):
        deployed(clients, {"Function": FUNCTION, "Role": ROLE, "Topic": TOPIC}, code, Parameters=PARAMETERS)


def test_a_resource_whose_condition_does_not_hold_is_not_made(clients: Clients) -> None:
    conditions = {"No": {"Fn::Equals": ["a", "b"]}, "Yes": {"Fn::Not": [{"Condition": "No"}]}}
    resources = {"A": {**TOPIC, "Condition": "No"}, "B": {**TOPIC, "Condition": "Yes"}}
    outputs = {"A": {"Condition": "No", "Value": {"Ref": "A"}}, "B": {"Condition": "Yes", "Value": {"Ref": "B"}}}

    stack = deployed(clients, resources, Conditions=conditions, Outputs=outputs)

    assert list(stack.resources) == ["B"]
    assert stack.outputs == {"B": stack.resources["B"].physical_id}


def test_a_topic_policy_is_what_the_topic_then_has(clients: Clients) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sns:Publish"}]}
    policy = {"Topics": [{"Ref": "T"}], "PolicyDocument": document}

    stack = deployed(clients, {"P": {"Type": "AWS::SNS::TopicPolicy", "Properties": policy}, "T": TOPIC})

    attributes = clients["sns"].get_topic_attributes(TopicArn=stack.resources["T"].physical_id)["Attributes"]
    assert json.loads(attributes["Policy"]) == document


def test_generated_names_are_the_same_on_every_run_and_differ_between_stacks(clients: Clients) -> None:
    first = deployed(clients, {"T": TOPIC}).resources["T"].physical_id
    again = deployed(clients, {"T": TOPIC}).resources["T"].physical_id
    other = deploy({"Resources": {"T": TOPIC}}, {}, {}, clients, stack_name="other").resources["T"].physical_id

    assert first == again != other
