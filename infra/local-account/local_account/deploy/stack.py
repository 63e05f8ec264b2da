"""A deployment from start to end: translate, check everything that can be checked, then make each resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_account.deploy import template as templates
from local_account.deploy.creation import Clients, Created, Creation
from local_account.deploy.intrinsics import Reference, Resolver
from local_account.deploy.ordering import creation_order
from local_account.deploy.parameters import as_text, parameter_values
from local_account.deploy.problems import DeployError
from local_account.deploy.properties import Properties
from local_account.deploy.resources import MAKERS, WITHOUT_EFFECT
from local_account.deploy.rules import broken_rules

SECTIONS = {
    "AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs", "Parameters", "Resources",
    "Rules",
}  # fmt: skip
# Besides Type and Properties; the policies say what happens on deletion, and a local account is thrown away whole.
RESOURCE_ATTRIBUTES = {
    "Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy",
}  # fmt: skip


@dataclass(frozen=True)
class Resource:
    type: str
    physical_id: str
    attributes: Mapping[str, str]


@dataclass
class Stack:
    """What was deployed; `resources` by logical id, in the order in which they were made.

    `parameters` are all values as text, those with NoEcho masked.
    """

    name: str
    description: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    parameters: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    output_descriptions: dict[str, str] = field(default_factory=dict)


def deploy(
    source: str | dict[str, Any],
    parameters: Mapping[str, Any],
    code: Mapping[str, str | Path],
    clients: Clients,
    *,
    stack_name: str = "cordon",
    account_id: str = "123456789012",
    region: str = "us-east-1",
) -> Stack:
    """Deploys a SAM template: its text, its path, or what `template.load` made of it.

    `code` maps a function's logical id to its compiled binary. Raises `DeployError`: before anything is made where a
    parameter, a type or a reference is wrong; at a resource with an unsupported property, or one that its API refuses,
    with those made by then left in place.
    """
    written = templates.load(source) if isinstance(source, str) else source
    values = parameter_values(written.get("Parameters", {}), dict(parameters))
    if broken := broken_rules(written.get("Rules", {}), values):
        raise DeployError(*broken)
    plain = templates.translate(written, {name: as_text(value) for name, value in parameters.items()}, region)
    stack = Stack(stack_name, plain.get("Description", ""), parameters=_shown(written.get("Parameters", {}), values))
    resolver = Resolver(
        parameters=values,
        pseudo=pseudo_parameters(stack_name, account_id, region),
        conditions=plain.get("Conditions", {}),
        mappings=plain.get("Mappings", {}),
        lookup=lambda reference: _attribute(stack, reference),
    )
    wanted = _checked(plain, resolver, code)
    binaries = {logical_id: Path(path) for logical_id, path in code.items()}
    for logical_id in creation_order(wanted, resolver):
        resource = wanted[logical_id]
        properties = Properties(logical_id, resolver.resolve(_with_effect(resource)))
        creation = Creation(stack_name, logical_id, properties, clients, account_id, region, binaries)
        made = _make(resource["Type"], creation)
        stack.resources[logical_id] = Resource(resource["Type"], made.ref, made.attributes)
    for name, output in plain.get("Outputs", {}).items():
        if "Condition" not in output or resolver.holds(output["Condition"]):
            stack.outputs[name] = as_text(resolver.resolve(output["Value"]))
            stack.output_descriptions[name] = output.get("Description", "")
    return stack


def _shown(declared: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:
    return {
        name: "****" if as_text(declared[name].get("NoEcho", False)) == "true" else as_text(value)
        for name, value in values.items()
    }


def pseudo_parameters(stack_name: str, account_id: str, region: str) -> dict[str, Any]:
    return {
        "AWS::AccountId": account_id,
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackId": f"arn:aws:cloudformation:{region}:{account_id}:stack/{stack_name}/local",
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }


def _checked(plain: dict[str, Any], resolver: Resolver, code: Mapping[str, Any]) -> dict[str, Any]:
    """The resources whose condition holds, after everything that can be told without making any was found right."""
    problems = [f"template section {name} is not supported" for name in sorted(set(plain) - SECTIONS)]
    functions = {name for name, resource in plain["Resources"].items() if resource["Type"] == "AWS::Lambda::Function"}
    problems += [f"code is given for {name}, which is no function" for name in sorted(set(code) - functions)]
    for logical_id, resource in plain["Resources"].items():
        if resource["Type"] not in MAKERS:
            problems.append(f"{logical_id}: resource type {resource['Type']} is not supported")
        unknown = sorted(set(resource) - RESOURCE_ATTRIBUTES)
        problems += [f"{logical_id}: resource attribute {name} is not supported" for name in unknown]
    if problems:
        raise DeployError(*problems)
    return {
        logical_id: resource
        for logical_id, resource in plain["Resources"].items()
        if "Condition" not in resource or resolver.holds(resource["Condition"])
    }


def _with_effect(resource: dict[str, Any]) -> dict[str, Any]:
    without = WITHOUT_EFFECT.get(resource["Type"], {})
    return {name: value for name, value in resource.get("Properties", {}).items() if name not in without}


def _make(kind: str, creation: Creation) -> Created:
    try:
        made = MAKERS[kind](creation)
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"{creation.logical_id} ({kind}) is refused: {error}") from error
    creation.properties.finish()
    return made


def _attribute(stack: Stack, reference: Reference) -> str:
    resource = stack.resources.get(reference.logical_id)
    if resource is None:
        raise DeployError(f"{reference.logical_id} is not deployed")
    if reference.attribute is None:
        return resource.physical_id
    if reference.attribute not in resource.attributes:
        raise DeployError(f"{resource.type} {reference.logical_id} has no attribute {reference.attribute} here")
    return resource.attributes[reference.attribute]
