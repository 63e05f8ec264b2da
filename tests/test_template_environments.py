"""samconfig.toml: every environment deploys with parameters that the template takes."""

from __future__ import annotations

from typing import Any

import pytest

from local_account.deploy.parameters import parameter_values
from tests.template_checks import plain_template
from tests.template_checks.deployed import TEMPLATE

tomllib = pytest.importorskip("tomllib", reason="the standard library reads TOML from Python 3.11 on")

ENVIRONMENTS = ("default", "staging", "production")


def environment(name: str) -> dict[str, Any]:
    return tomllib.loads(TEMPLATE.with_name("samconfig.toml").read_text())[name]


def overrides(name: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in environment(name)["deploy"]["parameters"]["parameter_overrides"])


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_sets_parameters_that_the_template_takes(name: str) -> None:
    given = overrides(name)

    values = parameter_values(plain_template()["Parameters"], given)

    assert {key: str(values[key]) for key in given} == given


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_shows_its_changes_before_it_makes_them(name: str) -> None:
    deploy = environment(name)["deploy"]["parameters"]

    assert deploy["confirm_changeset"] is True
    assert deploy["capabilities"] == "CAPABILITY_IAM"


def test_nothing_is_contained_in_the_default_environment() -> None:
    assert overrides("default")["Mode"] == "observe"


def test_operators_reach_the_whole_account_only_where_a_deployment_asks_for_it() -> None:
    scopes = {parameter_values(plain_template()["Parameters"], overrides(name))["ManualScope"] for name in ENVIRONMENTS}

    assert scopes == {"opted-in"}


def test_drills_are_for_staging_only() -> None:
    assert [name for name in ENVIRONMENTS if overrides(name).get("AllowDrills") == "true"] == ["staging"]
