"""Every resource of template.yaml is there for something: it has a named check, and the check misses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_account.deploy.intrinsics import Resolver
from local_account.deploy.parameters import parameter_values
from local_account.deploy.problems import DeployError
from tests.template_checks import CHECKS, Deployed, deployed_stack, plain_template
from tests.template_checks.deployed import EVERYTHING

RESOURCES = sorted(plain_template()["Resources"])


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "bootstrap"
    path.write_bytes(b"#!/bin/sh\n")
    return path


@pytest.fixture(scope="class")
def deployed(binary: Path) -> Iterator[Deployed]:
    with deployed_stack(plain_template(), binary) as deployed:
        yield deployed


class TestDeployedStack:
    def test_every_resource_of_the_template_is_deployed(self, deployed: Deployed) -> None:
        assert sorted(deployed.stack.resources) == RESOURCES

    def test_every_resource_has_a_check_and_every_check_a_resource(self) -> None:
        assert sorted(CHECKS) == RESOURCES

    @pytest.mark.parametrize("logical_id", RESOURCES)
    def test_a_resource_does_what_it_is_there_for(self, logical_id: str, deployed: Deployed) -> None:
        CHECKS[logical_id](deployed)


@pytest.mark.parametrize("logical_id", RESOURCES)
def test_without_a_resource_the_deployment_or_its_check_fails(logical_id: str, binary: Path) -> None:
    template = without(plain_template(), logical_id)
    try:
        with deployed_stack(template, binary) as deployed, pytest.raises((AssertionError, ClientError)):
            CHECKS[logical_id](deployed)
    except DeployError as error:
        assert any(f"refers to {logical_id}," in problem for problem in error.problems), error


def without(template: dict[str, Any], logical_id: str) -> dict[str, Any]:
    """The template less one resource, and less the outputs that only told of it."""
    del template["Resources"][logical_id]
    parameters = parameter_values(template["Parameters"], EVERYTHING)
    reader = Resolver(parameters=parameters, pseudo={}, conditions=template["Conditions"])
    template["Outputs"] = {
        name: output
        for name, output in template["Outputs"].items()
        if logical_id not in {reference.logical_id for reference in reader.mentions(output["Value"])}
    }
    return template
