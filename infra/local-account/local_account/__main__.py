"""`python -m local_account`: serves one local AWS account until it is told to stop.

Prints one JSON line on stdout when it answers: endpoint, account_id, region, pid, door. Stops on SIGTERM, SIGINT, or
when the pipe on its stdin closes, and takes every function process with it. Logs go to stderr.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import os
import signal
import stat
import sys
import threading
from pathlib import Path

from .account import Account, Delays
from .door import PREFIX


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # An account that hangs says where, when it is ended by SIGABRT.
    faulthandler.enable()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # moto is slow to import: the arguments are checked first.
    from .server import start

    account = Account(
        state_dir=options.state_dir.resolve(),
        enforce_iam=options.enforce_iam,
        schedule_seconds=options.schedule_seconds,
        async_retry_seconds=options.async_retry_seconds,
        delays=Delays(
            detach=options.detach_seconds,
            stop=options.stop_seconds,
            start=options.start_seconds,
            snapshot=options.snapshot_seconds,
            launch=options.launch_seconds,
            trail=options.trail_seconds,
            register=options.register_seconds,
        ),
    )
    stop_asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_asked.set())
    server = start(account, options.port, options.latency_ms)
    _stop_with_stdin(stop_asked)
    ready = {
        "endpoint": account.endpoint,
        "account_id": account.account_id,
        "region": account.region,
        "pid": os.getpid(),
        "door": account.endpoint + PREFIX.rstrip("/"),
    }
    print(json.dumps(ready), flush=True)
    # Python runs a signal's handler in this thread only, and a wait without an end may never let it.
    while not stop_asked.wait(0.5):
        pass
    server.stop()
    return 0


def _stop_with_stdin(stop_asked: threading.Event) -> None:
    """Stops when the pipe on stdin closes, so that an account doesn't outlive the test that started it. Anything else
    on stdin (a terminal, /dev/null) isn't a parent that could go away."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):

        def wait() -> None:
            while os.read(0, 4096):
                pass
            stop_asked.set()

        threading.Thread(target=wait, daemon=True).start()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_account", description="A local AWS account on one loopback endpoint.")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    parser.add_argument("--state-dir", type=Path, required=True, help="where function code and logs are kept")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="delay before each call that isn't root's")
    parser.add_argument("--enforce-iam", type=_boolean, default=True, help="whether roles and users need permissions")
    parser.add_argument("--schedule-seconds", type=float, help="fire scheduled rules this often, whatever they say")
    parser.add_argument("--async-retry-seconds", type=float, default=0.5, help="wait before an asynchronous retry")
    for name, default in vars(Delays()).items():
        parser.add_argument(f"--{name}-seconds", type=float, default=default, help=f"how long {name} takes")
    return parser


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError("true or false")
    return text == "true"


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: the interpreter's orderly end can wait for ever for a lock of a request that is still being served.
    os._exit(status)
