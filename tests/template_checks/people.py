"""What people get, and nothing beside it."""

from __future__ import annotations

from functools import partial
from typing import Any

from local_account.iam_policy import Decision, evaluate
from tests.template_checks.deployed import ACCOUNT, Deployed, check

INVOKE = "lambda:InvokeFunction"
FUNCTIONS = ("ContainInstance", "ReconcileIncidents", "ReleaseInstance", "RevokeCredentials")
MAY_ASK = {"OperatorPolicy": {"ContainInstance", "ReleaseInstance"}, "ApproverPolicy": {"ContainInstance"}}


def document(deployed: Deployed, policy: str) -> dict[str, Any]:
    iam, arn = deployed.clients["iam"], deployed.id(policy)
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def may(deployed: Deployed, policy: str, action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    return evaluate([document(deployed, policy)], action, resource, context or {}) is Decision.ALLOWED


def it_asks_its_functions_and_does_nothing_else(policy: str, deployed: Deployed) -> None:
    assert policy in deployed.stack.resources, f"{policy} is missing"
    asked = {name for name in FUNCTIONS if may(deployed, policy, INVOKE, deployed.arn(f"{name}Function"))}
    assert asked == MAY_ASK[policy]
    assert {statement["Action"] for statement in document(deployed, policy)["Statement"]} == {INVOKE}


for name in MAY_ASK:
    check(name)(partial(it_asks_its_functions_and_does_nothing_else, name))


@check("ViewerPolicy")
def a_viewer_reads_the_record_and_changes_nothing(deployed: Deployed) -> None:
    assert "ViewerPolicy" in deployed.stack.resources, "there is no policy for viewers"
    table, bucket = deployed.arn("JournalTable"), deployed.arn("EvidenceBucket")
    assert may(deployed, "ViewerPolicy", "dynamodb:Query", f"{table}/index/listed-incidents")
    assert may(deployed, "ViewerPolicy", "dynamodb:GetItem", table)
    assert may(deployed, "ViewerPolicy", "s3:GetObjectVersion", f"{bucket}/evidence/inc-1/x", {"aws:ResourceAccount": ACCOUNT})
    assert may(deployed, "ViewerPolicy", "kms:GetPublicKey", deployed.arn("SigningKey"))
    verbs = ("BatchGet", "Describe", "Get", "List", "Query", "Lookup", "Decrypt")
    for statement in document(deployed, "ViewerPolicy")["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert all(action.split(":")[1].startswith(verbs) for action in actions), actions
