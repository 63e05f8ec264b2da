"""`account`: the local account as its users have it, a process of its own on a free port, one for all tests.

`cloud`: the services alone, in the process of the test and new for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from account_process import AccountProcess
from in_process import cloud as cloud


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountProcess]:
    with AccountProcess(tmp_path_factory.mktemp("account"), "--async-retry-seconds", "0.05") as process:
        yield process


@pytest.fixture
def own_account(tmp_path: Path) -> Iterator[AccountProcess]:
    """An account that no other test sees, for tests about stopping it or about everything in it."""
    with AccountProcess(tmp_path, "--schedule-seconds", "0.5") as process:
        yield process
