"""boto3 clients of the root caller, for programs beside the account: a second SDK, which no function uses."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config


class RootClients:
    def __init__(self, endpoint: str, region: str = "us-east-1"):
        self._endpoint, self._region = endpoint, region

    @cache
    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._endpoint,
            region_name=self._region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
