"""The order in which resources are made."""

from __future__ import annotations

from typing import Any

import pytest

from local_account.deploy.intrinsics import Resolver
from local_account.deploy.ordering import creation_order
from local_account.deploy.problems import DeployError


def resource(*wanted: str, **attributes: Any) -> dict[str, Any]:
    return {"Type": "T", "Properties": {"list": [{"Ref": name} for name in wanted]}, **attributes}


def order(resources: dict[str, Any]) -> list[str]:
    return creation_order(resources, Resolver(parameters={"Mode": "x"}, pseudo={"AWS::Region": "r"}))


def test_what_is_referred_to_is_made_first() -> None:
    resources = {"Last": resource("Middle"), "Middle": resource("First", "Mode", "AWS::Region"), "First": resource()}

    assert order(resources) == ["First", "Middle", "Last"]


def test_what_is_depended_on_is_made_first() -> None:
    resources = {"Last": resource(DependsOn=["Middle"]), "Middle": resource(DependsOn="First"), "First": resource()}

    assert order(resources) == ["First", "Middle", "Last"]


def test_every_reference_to_nothing_is_listed() -> None:
    with pytest.raises(DeployError) as raised:
        order({"A": resource("Gone"), "B": resource(DependsOn="Lost")})

    assert raised.value.problems == [
        "A refers to Gone, which is not deployed",
        "B refers to Lost, which is not deployed",
    ]


def test_a_circle_is_an_error_that_names_it() -> None:
    with pytest.raises(DeployError, match="A -> B -> A|B -> A -> B"):
        order({"A": resource("B"), "B": resource("A")})
