"""Whether a resource's policy lets an AWS service act on it: Lambda permissions, topic, queue and trust policies.

Source: "AWS service principals" in the IAM user guide.
"""

from __future__ import annotations

import json
from typing import Any

from .iam_policy import as_list, statement_applies, statements

Document = dict[str, Any]


def allows_service(
    policy: Document | str, service: str, action: str, resource: str | None, context: dict[str, Any]
) -> bool:
    """`service` is a principal such as `sns.amazonaws.com`. A resource of None fits any statement (a trust policy has
    no Resource). An explicit deny wins."""
    document = json.loads(policy) if isinstance(policy, str) else policy
    context = {"aws:principalisawsservice": "true", "aws:principalservicename": service, **_lower(context)}
    effects = {
        statement.get("Effect")
        for statement in statements([document])
        if _names_service(statement.get("Principal"), service)
        and statement_applies(statement, action, resource, context)
    }
    return effects == {"Allow"}


def _names_service(principal: Any, service: str) -> bool:
    if isinstance(principal, str):
        return principal == "*"
    if not isinstance(principal, dict):
        return False
    return "*" in as_list(principal.get("AWS", [])) or service in as_list(principal.get("Service", []))


def _lower(context: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in context.items()}
