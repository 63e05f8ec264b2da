"""In which order a template's resources are made: what is referred to comes first."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from local_account.deploy.intrinsics import Resolver
from local_account.deploy.problems import DeployError


def creation_order(resources: Mapping[str, Any], resolver: Resolver) -> list[str]:
    """Logical ids, dependencies first; `resources` are those whose condition holds.

    Raises `DeployError` with every reference to something that is not there, or with the cycle.
    """
    graph: dict[str, set[str]] = {}
    problems = []
    for logical_id, resource in resources.items():
        wanted = {reference.logical_id for reference in resolver.mentions(resource.get("Properties", {}))}
        wanted -= set(resolver.parameters) | set(resolver.pseudo) | {"AWS::NoValue"}
        depends_on = resource.get("DependsOn", [])
        wanted |= {depends_on} if isinstance(depends_on, str) else set(depends_on)
        problems += [f"{logical_id} refers to {name}, which is not deployed" for name in sorted(wanted - set(resources))]
        graph[logical_id] = wanted
    if problems:
        raise DeployError(*problems)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise DeployError(f"resources refer to each other in a circle: {' -> '.join(error.args[1])}") from error
