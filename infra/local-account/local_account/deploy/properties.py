"""A resource's properties, read so that none can be overlooked."""

from __future__ import annotations

from typing import Any

from local_account.deploy.problems import DeployError


class Properties:
    """What a resource's maker takes its properties from.

    Every property must be taken; `finish` raises with those that were not, nested ones included.
    """

    def __init__(self, path: str, values: dict[str, Any]) -> None:
        self._path = path
        self._left = dict(values)
        self._nested: list[Properties] = []

    def take(self, name: str, default: Any = None) -> Any:
        """The property's value, or `default` where the template does not set it."""
        return self._left.pop(name, default)

    def require(self, name: str) -> Any:
        if name not in self._left:
            raise DeployError(f"{self._path} has no {name}")
        return self._left.pop(name)

    def nested(self, name: str) -> Properties:
        """A property that is a map itself; empty where the template does not set it."""
        inner = Properties(f"{self._path}.{name}", self._left.pop(name, {}))
        self._nested.append(inner)
        return inner

    def rest(self) -> dict[str, Any]:
        """All that is left: for an API whose parameters bear the properties' names, and which refuses unknown ones."""
        rest, self._left = self._left, {}
        return rest

    def problems(self) -> list[str]:
        own = [f"{self._path}.{name} is not supported by the local account" for name in self._left]
        return own + [problem for inner in self._nested for problem in inner.problems()]

    def finish(self) -> None:
        problems = self.problems()
        if problems:
            raise DeployError(*problems)
