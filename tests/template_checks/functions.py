"""The functions, their roles, their logs, and what becomes of what they fail at."""

from __future__ import annotations

import json
from functools import partial

from local_account.resource_policy import allows_service
from tests.template_checks.deployed import ACCOUNT, OTHER_ACCOUNT, Deployed, check
from tests.template_checks.signals import may_invoke

BINARIES = {
    "ContainInstance": "contain-instance",
    "ReconcileIncidents": "reconcile-incidents",
    "EnrollFleet": "enroll-fleet",
    "MeasureFleet": "measure-fleet",
    "AuditAccess": "audit-access",
    "ReleaseInstance": "release-instance",
    "RevokeCredentials": "revoke-credentials",
}
# Retries of a failed asynchronous invocation; the reconciler's next run is its retry, and a proof counts once.
RETRIES = {
    "ContainInstance": 2,
    "ReconcileIncidents": 0,
    "EnrollFleet": 0,
    "MeasureFleet": 0,
    "AuditAccess": 0,
    "ReleaseInstance": 0,
    "RevokeCredentials": 2,
}


def it_runs_its_own_binary_under_its_own_role(name: str, deployed: Deployed) -> None:
    described = deployed.clients["lambda"].get_function(FunctionName=f"cordon-{BINARIES[name]}")
    configuration = described["Configuration"]
    assert configuration["Runtime"] == "provided.al2023"
    assert configuration["Handler"] == "bootstrap"
    assert configuration["Architectures"] == ["arm64"]
    assert configuration["TracingConfig"] == {"Mode": "Active"}
    assert configuration["Role"] == deployed.arn(f"{name}Role")
    reserved = described.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    assert reserved == (20 if name == "ContainInstance" else None)


def only_lambda_takes_its_role(name: str, deployed: Deployed) -> None:
    roles = deployed.clients["iam"].list_roles(PathPrefix="/cordon/")["Roles"]
    role = next((role for role in roles if f"-{name}Role-" in role["RoleName"]), None)
    assert role is not None, f"{name} has no role"
    trust = role["AssumeRolePolicyDocument"]
    assert allows_service(trust, "lambda.amazonaws.com", "sts:AssumeRole", None, {"aws:SourceAccount": ACCOUNT})
    assert not allows_service(trust, "ec2.amazonaws.com", "sts:AssumeRole", None, {"aws:SourceAccount": OTHER_ACCOUNT})
    assert deployed.clients["iam"].list_role_policies(RoleName=role["RoleName"])["PolicyNames"] == [BINARIES[name]]
    assert deployed.clients["iam"].list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"] == []


def its_log_group_keeps_encrypted_logs(name: str, deployed: Deployed) -> None:
    wanted = f"/aws/lambda/cordon-{BINARIES[name]}"
    groups = deployed.clients["logs"].describe_log_groups(logGroupNamePrefix=wanted)["logGroups"]
    assert [group["logGroupName"] for group in groups] == [wanted]
    assert groups[0]["retentionInDays"] == 365
    assert groups[0]["kmsKeyId"] == deployed.arn("LogKey")


def its_failed_invocations_are_kept(name: str, deployed: Deployed) -> None:
    function = deployed.id(f"{name}Function")
    configured = deployed.clients["lambda"].list_function_event_invoke_configs(FunctionName=function)
    (configuration,) = configured["FunctionEventInvokeConfigs"] or [None]
    assert configuration is not None, f"{name} keeps no failed invocations"
    assert configuration["MaximumRetryAttempts"] == RETRIES[name]
    destination = configuration["DestinationConfig"]["OnFailure"]["Destination"]
    assert destination == deployed.arn("InvocationFailureQueue")


for prefix in BINARIES:
    check(f"{prefix}Function")(partial(it_runs_its_own_binary_under_its_own_role, prefix))
    check(f"{prefix}Role")(partial(only_lambda_takes_its_role, prefix))
    check(f"{prefix}LogGroup")(partial(its_log_group_keeps_encrypted_logs, prefix))
    check(f"{prefix}FunctionEventInvokeConfig")(partial(its_failed_invocations_are_kept, prefix))


