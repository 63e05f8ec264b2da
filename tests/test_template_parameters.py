"""What the template's parameters default to, refuse and hand to the functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_account.deploy.problems import DeployError
from tests.template_checks import Deployed, deployed_stack, plain_template
from tests.template_checks.deployed import ACCOUNT, ELSEWHERE, REVOCABLE_ROLE
from tests.template_checks.functions import BINARIES

DEFAULTS = {
    "CORDON_MODE": "observe",
    "CORDON_MANUAL_SCOPE": "opted-in",
    "CORDON_SECURITY_HUB": "off",
    "CORDON_ALLOW_DRILLS": "false",
    "CORDON_ALLOW_UNTRACKING": "false",
    "CORDON_GROUP_LIMIT_COUNT": "3",
    "CORDON_GROUP_LIMIT_PERCENT": "25",
    "CORDON_ACCOUNT_LIMIT_COUNT": "10",
    "CORDON_LIMIT_WINDOW_SECONDS": "3600",
    "CORDON_MIN_HEALTHY_INSTANCES": "1",
    "CORDON_FLEET_EVENT_COUNT": "3",
    "CORDON_FLEET_EVENT_PERCENT": "20",
    "CORDON_COOL_DOWN_SECONDS": "3600",
    "CORDON_ACCOUNT_ID": ACCOUNT,
    "CORDON_PARTITION": "aws",
    "CORDON_EVIDENCE_ACCOUNT_ID": ACCOUNT,
    "CORDON_SNAPSHOT_LOCK_MODE": "governance",
    "CORDON_SNAPSHOT_LOCK_DAYS": "90",
}


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "bootstrap"
    path.write_bytes(b"#!/bin/sh\n")
    return path


def environment(deployed: Deployed, function: str) -> dict[str, str]:
    configuration = deployed.clients["lambda"].get_function_configuration(FunctionName=deployed.id(function))
    return configuration.get("Environment", {}).get("Variables", {})


def named(deployed: Deployed, value: Any) -> Any:
    """`value` with keys by their logical ids: the keys' own differ from one account to the next."""
    text = json.dumps(value)
    for key in deployed.made("AWS::KMS::Key"):
        text = text.replace(deployed.id(key), key)
    return json.loads(text)


def granted(deployed: Deployed, function: str) -> dict[str, dict[str, Any]]:
    """The statements of a function's role by their Sid."""
    role, name = deployed.id(f"{function}Role"), BINARIES[function]
    document = deployed.clients["iam"].get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return {statement["Sid"]: statement for statement in named(deployed, document["Statement"])}


def resources_of_the_stack(deployed: Deployed) -> dict[str, str]:
    return {
        "CORDON_TABLE": deployed.id("JournalTable"),
        "CORDON_EVIDENCE_BUCKET": deployed.id("EvidenceBucket"),
        "CORDON_EVIDENCE_KEY_ARN": deployed.arn("EvidenceKey"),
        "CORDON_SIGNING_KEY_ARN": deployed.arn("SigningKey"),
        "CORDON_NOTIFICATION_TOPIC_ARN": deployed.id("NotificationTopic"),
        "CORDON_ALARM_TOPIC_ARNS": deployed.id("AlarmTopic"),
        "CORDON_REVOKE_FUNCTION": deployed.id("RevokeCredentialsFunction"),
    }


@pytest.mark.parametrize("function", ["ContainInstanceFunction", "ReconcileIncidentsFunction", "ReleaseInstanceFunction"])
def test_a_stack_of_defaults_touches_nothing_and_has_every_limit(function: str, binary: Path) -> None:
    with deployed_stack(plain_template(), binary, {}) as deployed:
        assert environment(deployed, function) == {**DEFAULTS, **resources_of_the_stack(deployed)}


def test_revoke_credentials_is_told_only_what_it_needs(binary: Path) -> None:
    with deployed_stack(plain_template(), binary) as deployed:
        assert environment(deployed, "RevokeCredentialsFunction") == {
            "CORDON_TABLE": deployed.id("JournalTable"),
            "CORDON_ACCOUNT_ID": ACCOUNT,
            "CORDON_PARTITION": "aws",
            "CORDON_REVOCABLE_ROLE_ARNS": REVOCABLE_ROLE,
        }


