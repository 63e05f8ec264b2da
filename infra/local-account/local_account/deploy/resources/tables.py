"""AWS::DynamoDB::Table."""

from __future__ import annotations

from typing import Any

from local_account.deploy.creation import Created, Creation, Maker


def table(creation: Creation) -> Created:
    dynamodb, properties = creation.clients["dynamodb"], creation.properties
    name = properties.take("TableName") or creation.generated_name()
    recovery = properties.take("PointInTimeRecoverySpecification")
    time_to_live = properties.take("TimeToLiveSpecification")
    # CreateTable's parameters bear the names of the properties that are left.
    parameters: dict[str, Any] = {"TableName": name, **properties.rest()}
    if "SSESpecification" in parameters:
        parameters["SSESpecification"] = encryption(parameters["SSESpecification"])
    arn = dynamodb.create_table(**parameters)["TableDescription"]["TableArn"]
    if recovery is not None:
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    if time_to_live is not None:
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=time_to_live)
    return Created(name, {"Arn": arn})


def encryption(specification: dict[str, Any]) -> dict[str, Any]:
    """The same specification under the name that DynamoDB's API gives its switch."""
    names = {"SSEEnabled": "Enabled"}
    return {names.get(name, name): value for name, value in specification.items()}


MAKERS: dict[str, Maker] = {"AWS::DynamoDB::Table": table}
