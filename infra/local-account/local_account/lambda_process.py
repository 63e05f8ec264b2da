"""A Lambda execution environment: one process of a `provided.*` function, used by one invocation at a time.

Source: "Lambda execution environment lifecycle" and "Defined runtime environment variables" in the AWS Lambda
developer guide. The process gets the credentials of a session of the function's role, so that each of its calls can
be traced to the invocation that made it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

from moto.sts.models import AssumedRole

from .account import Account
from .lambda_runtime import Answer, Invocation, RuntimeApi

_INIT_SECONDS = 10.0
_EXTRACTION = threading.Lock()


class Environment:
    """`function` is moto's record of it, `session` the role session whose credentials the process holds, `code` the
    folder with its bootstrap."""

    def __init__(self, account: Account, function: Any, session: AssumedRole, code: Path) -> None:
        self.session = session
        self.version = version_of(function)
        self.current: Invocation | None = None
        self._api = RuntimeApi()
        logs = account.state_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        # A file rather than a pipe: what a function wrote before it answered is in it when the answer arrives.
        self._log = (logs / f"{function.function_name}-{session.access_key_id}.log").open("ab+")
        self._process = subprocess.Popen(
            [str(code / "bootstrap")],
            cwd=code,
            env=_variables(account, function, session, self._api.address, code),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def run(self, invocation: Invocation, timeout_seconds: float) -> tuple[Answer, str]:
        """Runs one invocation and returns its answer and what it logged. Kills the process if it takes too long."""
        start = self._log.seek(0, os.SEEK_END)
        self.current = invocation
        try:
            answer = self._initialised(invocation) or self._answered(invocation, timeout_seconds)
        finally:
            self.current = None
        self._log.seek(start)
        return answer, self._log.read().decode("utf-8", "replace")

    def _initialised(self, invocation: Invocation) -> Answer | None:
        """None once the process asked for work; otherwise the error that Lambda reports."""
        give_up = time.monotonic() + _INIT_SECONDS
        while not self._api.ready.wait(0.02):
            if not self.alive:
                return self._exited(invocation)
            if time.monotonic() > give_up:
                self.stop()
                return _failure("Sandbox.Timedout", invocation, "Error: Task timed out while it was initialised")
        return self._api.init_error

    def _answered(self, invocation: Invocation, timeout_seconds: float) -> Answer:
        invocation.deadline_ms = int((time.time() + timeout_seconds) * 1000)
        self._api.hand_over(invocation)
        give_up = time.monotonic() + timeout_seconds
        while not invocation.answered.wait(0.05):
            if not self.alive:
                return self._exited(invocation)
            if time.monotonic() > give_up:
                self.stop()
                late = f"Error: Task timed out after {timeout_seconds:.2f} seconds"
                return _failure("Sandbox.Timedout", invocation, late)
        assert invocation.answer is not None
        return invocation.answer

    def _exited(self, invocation: Invocation) -> Answer:
        code = self._process.returncode
        how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return _failure("Runtime.ExitError", invocation, f"Error: Runtime exited with error: {how}")

    def stop(self) -> None:
        """Ends the process and everything it started."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._api.close()


def version_of(function: Any) -> str:
    """Changes with the function's code and configuration: an environment of another version is not reused."""
    configuration = [function.code_sha_256, function.role, function.environment_vars, function.memory_size]
    return json.dumps(configuration, sort_keys=True, default=str)


def extracted(account: Account, function: Any) -> Path:
    """The folder with the function's code, which all its environments share. Functions with the same code share its file."""
    digest = "".join(c for c in function.code_sha_256 if c.isalnum())[:32]
    code = account.state_dir / "functions" / f"{function.function_name}-{digest}"
    with _EXTRACTION:
        if not code.exists():
            partial = code.with_suffix(".partial")
            partial.mkdir(parents=True)
            bootstrap = account.state_dir / "packages" / digest / "bootstrap"
            if not bootstrap.exists():
                zipfile.ZipFile(io.BytesIO(function.code_bytes)).extract("bootstrap", bootstrap.parent)
                bootstrap.chmod(0o755)
            (partial / "bootstrap").hardlink_to(bootstrap)
            partial.rename(code)
    return code


def _variables(account: Account, function: Any, session: AssumedRole, runtime_api: str, code: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "_HANDLER": function.handler or "bootstrap",
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": session.access_key_id,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        # Not Lambda's: they keep an SDK at this account, and off the network.
        "AWS_ENDPOINT_URL": account.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{name: str(value) for name, value in function.environment_vars.items()},
    }


def _failure(kind: str, invocation: Invocation, message: str) -> Answer:
    document = {"errorType": kind, "errorMessage": f"RequestId: {invocation.request_id} {message}"}
    return Answer(json.dumps(document).encode(), error=True)
