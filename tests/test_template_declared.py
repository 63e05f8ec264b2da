"""What the code says it calls is exactly what the roles allow: every permission has a step or a purpose behind it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local_account.deploy.policies import POLICIES

ROOT = POLICIES.parents[1]
STEPS = ROOT / "shared" / "containment" / "src" / "step.rs"
ENROLMENT = ROOT / "shared" / "enrolment" / "src" / "actions.rs"
ACCESS = ROOT / "shared" / "ports" / "src" / "access.rs"
ADAPTERS = ROOT / "shared" / "aws-adapters" / "src"
OWN_ACTIONS = {
    "contain-instance": "CONTAIN_ACTIONS",
    "reconcile-incidents": "RECONCILE_ACTIONS",
    "release-instance": "RELEASE_ACTIONS",
    "enroll-fleet": "ENROL_ACTIONS",
    "measure-fleet": "MEASURE_ACTIONS",
    "audit-access": "AUDIT_ACTIONS",
}
# Those that keep incidents: they write evidence, sign the record and tell people.
INCIDENTS = ("contain-instance", "reconcile-incidents", "release-instance")
# Those that take a plan's steps; release-instance undoes them.
CONTAINERS = ("contain-instance", "reconcile-incidents")
# What EC2 needs of release-instance to act in its name: the role that it passes. The grant on volumes is in OF_VOLUMES.
ON_BEHALF = {"release-instance": {"iam:PassRole"}}
# Only the command makes these, with a person's credentials.
OF_PEOPLE = {"kms:GetPublicKey", "lambda:GetFunctionConfiguration", "s3:GetObjectVersion", "s3:ListBucketVersions"}
# Proves who asks; STS lets everybody.
WITHOUT_PERMISSION = {"sts:GetCallerIdentity"}
# Tells an object that is missing from one that is refused.
OF_NO_CALL = {"s3:ListBucket"}
ACTION = re.compile(r'"([a-z0-9]+:[A-Z][A-Za-z]+)"')
# What no call of the functions shows: Lambda's own writes, and the keys that services use in the functions' name.
OF_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
OF_KEYS = {
    ("JournalKey", "dynamodb"): {"Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"},
    ("EvidenceKey", "s3"): {"GenerateDataKey"},
    ("MessageKey", "sns"): {"Decrypt", "GenerateDataKey"},
    ("MessageKey", "sqs"): {"Decrypt", "GenerateDataKey"},
}
# With which EC2 opens the volumes of an instance that release-instance starts.
OF_VOLUMES = {("VolumeKeyArns}", "ec2"): {"CreateGrant"}}
# Of those that tell nobody and write no evidence, by the services that they use a key through.
OF_OTHERS = {"enroll-fleet": ("dynamodb", "sqs"), "measure-fleet": ("sqs",), "audit-access": ("sns", "sqs")}
OF_AUDITS = {("AuditKey", "s3"): {"Decrypt", "GenerateDataKey"}}
# IAM authorises a transaction by its items, and tags given at creation by an action of their own.
AUTHORISED_AS = {
    "cloudwatch:PutMetricAlarm": {"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"},
    "dynamodb:TransactWriteItems": {"dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
    "ec2:CreateSecurityGroup": {"ec2:CreateSecurityGroup", "ec2:CreateTags"},
    "ec2:CreateSnapshots": {"ec2:CreateSnapshots", "ec2:CreateTags"},
}


def of_steps() -> set[str]:
    found = re.search(r"fn iam_actions\(.*?\n    }\n", STEPS.read_text(), re.DOTALL)
    assert found, "Step::iam_actions is not where it was"
    return set(ACTION.findall(found[0]))


def of_constant(name: str) -> set[str]:
    text = STEPS.read_text() + ENROLMENT.read_text() + ACCESS.read_text()
    found = re.search(rf"pub const {name}: &\[&str\] =\s+&\[(.*?)\];", text, re.DOTALL)
    assert found, f"{name} is not where it was"
    return set(ACTION.findall(found[1]))


def declared(function: str) -> set[str]:
    untracking = of_constant("UNTRACK_ACTIONS") if function == "contain-instance" else set()
    return (of_steps() if function in CONTAINERS else set()) | of_constant(OWN_ACTIONS[function]) | untracking


def of_untracking(statement: dict[str, Any]) -> bool:
    """Of the step that contain-instance takes and nobody resumes."""
    return "cordon:allow-all" in json.dumps(statement.get("Condition", {}))


def statements(function: str) -> list[dict[str, Any]]:
    return json.loads((POLICIES / f"{function}.json").read_text())["Statement"]


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allowed(function: str) -> set[str]:
    """Actions that the policy allows, the use of keys left out."""
    pairs = ((action, statement["Resource"]) for statement in statements(function) for action in as_list(statement["Action"]))
    # Those on all resources read what a key is; those on one are the use of it, for which see the next test.
    return {action for action, of in pairs if not action.startswith("kms:") or action == "kms:Sign" or of == "*"}


@pytest.mark.parametrize("function", OWN_ACTIONS)
def test_a_policy_allows_what_is_declared_and_nothing_else(function: str) -> None:
    wanted = declared(function) | OF_LAMBDA | ON_BEHALF.get(function, set())

    assert {"needless": allowed(function) - wanted, "lacking": wanted - allowed(function)} == {
        "needless": set(),
        "lacking": set(),
    }


@pytest.mark.parametrize("function", OWN_ACTIONS)
def test_a_key_is_used_through_the_services_that_need_it_and_no_further(function: str) -> None:
    used: dict[tuple[str, str], set[str]] = {}
    for statement in statements(function):
        actions = {action.removeprefix("kms:") for action in as_list(statement["Action"]) if action.startswith("kms:")}
        if actions and "Sign" not in actions and statement["Sid"] != "ReadEverybodysAccess":
            key = statement["Resource"].removeprefix("${").split(".")[0]
            for service in as_list(statement["Condition"]["StringEquals"]["kms:ViaService"]):
                used.setdefault((key, service.split(".")[0]), set()).update(actions)

    services = OF_OTHERS.get(function)
    wanted = {key: actions for key, actions in OF_KEYS.items() if services is None or key[1] in services}
    own = {"release-instance": OF_VOLUMES, "audit-access": OF_AUDITS}.get(function, {})
    assert used == {**wanted, **own}


@pytest.mark.parametrize("function", INCIDENTS)
def test_the_signing_key_signs_digests_in_one_way_and_does_nothing_else(function: str) -> None:
    of_key = [s for s in statements(function) if s["Resource"] == "${SigningKey.Arn}"]

    assert [(s["Action"], s["Condition"]["StringEquals"]) for s in of_key] == [
        ("kms:Sign", {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"})
    ]


def test_what_is_declared_is_what_the_adapters_call() -> None:
    """The adapters name each call in its error's context; roles.rs is revoke-credentials' own."""
    found = [*Path(ADAPTERS).glob("*.rs"), *Path(ADAPTERS).glob("access/*.rs")]
    sources = [path for path in found if path.name != "roles.rs"]
    calls = {call for path in sources for call in ACTION.findall(path.read_text())}
    needed = {action for call in calls for action in AUTHORISED_AS.get(call, {call})}

    all_declared = {action for function in OWN_ACTIONS for action in declared(function)}
    assert needed - OF_PEOPLE - WITHOUT_PERMISSION == all_declared - OF_NO_CALL


def test_only_contain_instance_decides_and_only_reconcile_incidents_looks_for_work() -> None:
    decides = {
        "autoscaling:DescribeInstanceRefreshes",
        "cloudwatch:DescribeAlarmContributors",
        "cloudwatch:DescribeAnomalyDetectors",
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
    }
    opens = {"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"}

    assert allowed("contain-instance") - allowed("reconcile-incidents") == decides | opens
    looks = {"dynamodb:Query", "ec2:DescribeLockedSnapshots", "ec2:DescribeSnapshots"}
    assert allowed("reconcile-incidents") - allowed("contain-instance") == looks


def test_both_take_the_steps_of_a_plan_on_the_same_conditions() -> None:
    """Otherwise a plan would be left that only one of them can finish. Connections are untracked by the first run or not at
    all: whoever takes it up only moves interfaces into quarantine."""

    def of_steps_alone(function: str) -> list[dict[str, Any]]:
        reads = re.compile(r":(Describe|Get|Query|BatchGet)")
        taken = [s for s in statements(function) if any(a in of_steps() for a in as_list(s["Action"]))]
        return [s for s in taken if not any(reads.search(action) for action in as_list(s["Action"]))]

    of_both = [s for s in of_steps_alone("contain-instance") if not of_untracking(s)]

    assert of_both == of_steps_alone("reconcile-incidents")
    assert len(of_steps_alone("contain-instance")) > 10
