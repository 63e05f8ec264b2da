"""One thing that a request needs permission for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Authorization:
    """An IAM action such as `ec2:CreateTags`, the ARN it is done to or `*`, and the condition keys it alone has."""

    action: str
    resource: str
    context: dict[str, Any] = field(default_factory=dict)


def resource_tags(service: str, tags: dict[str, str]) -> dict[str, str]:
    """`aws:ResourceTag/KEY` and the service's own older form of it."""
    return {f"{prefix}:ResourceTag/{key}": value for key, value in tags.items() for prefix in ("aws", service)}


def request_tags(tags: Mapping[str, str | None]) -> dict[str, Any]:
    """`aws:RequestTag/KEY` and `aws:TagKeys`, absent where the request has no tags. A tag to delete may have a key
    and no value."""
    if not tags:
        return {}
    values = {f"aws:RequestTag/{key}": value for key, value in tags.items() if value is not None}
    return {**values, "aws:TagKeys": list(tags)}
