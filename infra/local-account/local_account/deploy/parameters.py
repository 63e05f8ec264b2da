"""A template's parameters: defaults, and the checks CloudFormation makes before it touches anything."""

from __future__ import annotations

import re
from typing import Any

from local_account.deploy.problems import DeployError

TYPES = {"String", "Number", "CommaDelimitedList"}
CONSTRAINTS = {"AllowedPattern", "AllowedValues", "MaxLength", "MaxValue", "MinLength", "MinValue"}
DESCRIPTIVE = {"ConstraintDescription", "Default", "Description", "NoEcho", "Type"}


def parameter_values(declared: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What `Ref` gives for each parameter: text, a number, or a list of texts.

    Raises `DeployError` with every unknown name, missing value and broken constraint.
    """
    problems = [f"parameter {name} is not in the template" for name in given if name not in declared]
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        if name not in given and "Default" not in declaration:
            problems.append(f"parameter {name} has no value and no default")
            continue
        text = as_text(given.get(name, declaration.get("Default")))
        found = [f"parameter {name}: {problem}" for problem in _problems(declaration, text)]
        problems.extend(found)
        if not found:
            values[name] = _value(declaration["Type"], text)
    if problems:
        raise DeployError(*problems)
    return values


def as_text(value: Any) -> str:
    """A value as CloudFormation writes it: parameters are texts, whatever YAML made of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(as_text(item) for item in value)
    return str(value)


def _value(kind: str, text: str) -> Any:
    if kind == "Number":
        return float(text) if "." in text else int(text)
    if kind == "CommaDelimitedList":
        return [item.strip() for item in text.split(",")]
    return text


def _problems(declaration: dict[str, Any], text: str) -> list[str]:
    kind = declaration.get("Type")
    if kind not in TYPES:
        return [f"type {kind} is not supported"]
    unknown = set(declaration) - CONSTRAINTS - DESCRIPTIVE
    if unknown:
        return [f"{name} is not supported" for name in sorted(unknown)]
    items = _value(kind, text) if kind == "CommaDelimitedList" else [text]
    return [problem for item in items for problem in _item_problems(declaration, item)]


def _item_problems(declaration: dict[str, Any], item: str) -> list[str]:
    problems = []
    allowed = declaration.get("AllowedValues")
    if allowed is not None and item not in [as_text(value) for value in allowed]:
        problems.append(f"{item!r} is none of {', '.join(as_text(value) for value in allowed)}")
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and re.fullmatch(pattern, item) is None:
        problems.append(f"{item!r} does not match {pattern}")
    if len(item) < int(declaration.get("MinLength", 0)):
        problems.append(f"{item!r} is shorter than {declaration['MinLength']}")
    if "MaxLength" in declaration and len(item) > int(declaration["MaxLength"]):
        problems.append(f"{item!r} is longer than {declaration['MaxLength']}")
    return problems + (_number_problems(declaration, item) if declaration["Type"] == "Number" else [])


def _number_problems(declaration: dict[str, Any], item: str) -> list[str]:
    if re.fullmatch(r"-?\d+(\.\d+)?", item) is None:
        return [f"{item!r} is not a number"]
    number = float(item)
    problems = []
    if "MinValue" in declaration and number < float(declaration["MinValue"]):
        problems.append(f"{item} is less than {declaration['MinValue']}")
    if "MaxValue" in declaration and number > float(declaration["MaxValue"]):
        problems.append(f"{item} is more than {declaration['MaxValue']}")
    return problems
