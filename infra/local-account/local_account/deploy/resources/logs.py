"""AWS::Logs::LogGroup."""

from __future__ import annotations

from local_account.deploy.creation import Created, Creation, Maker


def log_group(creation: Creation) -> Created:
    logs, properties = creation.clients["logs"], creation.properties
    name = properties.take("LogGroupName") or creation.generated_name(512)
    key = properties.take("KmsKeyId")
    logs.create_log_group(logGroupName=name, **({"kmsKeyId": key} if key else {}))
    days = properties.take("RetentionInDays")
    if days is not None:
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
    # AWS's own attribute ends in `:*`: it names the group's streams, which is what a role needs.
    return Created(name, {"Arn": f"arn:aws:logs:{creation.region}:{creation.account_id}:log-group:{name}:*"})


MAKERS: dict[str, Maker] = {"AWS::Logs::LogGroup": log_group}
