"""The functions' and the people's IAM policies as files: `python -m local_account.deploy.policies --write | --check`.

One file a policy, taken from template.yaml, so that a change of power shows in a review as a change of policy.
References stay as `${LogicalId}` or `${LogicalId.Attribute}`, and statements that a parameter switches on are in.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local_account.deploy import template as templates
from local_account.deploy.intrinsics import NO_VALUE, Reference, Resolver
from local_account.deploy.problems import DeployError

PROJECT = Path(__file__).parents[4]
TEMPLATE = PROJECT / "template.yaml"
POLICIES = PROJECT / "infra" / "policies"


class _AllHold(dict[str, Any]):
    """Conditions that are all true: the policies on file are the widest that can be deployed."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Any:
        return {"Fn::Equals": ["", ""]}


def _placeholder(reference: Reference) -> Any:
    if reference.logical_id == "AWS::NoValue":
        return NO_VALUE
    name = reference.logical_id if reference.attribute is None else f"{reference.logical_id}.{reference.attribute}"
    return "${" + name + "}"


def policies(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Policy name → document, for every policy of the template.

    Raises `DeployError` where two policies bear the same name: one file could not hold both.
    """
    resolver = Resolver(parameters={}, pseudo={}, conditions=_AllHold(), lookup=_placeholder)
    found: dict[str, dict[str, Any]] = {}
    for logical_id, resource in template["Resources"].items():
        for name, document in _documents(logical_id, resource):
            if name in found:
                raise DeployError(f"two policies are named {name}")
            found[name] = resolver.resolve(document)
    return found


def _documents(logical_id: str, resource: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """A role's inline policies by name; a managed policy, which is for people, by its logical id: `viewer`."""
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::IAM::ManagedPolicy":
        yield logical_id.removesuffix("Policy").lower(), properties["PolicyDocument"]
    if resource["Type"] == "AWS::IAM::Role":
        for policy in properties.get("Policies", []):
            yield policy["PolicyName"], policy["PolicyDocument"]


def files(template: Path = TEMPLATE) -> dict[str, str]:
    """File name → text of every policy."""
    documents = policies(templates.load(str(template)))
    return {f"{name}.json": json.dumps(document, indent=2) + "\n" for name, document in documents.items()}


def differences(directory: Path, expected: dict[str, str]) -> list[str]:
    """What `directory` has too few, too many or different; empty if it agrees."""
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    problems = [f"{name} is missing" for name in expected if name not in present]
    problems += [f"{name} is no policy of the template" for name in present if name not in expected]
    problems += [
        f"{name} differs from the template" for name, text in expected.items() if present.get(name, text) != text
    ]
    return sorted(problems)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local_account.deploy.policies", description="IAM policies as files")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write infra/policies from template.yaml")
    what.add_argument("--check", action="store_true", help="fail if infra/policies differs from template.yaml")
    chosen = parser.parse_args(arguments)
    expected = files()
    if chosen.write:
        for name, text in expected.items():
            (POLICIES / name).write_text(text, encoding="utf-8")
    problems = differences(POLICIES, expected)
    for problem in problems:
        print(f"infra/policies: {problem}; run with --write", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
