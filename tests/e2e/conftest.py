"""One local account and one enforcing stack for all end-to-end tests; each test has groups of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .laptop import Laptop, Stack

# High enough that no test is in another's way; what limits do is tested with stacks of their own.
UNLIMITED = {
    "Mode": "enforce",
    "AccountLimitCount": "10000",
    "GroupLimitPercent": "100",
    "GroupLimitCount": "1000",
}


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    laptop = Laptop(Path(tmp_path_factory.mktemp("account")))
    try:
        yield laptop
    finally:
        laptop.close()


@pytest.fixture(scope="session")
def web(laptop: Laptop) -> dict:
    """Six instances, the first with two interfaces in two subnets, behind a target group, with a role of their own."""
    return laptop.fleet("web", two_eni_index=0, target_group=True, instance_profile=True)


@pytest.fixture(scope="session")
def stack(laptop: Laptop, web: dict) -> Stack:
    allowed = {"AllowDrills": "true", "AllowUntracking": "true"}
    return Stack.deploy(laptop, "cordon", RevocableRoleArns=web["role_arn"], **allowed, **UNLIMITED)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the functions may do is judged by all that they did: after every other test."""
    items.sort(key=lambda item: item.path.name == "test_permissions.py")
