"""Policies taken out of a template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_account.deploy.policies import differences, policies
from local_account.deploy.problems import DeployError


def role(name: str, *statements: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"Policies": [{"PolicyName": name, "PolicyDocument": {"Statement": list(statements)}}]},
    }


def managed(*statements: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": list(statements)}}}


def test_references_stay_readable_and_optional_statements_are_in() -> None:
    optional = {"Fn::If": ["HasRoles", {"Resource": {"Ref": "Roles"}}, {"Ref": "AWS::NoValue"}]}
    plain = {"Resource": [{"Fn::GetAtt": ["Table", "Arn"]}, {"Fn::Sub": "arn:${AWS::Partition}:x:${Table.Arn}"}]}

    found = policies({"Resources": {"R": role("contain", optional, plain), "T": {"Type": "AWS::SNS::Topic"}}})

    assert found == {
        "contain": {
            "Statement": [
                {"Resource": "${Roles}"},
                {"Resource": ["${Table.Arn}", "arn:${AWS::Partition}:x:${Table.Arn}"]},
            ]
        }
    }


def test_a_condition_that_a_parameter_can_take_away_is_not_on_file() -> None:
    """The file shows the widest policy that can be deployed."""
    condition = {"Fn::If": ["Wide", {"Ref": "AWS::NoValue"}, {"StringEquals": {"aws:ResourceTag/a": "b"}}]}

    found = policies({"Resources": {"R": role("contain", {"Effect": "Allow", "Condition": condition})}})

    assert found == {"contain": {"Statement": [{"Effect": "Allow"}]}}


def test_a_managed_policy_bears_the_name_of_the_people_it_is_for() -> None:
    statement = {"Resource": {"Fn::GetAtt": ["Table", "Arn"]}}

    found = policies({"Resources": {"ViewerPolicy": managed(statement), "R": role("contain")}})

    assert found == {"viewer": {"Statement": [{"Resource": "${Table.Arn}"}]}, "contain": {"Statement": []}}


@pytest.mark.parametrize(
    "resources",
    [{"A": role("contain"), "B": role("contain")}, {"ContainPolicy": managed(), "B": role("contain")}],
    ids=["of-two-roles", "of-a-role-and-of-people"],
)
def test_two_policies_of_one_name_are_an_error(resources: dict[str, Any]) -> None:
    with pytest.raises(DeployError, match="two policies are named contain"):
        policies({"Resources": resources})


def test_missing_superfluous_and_different_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "same.json").write_text("1")
    (tmp_path / "changed.json").write_text("2")
    (tmp_path / "extra.json").write_text("3")

    told = differences(tmp_path, {"same.json": "1", "changed.json": "0", "absent.json": "4"})

    assert told == [
        "absent.json is missing",
        "changed.json differs from the template",
        "extra.json is no policy of the template",
    ]
