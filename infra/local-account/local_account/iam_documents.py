"""Policy documents percent-encoded in answers, as IAM sends every one of them.

Source: PolicyVersion in the IAM API reference (RFC 3986). moto encodes those of roles and not those of policies.
"""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import quote

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from .account import Account
from .patching import overlay


def install(account: Account) -> None:
    @overlay(IamResponse)
    def get_policy_version(moto: Any, self: Any) -> Any:
        version = copy.copy(self.backend.get_policy_version(self._get_param("PolicyArn"), self._get_param("VersionId")))
        version.document = quote(version.document, safe="")
        return ActionResult({"PolicyVersion": version})
