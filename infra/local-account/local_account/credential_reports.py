"""The credential report, with the root user's row, which moto leaves out.

Source: "Generate credential reports for your AWS account" in the IAM user guide.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from moto.iam.models import IAMBackend

from .account import Account
from .patching import overlay


def install(account: Account) -> None:
    opened = datetime.now(timezone.utc).isoformat(timespec="seconds")

    @overlay(IAMBackend)
    def get_credential_report(moto: Any, self: Any) -> str:
        header, _, users = moto(self).partition("\n")
        return "\n".join((header, _root(account, opened, header.split(",")), users))


def _root(account: Account, opened: str, columns: list[str]) -> str:
    """Without MFA, without keys, never signed in: as an account is opened."""
    cells = {
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{account.account_id}:root",
        "user_creation_time": opened,
        **dict.fromkeys(("password_enabled", "password_last_changed", "password_next_rotation"), "not_supported"),
        "password_last_used": "no_information",
        **dict.fromkeys((column for column in columns if column.endswith("_active")), "false"),
    }
    return ",".join(cells.get(column, "N/A") for column in columns)
