"""Latency and faults on demand. Root, the test itself, is spared unless a rule says `include_root`."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from .account import Account
from .calls import Call
from .principals import ROOT


@dataclass
class _Rule:
    service: str | None
    action: str | None
    include_root: bool

    def covers(self, call: Call) -> bool:
        return (
            self.service in (None, call.service)
            and self.action in (None, call.action)
            and (self.include_root or call.caller != ROOT)
        )


@dataclass
class _Latency(_Rule):
    milliseconds: float


@dataclass
class Fault(_Rule):
    error: str
    status: int | None
    times: int


class Interference:
    """Of the latencies that cover a call the last set counts; a fault is used up by the calls it fails."""

    def __init__(self, latency_ms: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._latencies = [_Latency(None, None, False, latency_ms)]
        self._faults: list[Fault] = []

    def delay(self, call: Call) -> None:
        with self._lock:
            milliseconds = next((rule.milliseconds for rule in reversed(self._latencies) if rule.covers(call)), 0.0)
        if milliseconds > 0:
            time.sleep(milliseconds / 1000)

    def fault(self, call: Call) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and fault.covers(call):
                    fault.times -= 1
                    return fault
        return None

    def install(self, account: Account) -> None:
        @account.route("POST", "latency")
        def set_latency(body: dict[str, Any]) -> dict[str, Any]:
            rule = _Latency(*_target(body), milliseconds=float(body["milliseconds"]))
            with self._lock:
                if rule.service is None and rule.action is None:
                    self._latencies.clear()
                self._latencies.append(rule)
            return {}

        @account.route("POST", "faults")
        def add_fault(body: dict[str, Any]) -> dict[str, Any]:
            fault = Fault(*_target(body), body["error"], body.get("status"), int(body.get("times", 1)))
            with self._lock:
                self._faults.append(fault)
            return {}

        @account.route("DELETE", "faults")
        def clear_faults(_: dict[str, Any]) -> dict[str, Any]:
            with self._lock:
                self._faults.clear()
            return {}


def _target(body: dict[str, Any]) -> tuple[str | None, str | None, bool]:
    return body.get("service"), body.get("action"), bool(body.get("include_root", False))
