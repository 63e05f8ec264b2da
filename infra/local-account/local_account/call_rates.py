"""Rates that AWS publishes for an account and Region, enforced where a test asks for it.

Source: "CloudWatch service quotas" in the CloudWatch user guide: transactions a second. Off at first, so that no test is
slowed that is not about them; root, the test itself, is spared.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from typing import Any

from .account import Account
from .calls import Call
from .principals import ROOT

PUBLISHED = {
    "PutMetricAlarm": 3,
    "DeleteAlarms": 3,
    "EnableAlarmActions": 3,
    "DisableAlarmActions": 3,
    "DescribeAlarms": 9,
    "PutAnomalyDetector": 10,
    "DeleteAnomalyDetector": 5,
    "DescribeAnomalyDetectors": 10,
}


class Rates:
    def __init__(self, clock: Any = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rates: dict[str, float] = {}
        self._recent: dict[str, deque[float]] = defaultdict(deque)

    def exceeded(self, call: Call) -> bool:
        """Whether this call is one too many of the last second. What is throttled does not count."""
        if call.service != "cloudwatch" or call.caller == ROOT:
            return False
        with self._lock:
            rate = self._rates.get(call.action)
            if rate is None:
                return False
            now, recent = self._clock(), self._recent[call.action]
            while recent and now - recent[0] >= 1:
                recent.popleft()
            if len(recent) >= rate:
                return True
            recent.append(now)
            return False

    def enforce(self, rates: dict[str, float]) -> None:
        with self._lock:
            self._rates = dict(rates)

    def install(self, account: Account) -> None:
        @account.route("POST", "rates")
        def set_rates(body: dict[str, Any]) -> dict[str, float]:
            """{enforced: bool, rates{ACTION: a second}?} → what is enforced: the published rates, with these in their place."""
            rates = {**PUBLISHED, **body.get("rates", {})} if body.get("enforced") else {}
            self.enforce(rates)
            return rates
