"""CloudFormation's intrinsic functions, resolved against parameters and the resources made so far.

Source: "Intrinsic function reference", AWS CloudFormation Template Reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_account.deploy.parameters import as_text
from local_account.deploy.problems import DeployError

PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")
NO_VALUE = object()


@dataclass(frozen=True)
class Reference:
    """One mention of something by its logical id; `attribute` is None for `Ref`."""

    logical_id: str
    attribute: str | None = None


@dataclass
class Resolver:
    """Turns template values into plain ones.

    `lookup` answers a reference to a resource; references to parameters and pseudo parameters never reach it.
    """

    parameters: Mapping[str, Any]
    pseudo: Mapping[str, Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    lookup: Callable[[Reference], Any] = field(default=lambda reference: _undefined(reference))

    def resolve(self, value: Any) -> Any:
        """`value` without intrinsic functions. What resolves to AWS::NoValue is left out of its list or map."""
        function = function_of(value)
        if function is not None:
            name, argument = function
            if name not in FUNCTIONS:
                raise DeployError(f"intrinsic function {name} is not supported")
            return FUNCTIONS[name](self, argument)
        if isinstance(value, dict):
            resolved = {key: self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        return value

    def holds(self, condition: str) -> bool:
        """Whether a named condition of the template is true."""
        if condition not in self.conditions:
            raise DeployError(f"condition {condition} is not in the template")
        return bool(self.resolve(self.conditions[condition]))

    def refer(self, reference: Reference) -> Any:
        name = reference.logical_id
        if reference.attribute is None:
            if name == "AWS::NoValue":
                return NO_VALUE
            if name in self.pseudo:
                return self.pseudo[name]
            if name in self.parameters:
                return self.parameters[name]
        return self.lookup(reference)

    def mentions(self, value: Any) -> Iterator[Reference]:
        """Every reference in `value`, only in those branches of Fn::If that are taken."""
        function = function_of(value)
        if function is None:
            items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            for item in items:
                yield from self.mentions(item)
            return
        name, argument = function
        if name == "Ref":
            yield Reference(argument)
        elif name == "Fn::GetAtt":
            yield get_att(argument)
        elif name == "Fn::If":
            yield from self.mentions(argument[1] if self.holds(argument[0]) else argument[2])
        elif name == "Fn::Sub":
            text, own = sub_parts(argument)
            yield from (reference for reference in placeholders(text) if reference.logical_id not in own)
            yield from self.mentions(own)
        else:
            yield from self.mentions(argument)


def function_of(value: Any) -> tuple[str, Any] | None:
    """The name and argument of an intrinsic function; None for a plain value."""
    if isinstance(value, dict) and len(value) == 1:
        name, argument = next(iter(value.items()))
        if name == "Ref" or (name == "Condition" and isinstance(argument, str)) or name.startswith("Fn::"):
            return name, argument
    return None


def get_att(argument: Any) -> Reference:
    logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return Reference(logical_id, attribute)


def sub_parts(argument: Any) -> tuple[str, dict[str, Any]]:
    return (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])


def placeholders(text: str) -> Iterator[Reference]:
    """The references in the text of an Fn::Sub; `${!Literal}` is none."""
    for literal, name in PLACEHOLDER.findall(text):
        if not literal:
            logical_id, _, attribute = name.partition(".")
            yield Reference(logical_id, attribute or None)


def _sub(resolver: Resolver, argument: Any) -> str:
    text, own = sub_parts(argument)

    def replacement(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return "${" + name + "}"
        if name in own:
            return as_text(resolver.resolve(own[name]))
        logical_id, _, attribute = name.partition(".")
        return as_text(resolver.refer(Reference(logical_id, attribute or None)))

    return PLACEHOLDER.sub(replacement, text)


def _if(resolver: Resolver, argument: list[Any]) -> Any:
    condition, then, otherwise = argument
    return resolver.resolve(then if resolver.holds(condition) else otherwise)


def _join(resolver: Resolver, argument: list[Any]) -> str:
    separator, items = argument
    return separator.join(as_text(item) for item in resolver.resolve(items))


def _select(resolver: Resolver, argument: list[Any]) -> Any:
    index, items = resolver.resolve(argument)
    if not 0 <= int(index) < len(items):
        raise DeployError(f"Fn::Select asks for item {index} of {len(items)}")
    return items[int(index)]


def _equals(resolver: Resolver, argument: list[Any]) -> bool:
    left, right = resolver.resolve(argument)
    return as_text(left) == as_text(right)


def _find_in_map(resolver: Resolver, argument: list[Any]) -> Any:
    found: Any = resolver.mappings
    for key in resolver.resolve(argument):
        if key not in found:
            raise DeployError(f"Fn::FindInMap finds no {key}")
        found = found[key]
    return found


def _split(resolver: Resolver, argument: list[Any]) -> list[str]:
    separator, text = resolver.resolve(argument)
    return as_text(text).split(separator)


def _undefined(reference: Reference) -> Any:
    raise DeployError(f"{reference.logical_id} is neither a parameter nor a resource")


FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Condition": lambda resolver, name: resolver.holds(name),
    "Fn::And": lambda resolver, argument: all(resolver.resolve(item) for item in argument),
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": lambda resolver, argument: resolver.refer(get_att(argument)),
    "Fn::If": _if,
    "Fn::Join": _join,
    "Fn::Not": lambda resolver, argument: not resolver.resolve(argument[0]),
    "Fn::Or": lambda resolver, argument: any(resolver.resolve(item) for item in argument),
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Ref": lambda resolver, name: resolver.refer(Reference(name)),
}
