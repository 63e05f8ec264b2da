"""The door `POST delays`: how many seconds state changes take from now on."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from .account import Account


def install(account: Account) -> None:
    @account.route("POST", "delays")
    def set_delays(body: dict[str, Any]) -> dict[str, float]:
        """{detach_seconds?, stop_seconds?, start_seconds?, snapshot_seconds?, launch_seconds?,
        trail_seconds?} → all of them."""
        for delay in fields(account.delays):
            seconds = body.get(f"{delay.name}_seconds")
            if seconds is not None:
                setattr(account.delays, delay.name, float(seconds))
        return {f"{name}_seconds": seconds for name, seconds in asdict(account.delays).items()}
