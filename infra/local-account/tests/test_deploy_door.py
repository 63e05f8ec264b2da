"""The door's `POST deploy`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from local_account.account import Account
from local_account.deploy.door import install

TEMPLATE = """
Parameters:
  Name: {Type: String}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Ref Name}
Outputs:
  TopicArn: {Value: !Ref Topic}
"""


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        account = Account()
        install(account)
        yield account


def test_a_deployment_answers_with_outputs_and_physical_ids(account: Account) -> None:
    answer = account.door[("POST", "deploy")]({"template": TEMPLATE, "parameters": {"Name": "alarms"}})

    arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    assert answer == {
        "outputs": {"TopicArn": arn},
        "resources": {"Topic": {"type": "AWS::SNS::Topic", "physical_id": arn}},
    }


def test_a_wrong_deployment_is_the_callers_error(account: Account) -> None:
    with pytest.raises(ValueError, match="parameter Name has no value"):
        account.door[("POST", "deploy")]({"template": TEMPLATE})
