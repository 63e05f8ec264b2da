"""Which operation a REST request is: S3, Lambda and their like name it only by method, path and query string.

The bindings are read from botocore's service models, so none is written down here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import botocore.session
from botocore.exceptions import UnknownServiceError

# A marker that some SDKs add; it chooses no operation.
_IGNORED_QUERY = {"x-id"}


@dataclass(frozen=True)
class _Binding:
    action: str
    method: str
    path: re.Pattern[str]
    labels: tuple[str, ...]
    literals: int
    query: dict[str, str | None]
    headers: frozenset[str]

    def specificity(self) -> tuple[int, int]:
        return len(self.query) + len(self.headers), self.literals


def match_operation(
    service: str, method: str, path: str, query: str, headers: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    """The operation's name and the values its path and query string bind; `METHOD path` if no operation fits."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    path = path.rstrip("/") or "/"
    fitting = [
        (binding, match)
        for binding in _bindings(service)
        if binding.method == method
        and (match := binding.path.fullmatch(path))
        and all(name in given and value in (None, given[name]) for name, value in binding.query.items())
        and all(name in headers for name in binding.headers)
    ]
    if not fitting:
        return f"{method} {path}", given
    binding, match = max(fitting, key=lambda pair: pair[0].specificity())
    return binding.action, {**given, **dict(zip(binding.labels, match.groups()))}


@lru_cache(maxsize=None)
def _bindings(service: str) -> tuple[_Binding, ...]:
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return ()
    return tuple(_binding(model.operation_model(name)) for name in model.operation_names)


def _binding(operation: Any) -> _Binding:
    uri, _, static_query = operation.http["requestUri"].partition("?")
    labels = tuple(label.rstrip("+") for label in re.findall(r"{(.+?)}", uri))
    pattern = "".join(
        ("(.+)" if part.endswith("+}") else "([^/]+)") if part.startswith("{") else re.escape(part)
        for part in re.split(r"({.+?})", uri)
    )
    query: dict[str, str | None] = {
        name: value or None
        for name, value in parse_qsl(static_query, keep_blank_values=True)
        if name not in _IGNORED_QUERY
    }
    headers = set()
    shape = operation.input_shape
    for member in shape.required_members if shape else ():
        serialization = shape.members[member].serialization
        if serialization.get("location") == "querystring":
            query.setdefault(serialization["name"], None)
        elif serialization.get("location") == "header":
            headers.add(serialization["name"].lower())
    literals = len(re.sub(r"{.+?}", "", uri))
    path = re.compile(pattern.rstrip("/") or "/")
    return _Binding(operation.name, operation.http["method"], path, labels, literals, query, frozenset(headers))
