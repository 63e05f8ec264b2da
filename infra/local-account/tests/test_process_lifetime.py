"""The account as a process: what it says when it is ready, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from account_process import PACKAGE, AccountProcess, eventually


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "stdin"])
def test_it_ends_with_its_busy_function_processes_however_it_is_told(tmp_path: Path, how: str) -> None:
    with AccountProcess(tmp_path) as account:
        account.function("warm")
        pid = account.invoke("warm", {"return": "who"})[0]["pid"]
        assert alive(pid)
        account.invoke("warm", {"sleep": 30}, InvocationType="Event")
        if how == "stdin":
            assert account.process.stdin is not None
            account.process.stdin.close()
        else:
            account.process.send_signal(getattr(signal, how))
        assert account.process.wait(10) == 0
        eventually(lambda: not alive(pid))


def test_it_says_where_it_is_in_one_line(account: AccountProcess) -> None:
    assert account.ready["account_id"] == "123456789012"
    assert account.ready["region"] == "us-east-1"
    assert account.ready["pid"] == account.process.pid
    assert account.ready["endpoint"].startswith("http://127.0.0.1:")
    assert account.ready["door"] == account.ready["endpoint"] + "/local-account"
    assert account.door("GET", "account")["endpoint"] == account.ready["endpoint"]


def test_a_closed_stdin_from_the_start_is_no_reason_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local_account", "--state-dir", str(tmp_path)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(PACKAGE)}
    )
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.terminate()
    assert process.wait(10) == 0


def test_unknown_options_are_refused_before_anything_starts() -> None:
    command = [sys.executable, "-m", "local_account", "--state-dir", "x", "--teleport"]
    refused = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONPATH": str(PACKAGE)}, check=False)
    assert refused.returncode == 2
    assert b"--teleport" in refused.stderr
