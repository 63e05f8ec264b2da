"""Replaces moto's methods so that installing an overlay twice does not wrap it twice.

Every overlay goes through `replace`, which hands it moto's own implementation, never an earlier overlay's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_PRISTINE: dict[tuple[type, str], Any] = {}


def pristine(owner: type, name: str) -> Any:
    """What `owner.name` was before the local account touched it."""
    return _PRISTINE.get((owner, name), getattr(owner, name, None))


def replace(owner: type, name: str, value: Any) -> None:
    """Sets `owner.name`, remembering the first value it had."""
    _PRISTINE.setdefault((owner, name), getattr(owner, name, None))
    setattr(owner, name, value)


def overlay(owner: type, name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates `replacement(moto, self, ...)`: `moto` is the original function, `self` the moto object."""

    def decorate(replacement: Callable[..., Any]) -> Callable[..., Any]:
        method = name or replacement.__name__
        moto = pristine(owner, method)

        def replaced(self: Any, *args: Any, **kwargs: Any) -> Any:
            return replacement(moto, self, *args, **kwargs)

        replaced.__name__ = method
        replace(owner, method, replaced)
        return replacement

    return decorate