@check("ReconcileIncidentsSchedule")
def incidents_are_reconciled_every_minute(deployed: Deployed) -> None:
    assert rules_that_run(deployed, "ReconcileIncidentsFunction") == ["ENABLED"]


def rules_that_run(deployed: Deployed, function: str, every: str = "rate(1 minute)") -> list[str]:
    """States of the rules that invoke the function, and nothing else, so often."""
    events = deployed.clients["events"]
    rules = [rule for rule in events.list_rules()["Rules"] if rule.get("ScheduleExpression") == every]
    targets = {rule["Name"]: events.list_targets_by_rule(Rule=rule["Name"])["Targets"] for rule in rules}
    return [
        rule["State"] for rule in rules if [t["Arn"] for t in targets[rule["Name"]]] == [deployed.arn(function)]
    ]


@check("ReconcileIncidentsPermission")
def the_schedule_may_invoke_reconcile_incidents(deployed: Deployed) -> None:
    only_a_rule_may_invoke("ReconcileIncidentsFunction", "ReconcileIncidentsSchedule", deployed)


def only_a_rule_may_invoke(function: str, rule: str, deployed: Deployed) -> None:
    invoke = partial(may_invoke, deployed, function, "events.amazonaws.com")
    assert invoke({"aws:SourceArn": deployed.arn(rule)})
    assert not invoke({"aws:SourceArn": deployed.arn(rule) + "-of-another"})


@check("LookAgainSchedule")
def ringing_alarms_are_looked_at_every_minute(deployed: Deployed) -> None:
    assert rules_that_run(deployed, "ContainInstanceFunction") == ["ENABLED"]


check("LookAgainPermission")(partial(only_a_rule_may_invoke, "ContainInstanceFunction", "LookAgainSchedule"))


@check("EnrollFleetSchedule")
def the_fleet_is_looked_at_every_minute(deployed: Deployed) -> None:
    assert rules_that_run(deployed, "EnrollFleetFunction") == ["ENABLED"]


@check("EnrollFleetRule")
def launches_and_terminations_invoke_enroll_fleet(deployed: Deployed) -> None:
    events = deployed.clients["events"]
    described = [events.describe_rule(Name=rule["Name"]) for rule in events.list_rules()["Rules"]]
    patterns = {rule["Name"]: json.loads(rule["EventPattern"]) for rule in described if "EventPattern" in rule}
    (name,) = [name for name, pattern in patterns.items() if pattern["source"] == ["aws.autoscaling"]] or [None]
    assert name is not None, "no rule takes Auto Scaling's events"
    assert patterns[name]["detail-type"] == ["EC2 Instance Launch Successful", "EC2 Instance Terminate Successful"]
    assert patterns[name]["account"] == [ACCOUNT]
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    assert [target["Arn"] for target in targets] == [deployed.arn("EnrollFleetFunction")]


check("EnrollFleetSchedulePermission")(partial(only_a_rule_may_invoke, "EnrollFleetFunction", "EnrollFleetSchedule"))
check("EnrollFleetRulePermission")(partial(only_a_rule_may_invoke, "EnrollFleetFunction", "EnrollFleetRule"))


@check("FleetMetricSchedule")
def the_fleets_are_measured_as_often_as_ec2_counts_them(deployed: Deployed) -> None:
    assert rules_that_run(deployed, "MeasureFleetFunction", "rate(5 minutes)") == ["ENABLED"]


check("FleetMetricPermission")(partial(only_a_rule_may_invoke, "MeasureFleetFunction", "FleetMetricSchedule"))


@check("AuditAccessSchedule")
def an_audit_is_begun_or_gone_on_with_every_quarter_of_an_hour(deployed: Deployed) -> None:
    assert rules_that_run(deployed, "AuditAccessFunction", "rate(15 minutes)") == ["ENABLED"]


check("AuditAccessPermission")(partial(only_a_rule_may_invoke, "AuditAccessFunction", "AuditAccessSchedule"))
