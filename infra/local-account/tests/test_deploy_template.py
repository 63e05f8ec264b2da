"""Reading a template, and translating it without AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_account.deploy.problems import DeployError
from local_account.deploy.template import load, translate

TEXT = """
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: bootstrap
      Runtime: provided.al2023
      Role: !GetAtt R.Arn
      Environment: {Variables: {X: !Sub "${AWS::Region}"}}
"""


def test_short_forms_are_read_as_their_long_forms(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEXT)

    template = load(str(tmp_path / "template.yaml"))

    assert template == load(TEXT)
    properties = template["Resources"]["F"]["Properties"]
    assert properties["Role"] == {"Fn::GetAtt": ["R", "Arn"]}
    assert properties["Environment"]["Variables"]["X"] == {"Fn::Sub": "${AWS::Region}"}


def test_a_serverless_function_becomes_a_plain_one_and_the_template_stays(tmp_path: Path) -> None:
    template = load(TEXT)

    plain = translate(template, {}, "us-east-1")

    assert plain["Resources"]["F"]["Type"] == "AWS::Lambda::Function"
    assert template == load(TEXT)


@pytest.mark.parametrize("text", ["Resources: {\n", "- a\n- b\n", "Resources:\n  - a\n", "Description: x\nOutputs: {}\n"])
def test_what_is_no_template_is_an_error(text: str) -> None:
    with pytest.raises(DeployError):
        load(text)


def test_what_the_translator_refuses_is_an_error() -> None:
    with pytest.raises(DeployError, match="Runtime"):
        translate(load(TEXT.replace("      Runtime: provided.al2023\n", "")), {}, "us-east-1")
