"""The Lambda Runtime API, one server for each function process.

Source: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda developer guide. A process asks for its
next invocation with a long GET, answers it with a POST, and gets one at a time.
"""

from __future__ import annotations

import http.server
import queue
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "/2018-06-01/runtime/"
_ACCEPTED = b'{"status":"OK"}'


@dataclass
class Answer:
    """What a function said: its result, or with `error` the error document it reported."""

    payload: bytes
    error: bool


@dataclass
class Invocation:
    """One event on its way to a process. `deadline_ms` is Unix milliseconds."""

    event: bytes
    function_arn: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deadline_ms: int = 0
    answered: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None

    def settle(self, answer: Answer) -> None:
        """The first answer counts: one that comes after a timeout is dropped, as by Lambda."""
        if not self.answered.is_set():
            self.answer = answer
            self.answered.set()


class RuntimeApi:
    """Serves one process on a loopback port until `close`."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.init_error: Answer | None = None
        self._waiting: queue.Queue[Invocation | None] = queue.Queue()
        self._current: Invocation | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        # The interval is how long `close` waits.
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def hand_over(self, invocation: Invocation) -> None:
        self._current = invocation
        self._waiting.put(invocation)

    def next_invocation(self) -> Invocation | None:
        """Blocks until there is one; None when the server is closing."""
        self.ready.set()
        return self._waiting.get()

    def accept(self, request_id: str, answer: Answer) -> bool:
        current = self._current
        if current is None or current.request_id != request_id:
            return False
        current.settle(answer)
        return True

    def fail_initialisation(self, answer: Answer) -> None:
        self.init_error = answer
        self.ready.set()

    def close(self) -> None:
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeApi


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body go out in two writes: with Nagle's algorithm the second waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}invocation/next":
            self._answer(404)
            return
        invocation = self.server.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return
        self._answer(
            200,
            invocation.event,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-00000000-{invocation.request_id.replace('-', '')[:24]};Sampled=0",
            },
        )

    def do_POST(self) -> None:
        body = self._body()
        parts = self.path.removeprefix(_PREFIX).split("/")
        if parts == ["init", "error"]:
            self.server.api.fail_initialisation(Answer(body, error=True))
            self._answer(202, _ACCEPTED)
        elif len(parts) != 3 or parts[0] != "invocation" or parts[2] not in ("response", "error"):
            self._answer(404)
        elif self.server.api.accept(parts[1], Answer(body, error=parts[2] == "error")):
            self._answer(202, _ACCEPTED)
        else:
            self._answer(400, b'{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}')

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
