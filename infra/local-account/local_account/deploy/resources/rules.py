"""AWS::Events::Rule with its targets."""

from __future__ import annotations

import json

from local_account.deploy.creation import Created, Creation, Maker
from local_account.deploy.problems import DeployError


def rule(creation: Creation) -> Created:
    events, properties = creation.clients["events"], creation.properties
    name = properties.take("Name") or creation.generated_name(64)
    pattern = properties.take("EventPattern")
    given = {
        "Description": properties.take("Description"),
        "EventPattern": json.dumps(pattern) if pattern is not None else None,
        "ScheduleExpression": properties.take("ScheduleExpression"),
        "State": properties.take("State"),
    }
    arn = events.put_rule(Name=name, **{key: value for key, value in given.items() if value is not None})["RuleArn"]
    targets = properties.take("Targets", [])
    if targets:
        refused = events.put_targets(Rule=name, Targets=targets)["FailedEntries"]
        if refused:
            # PutTargets answers 200 and lists what it did not take.
            raise DeployError(*(f"{creation.logical_id}: {entry['ErrorMessage']}" for entry in refused))
    return Created(name, {"Arn": arn})


MAKERS: dict[str, Maker] = {"AWS::Events::Rule": rule}
