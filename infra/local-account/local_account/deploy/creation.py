"""What the maker of one resource is given, and what it gives back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local_account.deploy.properties import Properties


class Clients:
    """boto3 clients of the account's root user, one a service; of another account's by that account's number.

    `endpoint` None leaves the choice to boto3, as in-process tests under `moto.mock_aws` want it.
    """

    def __init__(self, endpoint: str | None, region: str, access_key: str = "test") -> None:
        self._endpoint = endpoint
        self._access_key = access_key
        self._region = region
        self._made: dict[str, Any] = {}

    def __getitem__(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = boto3.client(
                service,
                region_name=self._region,
                endpoint_url=self._endpoint,
                aws_access_key_id=self._access_key,
                aws_secret_access_key="test",
                # A call that fails here is wrong, not unlucky: repeating it would only hide it for longer.
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._made[service]


@dataclass
class Creation:
    """One resource about to be made; `code` maps a function's logical id to its compiled binary."""

    stack_name: str
    logical_id: str
    properties: Properties
    clients: Clients
    account_id: str
    region: str
    code: Mapping[str, Path] = field(default_factory=dict)

    def generated_name(self, longest: int = 255) -> str:
        """A name as CloudFormation makes it up: STACK-LOGICALID-SUFFIX, the suffix the same on every run."""
        suffix = hashlib.sha256(f"{self.stack_name}/{self.logical_id}".encode()).hexdigest()[:12].upper()
        return f"{self.stack_name}-{self.logical_id}"[: longest - 13] + "-" + suffix


@dataclass(frozen=True)
class Created:
    """`ref` is what `Ref` gives, the physical id; `attributes` what `Fn::GetAtt` gives."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


Maker = Callable[[Creation], Created]
