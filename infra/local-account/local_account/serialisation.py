"""One call at a time per family of services.

moto's models are plain dictionaries and lists that its threads change without a lock. EC2, Auto Scaling and Elastic
Load Balancing call each other, so they share one lock; timers that complete a state change take it too.
"""

from __future__ import annotations

import threading
from typing import Any

from .patching import pristine, replace

COMPUTE = threading.RLock()
TABLES = threading.RLock()


def serialise(response: type, lock: threading.RLock) -> None:  # type: ignore[valid-type]
    """Runs every action of a moto response class, and the rendering of its answer, under `lock`."""
    moto = pristine(response, "call_action")

    def call_action(self: Any) -> Any:
        with lock:  # type: ignore[attr-defined]
            return moto(self)

    replace(response, "call_action", call_action)