def test_enroll_fleet_is_told_only_what_it_needs(binary: Path) -> None:
    with deployed_stack(plain_template(), binary, {}) as deployed:
        assert environment(deployed, "EnrollFleetFunction") == {
            "CORDON_TABLE": deployed.id("JournalTable"),
            "CORDON_ACCOUNT_ID": ACCOUNT,
            "CORDON_ENROLL_FLEET": "on",
            "CORDON_ALARM_TOPIC_ARN": deployed.id("AlarmTopic"),
            "CORDON_ENROLLED_METRICS": "NetworkOut",
            "CORDON_BAND_WIDTH": "3",
            "CORDON_ALARM_DATAPOINTS": "3",
            "CORDON_ALARM_PERIODS": "3",
            "CORDON_DETECTOR_QUOTA": "500",
            "CORDON_DETAILED_MONITORING": "false",
        }


def test_measure_fleet_is_told_nothing(binary: Path) -> None:
    with deployed_stack(plain_template(), binary, {}) as deployed:
        assert environment(deployed, "MeasureFleetFunction") == {}


def test_nothing_invokes_enrolment_where_it_is_off(binary: Path) -> None:
    for parameters, state in (({}, "ENABLED"), ({"EnrollFleet": "off"}, "DISABLED")):
        with deployed_stack(plain_template(), binary, parameters) as deployed:
            events = deployed.clients["events"]
            rules = ("EnrollFleetSchedule", "EnrollFleetRule", "FleetMetricSchedule")
            assert {events.describe_rule(Name=deployed.id(rule))["State"] for rule in rules} == {state}


def test_topics_elsewhere_come_after_the_stacks_own(binary: Path) -> None:
    with deployed_stack(plain_template(), binary, {"AlarmTopicArn2": ELSEWHERE[2]}) as deployed:
        topics = environment(deployed, "ContainInstanceFunction")["CORDON_ALARM_TOPIC_ARNS"]

        assert topics == f"{deployed.id('AlarmTopic')},{ELSEWHERE[2]}"


def test_a_stack_of_defaults_has_no_optional_resource(binary: Path) -> None:
    template = plain_template()
    conditions = {name: resource.get("Condition") for name, resource in template["Resources"].items()}
    optional = {name for name, condition in conditions.items() if condition not in (None, "KeepsEvidenceHere")}

    with deployed_stack(template, binary, {}) as deployed:
        assert set(deployed.stack.resources) == set(template["Resources"]) - optional
        described = deployed.clients["lambda"].get_function(FunctionName=deployed.id("ContainInstanceFunction"))
        assert "Concurrency" not in described


