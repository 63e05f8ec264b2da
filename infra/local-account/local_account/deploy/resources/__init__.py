"""Which resource types can be deployed, by whom each is made, and which properties have no effect here."""

from __future__ import annotations

from local_account.deploy.creation import Maker
from local_account.deploy.resources import (
    alarms,
    buckets,
    functions,
    keys,
    logs,
    queues,
    roles,
    rules,
    tables,
    topics,
)

MAKERS: dict[str, Maker] = {
    **alarms.MAKERS,
    **buckets.MAKERS,
    **functions.MAKERS,
    **keys.MAKERS,
    **logs.MAKERS,
    **queues.MAKERS,
    **roles.MAKERS,
    **rules.MAKERS,
    **tables.MAKERS,
    **topics.MAKERS,
}

# Type -> property -> why leaving it out changes nothing in a local account.
WITHOUT_EFFECT: dict[str, dict[str, str]] = {
    "AWS::KMS::Key": {
        "PendingWindowInDays": "it delays the deletion of a key, and a local account is thrown away whole",
    },
    "AWS::Lambda::Function": {
        "LoggingConfig": "a local function always logs to /aws/lambda/NAME, which the template names too",
    },
}
