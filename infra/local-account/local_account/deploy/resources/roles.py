"""AWS::IAM::Role with its inline policies."""

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


MAKERS: dict[str, Maker] = {"AWS::IAM::Role": role}