def test_by_default_no_role_is_written_or_passed_no_key_opened_to_ec2_and_no_interface_opened(binary: Path) -> None:
    lists = {"DenySessionsInListedRoles", "GiveBackListedRoles", "LetEc2OpenTheVolumes", "ImportFindings"}
    lists |= {"MonitorMembersOfGroups"}
    lists |= {"PassThroughAllowAllGroups", "MakeAllowAllGroups", "TagAllowAllGroupsAsTheyAreMade"}

    with deployed_stack(plain_template(), binary, {}) as deployed:
        without = {sid for function in BINARIES for sid in granted(deployed, function)}
    with deployed_stack(plain_template(), binary) as deployed:
        with_lists = {sid for function in BINARIES for sid in granted(deployed, function)}

    assert with_lists - without == lists
    assert without <= with_lists


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("Mode", "enforced"),
        ("AllowDrills", "yes"),
        ("AllowUntracking", "yes"),
        ("GroupLimitCount", 0),
        ("GroupLimitPercent", 101),
        ("AccountLimitCount", 0),
        ("LimitWindowSeconds", 59),
        ("MinHealthyInstances", -1),
        ("FleetEventCount", 0),
        ("FleetEventPercent", 0),
        ("CoolDownSeconds", -1),
        ("RevocableRoleArns", f"arn:aws:iam::{ACCOUNT}:role/*"),
        ("RevocableRoleArns", "*"),
        ("ManualScope", "everything"),
        ("SecurityHubFindings", "yes"),
        ("ProfileRoleArns", "*"),
        ("VolumeKeyArns", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"),
        ("ProfileRoleArns", f"arn:aws:iam::{ACCOUNT}:role/*"),
        ("ProfileRoleArns", f"arn:aws:iam::{ACCOUNT}:instance-profile/x"),
        ("VolumeKeyArns", "*"),
        ("VolumeKeyArns", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/volumes"),
        ("RevocableRoleArns", f"{REVOCABLE_ROLE},arn:aws:iam::{ACCOUNT}:user/x"),
        ("AlarmTopicArn1", "arn:aws:sns:us-east-1:123456789012:*"),
        ("NotificationEmail", "nobody"),
        ("AlarmStateChangePrefix", ""),
        ("ObjectLockDays", 0),
        ("SnapshotLockMode", "on"),
        ("SnapshotLockDays", 0),
        ("SnapshotLockDays", 36501),
        ("EvidenceBucketName", "*"),
        ("EvidenceBucketName", "b/evidence/*"),
        ("EvidenceKeyArn", "*"),
        ("EvidenceKeyArn", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"),
        ("Architecture", "riscv64"),
        ("EnrollFleet", "yes"),
        ("EnrolledMetrics", "Network/Out"),
        ("EnrolledMetrics", "NetworkOut,*"),
        ("AlarmBandWidth", "wide"),
        ("AlarmBandWidth", "1e3"),
        ("AlarmDatapoints", 0),
        ("AlarmPeriods", 101),
        ("DetectorQuota", -1),
        ("EnableDetailedMonitoring", "yes"),
    ],
)
def test_a_value_that_would_widen_cordons_power_or_break_it_is_refused(parameter: str, value: Any, binary: Path) -> None:
    with pytest.raises(DeployError, match=f"parameter {parameter}: "):
        with deployed_stack(plain_template(), binary, {parameter: value}):
            pass


def test_where_operators_reach_the_whole_account_only_the_groups_tag_no_longer_counts(binary: Path) -> None:
    policies, environments = [], []
    for parameters in ({}, {"ManualScope": "account"}):
        with deployed_stack(plain_template(), binary, parameters) as deployed:
            policies.append({function: granted(deployed, function) for function in BINARIES})
            environments.append({f: named(deployed, environment(deployed, f"{f}Function")) for f in BINARIES})

    for function, sid in [
        ("ContainInstance", "DetachFromGroupsThatOptedIn"),
        ("ReconcileIncidents", "DetachFromGroupsThatOptedIn"),
        ("ReleaseInstance", "AttachToGroupsThatOptedIn"),
    ]:
        dropped = policies[0][function][sid].pop("Condition")
        assert dropped == {"StringEquals": {"aws:ResourceTag/cordon:mode": ["enforce", "observe"]}}
        scopes = [each[function].pop("CORDON_MANUAL_SCOPE") for each in environments]
        assert scopes == ["opted-in", "account"]
    assert policies[0] == policies[1]
    assert environments[0] == environments[1]


def test_findings_are_imported_where_a_deployment_asks_for_it_and_only_as_its_own(binary: Path) -> None:
    policies, environments = [], []
    for value in ("off", "on"):
        with deployed_stack(plain_template(), binary, {"SecurityHubFindings": value}) as deployed:
            policies.append({function: granted(deployed, function) for function in BINARIES})
            environments.append({f: environment(deployed, f"{f}Function") for f in BINARIES})

    imported = {function: statements.pop("ImportFindings", None) for function, statements in policies[1].items()}
    product = f"arn:aws:securityhub:us-east-1:{ACCOUNT}:product/{ACCOUNT}/default"
    wanted = {"Sid": "ImportFindings", "Effect": "Allow", "Action": "securityhub:BatchImportFindings", "Resource": product}
    tellers = ("ContainInstance", "ReconcileIncidents", "ReleaseInstance", "AuditAccess")
    assert imported == {**{function: wanted for function in tellers}, **dict.fromkeys(("RevokeCredentials", "EnrollFleet", "MeasureFleet"))}
    assert policies[0] == policies[1]
    assert [e["ContainInstance"]["CORDON_SECURITY_HUB"] for e in environments] == ["off", "on"]
