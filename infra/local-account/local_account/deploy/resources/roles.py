"""AWS::IAM::Role with its inline policies, and AWS::IAM::ManagedPolicy for people."""

from __future__ import annotations

import json

from local_account.deploy.creation import Created, Creation, Maker


def role(creation: Creation) -> Created:
    iam, properties = creation.clients["iam"], creation.properties
    name = properties.take("RoleName") or creation.generated_name(64)
    made = iam.create_role(
        RoleName=name,
        Path=properties.take("Path", "/"),
        Description=properties.take("Description", ""),
        AssumeRolePolicyDocument=json.dumps(properties.require("AssumeRolePolicyDocument")),
        Tags=properties.take("Tags", []),
    )["Role"]
    for policy in properties.take("Policies", []):
        iam.put_role_policy(
            RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=json.dumps(policy["PolicyDocument"])
        )
    return Created(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})


def managed_policy(creation: Creation) -> Created:
    properties = creation.properties
    made = creation.clients["iam"].create_policy(
        PolicyName=properties.take("ManagedPolicyName") or creation.generated_name(128),
        Path=properties.take("Path", "/"),
        Description=properties.take("Description", ""),
        PolicyDocument=json.dumps(properties.require("PolicyDocument")),
    )["Policy"]
    return Created(made["Arn"], {"PolicyArn": made["Arn"]})


MAKERS: dict[str, Maker] = {"AWS::IAM::Role": role, "AWS::IAM::ManagedPolicy": managed_policy}
