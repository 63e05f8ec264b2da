"""Who may assume a role: what its trust policy says about a principal of the account.

Source: "Role trust policies" and "Evaluating identity-based policies with resource-based policies" in the IAM user
guide. A policy that names the principal is enough; one that trusts the account leaves it to the principal's own
policies.
"""

from __future__ import annotations

import json
from typing import Any

from .iam_policy import Decision, Document, as_list, statement_applies, statements
from .principals import Principal

ASSUME_ROLE = "sts:AssumeRole"


def decide_trust(
    role: Any, account_id: str, principal: Principal, context: dict[str, Any]
) -> tuple[Decision, list[Document]]:
    """What the trust policy of `role` says, and the policies that it adds to the principal's own."""
    context = {key.lower(): value for key, value in context.items()}
    itself = {principal.arn, principal.context["aws:PrincipalArn"]}
    whole_account = {"*", account_id, f"arn:aws:iam::{account_id}:root"}
    effects, granted = set(), []
    for statement in statements([json.loads(role.assume_role_policy_document)]):
        named = principals_named(statement)
        if named & (itself | whole_account) and statement_applies(statement, ASSUME_ROLE, None, context):
            effects.add(statement.get("Effect"))
            if named & itself:
                granted.append({"Statement": {"Effect": "Allow", "Action": ASSUME_ROLE, "Resource": role.arn}})
    if "Deny" in effects:
        return Decision.DENIED, []
    return (Decision.ALLOWED, granted) if "Allow" in effects else (Decision.NOT_ALLOWED, [])


def principals_named(statement: dict[str, Any]) -> set[str]:
    """The AWS principals of a resource policy's statement, `*` for everybody."""
    principal = statement.get("Principal")
    return set(as_list(principal.get("AWS", [])) if isinstance(principal, dict) else as_list(principal))
