"""enroll-fleet as it is deployed: every instance of every opted-in group is watched, and nothing is left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .command import Person, listed
from .laptop import ROOT, Laptop, Shown, Stack, wait_for

ENROL = {"Mode": "enforce", "EnrollFleet": "on"}
WRITES = ("PutMetricAlarm", "PutAnomalyDetector", "DeleteAlarms", "DeleteAnomalyDetector")


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An account of its own: enrolment makes alarms for every group in it."""
    laptop = Laptop(Path(tmp_path_factory.mktemp("enrolled")))
    try:
        yield laptop
    finally:
        laptop.close()


@pytest.fixture(scope="module")
def stack(laptop: Laptop) -> Stack:
    return Stack.deploy(laptop, "enrolling", **ENROL)


def alarms(laptop: Laptop, prefix: str) -> dict[str, dict[str, Any]]:
    pages = laptop.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}


def detectors(laptop: Laptop) -> set[tuple[str, str, str]]:
    """Instance, metric and statistic of each."""
    pages = laptop.client("cloudwatch").get_paginator("describe_anomaly_detectors").paginate()
    found = [each["SingleMetricAnomalyDetector"] for page in pages for each in page["AnomalyDetectors"]]
    return {(each["Dimensions"][0]["Value"], each["MetricName"], each["Stat"]) for each in found}


def name(group: str, instance: str) -> str:
    return f"cordon/{group}/{instance}/NetworkOut"


def members(laptop: Laptop, group: str) -> set[str]:
    answer = laptop.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return {each["InstanceId"] for each in answer["AutoScalingGroups"][0]["Instances"]}


def watched(laptop: Laptop, group: str, instances: set[str]) -> bool:
    """These have alarm and detector, the group its own alarm, and no other instance has an alarm of the group."""
    has_detector = {instance for instance, metric, stat in detectors(laptop) if (metric, stat) == ("NetworkOut", "Sum")}
    wanted = {name(group, each) for each in instances} | {f"cordon/{group}/fleet/FleetLogRatio"}
    return set(alarms(laptop, f"cordon/{group}/")) == wanted and instances <= has_detector


def made(laptop: Laptop) -> list[str]:
    """What enroll-fleet wrote, in order."""
    calls = [call for call in laptop.calls() if (call["function"] or "").endswith("enroll-fleet") and call["status"] < 400]
    return [call["action"] for call in calls if call["action"] in WRITES]


def run(laptop: Laptop, stack: Stack) -> dict[str, Any]:
    """The report of one run of ours, once no other is under way."""
    event = {
        "source": "aws.events",
        "detail-type": "Scheduled Event",
        "account": laptop.about["account_id"],
        "region": laptop.about["region"],
        "detail": {},
    }

    def invoke() -> dict[str, Any] | None:
        answer = laptop.client("lambda").invoke(
            FunctionName=stack.outputs["EnrollFleetFunctionName"], Payload=json.dumps(event).encode()
        )
        report: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "errorType" not in report, report
        return None if report["stopped"] == "busy" else report

    return wait_for("a run of its own", invoke, seconds=90)


def test_each_instance_of_a_group_that_opts_in_gets_its_detector_and_its_alarm(laptop: Laptop, stack: Stack) -> None:
    fleet = laptop.fleet("web", size=3, mode="observe")
    instances = set(fleet["instance_ids"])
    wait_for("the group to be watched", lambda: watched(laptop, "web", instances))
    for instance in instances:
        alarm = alarms(laptop, name("web", instance))[name("web", instance)]
        assert alarm["AlarmActions"] == [stack.outputs["AlarmTopicArn"]]
        assert alarm["ActionsEnabled"] and alarm["ThresholdMetricId"] == "band"
        assert "cordon incidents" in alarm["AlarmDescription"]
        tags = laptop.client("cloudwatch").list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        assert tags == [{"Key": "cordon:enrolled", "Value": stack.outputs["AlarmTopicArn"]}]
    groups = laptop.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["cordon-quarantine"]}, {"Name": "vpc-id", "Values": [fleet["vpc_id"]]}]
    )["SecurityGroups"]
    assert [(group["IpPermissions"], group["IpPermissionsEgress"]) for group in groups] == [([], [])]


def test_an_instance_that_is_launched_is_watched_and_one_that_is_terminated_leaves_nothing(laptop: Laptop, stack: Stack) -> None:
    laptop.fleet("scaled", size=2)
    before = members(laptop, "scaled")
    wait_for("the group to be watched", lambda: watched(laptop, "scaled", before))
    autoscaling = laptop.client("autoscaling")
    autoscaling.set_desired_capacity(AutoScalingGroupName="scaled", DesiredCapacity=3)
    wait_for("the new one to be watched", lambda: watched(laptop, "scaled", members(laptop, "scaled")))
    assert len(members(laptop, "scaled")) == 3
    gone = min(before)
    autoscaling.terminate_instance_in_auto_scaling_group(InstanceId=gone, ShouldDecrementDesiredCapacity=True)
    wait_for("its detector to be gone", lambda: gone not in {instance for instance, _, _ in detectors(laptop)})
    assert watched(laptop, "scaled", members(laptop, "scaled"))
    deletions = [action for action in made(laptop) if action.startswith("Delete")]
    assert deletions[0] == "DeleteAlarms" and "DeleteAnomalyDetector" in deletions


def test_an_event_alone_enrols_what_was_launched(laptop: Laptop, stack: Stack) -> None:
    schedule = stack.resources["EnrollFleetSchedule"]["physical_id"]
    laptop.fleet("told", size=1)
    wait_for("the group to be watched", lambda: watched(laptop, "told", members(laptop, "told")))
    laptop.client("events").disable_rule(Name=schedule)
    try:
        # The last run of the schedule is over: an event that finds another run leaves the work to the next tick.
        run(laptop, stack)
        laptop.client("autoscaling").set_desired_capacity(AutoScalingGroupName="told", DesiredCapacity=2)
        wait_for("the new one to be watched", lambda: watched(laptop, "told", members(laptop, "told")))
        assert len(members(laptop, "told")) == 2
    finally:
        laptop.client("events").enable_rule(Name=schedule)


def test_opting_out_takes_everything_away(laptop: Laptop, stack: Stack) -> None:
    instances = set(laptop.fleet("leaving", size=2)["instance_ids"])
    wait_for("the group to be watched", lambda: watched(laptop, "leaving", instances))
    tag = {"ResourceId": "leaving", "ResourceType": "auto-scaling-group", "Key": "cordon:mode"}
    laptop.client("autoscaling").delete_tags(Tags=[tag])
    wait_for("the alarms to be gone", lambda: not alarms(laptop, "cordon/leaving/"))
    wait_for("the detectors to be gone", lambda: not instances & {instance for instance, _, _ in detectors(laptop)})


def test_while_an_incident_holds_an_instance_its_alarm_and_detector_stay_with_actions_off(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("struck", size=4)["instance_ids"][0]
    wait_for("the instance to be watched", lambda: name("struck", instance) in alarms(laptop, "cordon/struck/"))
    alarm = stack.alarm("struck", instance, name="another-alarm-of-it")
    stack.surge(instance)
    stack.incident_in(instance, "Contained")
    assert Shown(laptop, instance).group() is None
    ours = name("struck", instance)
    wait_for("its actions to be off", lambda: alarms(laptop, ours)[ours]["ActionsEnabled"] is False)
    assert instance in {each for each, _, _ in detectors(laptop)}
    assert alarms(laptop, alarm)[alarm]["ActionsEnabled"]


def excluded(laptop: Laptop, instance: str) -> list[dict[str, Any]]:
    """What the model of the instance's NetworkOut does not learn from."""
    answer = laptop.client("cloudwatch").describe_anomaly_detectors(
        Namespace="AWS/EC2", MetricName="NetworkOut", Dimensions=[{"Name": "InstanceId", "Value": instance}]
    )
    (detector,) = answer["AnomalyDetectors"]
    return list(detector["Configuration"].get("ExcludedTimeRanges", []))


def test_the_model_does_not_learn_an_attack_that_was_released_but_a_false_alarm(laptop: Laptop, stack: Stack) -> None:
    alice = Person.user(stack, "enrolling-alice", "OperatorPolicyArn", "ViewerPolicyArn")
    released = {}
    for group, said in (("attacked", ()), ("mistaken", ("--false-alarm",))):
        instance = laptop.fleet(group, size=4)["instance_ids"][0]
        ours = name(group, instance)
        wait_for("the instance to be watched", lambda ours=ours: ours in alarms(laptop, ours))
        incident = alice.asks("--stack", "enrolling", "contain", instance, "--reason", "Case 4711")["incident"]
        stack.incident_in(instance, "Contained")
        wait_for("its actions to be off", lambda ours=ours: not alarms(laptop, ours)[ours]["ActionsEnabled"])
        assert excluded(laptop, instance) == []
        answer = alice.asks("--stack", "enrolling", "release", incident, "--reason", "it is over", *said)
        assert answer["state"] == {"name": "Released"}, answer
        wait_for("its actions to be on", lambda ours=ours: alarms(laptop, ours)[ours]["ActionsEnabled"])
        released[group] = instance
    assert excluded(laptop, released["mistaken"]) == []
    attacked = released["attacked"]
    (shown,) = excluded(laptop, attacked)
    (incident,) = stack.incidents(attacked)
    opened, ended = (datetime.fromisoformat(at) for at in (incident["opened_at"], incident["release"]["released_at"]))
    assert timedelta(hours=1) <= opened - shown["StartTime"] < timedelta(hours=1, minutes=1)
    assert timedelta(0) <= shown["EndTime"] - ended < timedelta(minutes=1)


def test_somebody_elses_alarm_of_the_same_name_is_left_alone(laptop: Laptop, stack: Stack) -> None:
    schedule = stack.resources["EnrollFleetSchedule"]["physical_id"]
    laptop.client("events").disable_rule(Name=schedule)
    try:
        # Without the tag nothing makes its alarms yet.
        instances = laptop.fleet("squatted", size=2, mode=None)["instance_ids"]
        theirs = stack.alarm("squatted", instances[0], AlarmActions=[])
        before = alarms(laptop, theirs)[theirs]
        tag = {"ResourceId": "squatted", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
        tag |= {"Key": "cordon:mode", "Value": "enforce"}
        laptop.client("autoscaling").create_or_update_tags(Tags=[tag])
    finally:
        laptop.client("events").enable_rule(Name=schedule)
    wait_for("the other to be watched", lambda: name("squatted", instances[1]) in alarms(laptop, "cordon/squatted/"))
    report = run(laptop, stack)
    assert (instances[0], "foreign-alarm") in [(one["instance"], one["why"]) for one in report["unwatched"]]
    assert alarms(laptop, theirs)[theirs]["AlarmConfigurationUpdatedTimestamp"] == before["AlarmConfigurationUpdatedTimestamp"]
    assert instances[0] not in {instance for instance, _, _ in detectors(laptop)}


def test_a_throttled_account_is_enrolled_by_the_runs_after_and_no_alarm_is_made_twice(laptop: Laptop, stack: Stack) -> None:
    laptop.door("POST", "rates", {"enforced": True, "rates": {"PutMetricAlarm": 0}})
    try:
        schedule = stack.resources["EnrollFleetSchedule"]["physical_id"]
        laptop.client("events").disable_rule(Name=schedule)
        instances = set(laptop.fleet("crowded", size=8)["instance_ids"])
        throttled = run(laptop, stack)
        assert (throttled["stopped"], throttled["failures"]) == ("throttled", [])
        assert throttled["left"] > 0 and not alarms(laptop, "cordon/crowded/")
        published = laptop.door("POST", "rates", {"enforced": True})
        assert published["PutMetricAlarm"] == 3
        since = len(laptop.calls())
        laptop.client("events").enable_rule(Name=schedule)
        wait_for("the group to be watched", lambda: watched(laptop, "crowded", instances), seconds=90)
        calls = [call for call in laptop.calls()[since:] if (call["function"] or "").endswith("enroll-fleet")]
        # The rate is kept as the calls leave; on a busy machine some arrive early, but never a storm of them.
        assert len([call for call in calls if call["error"] == "Throttling"]) < len(instances) // 2
        put = [call["params"]["AlarmName"] for call in calls if call["action"] == "PutMetricAlarm" and call["status"] < 400]
        wanted = [*(name("crowded", each) for each in instances), "cordon/crowded/fleet/FleetLogRatio"]
        assert sorted(each for each in put if "/crowded/" in each) == sorted(wanted)
        assert run(laptop, stack)["calls"] == {}
    finally:
        laptop.door("POST", "rates", {"enforced": False})


def test_no_call_of_enroll_fleet_was_denied_and_each_is_in_its_policy(laptop: Laptop, stack: Stack) -> None:
    policy = json.loads((ROOT / "infra" / "policies" / "enroll-fleet.json").read_text())
    allowed = {action for statement in policy["Statement"] for action in listed(statement)}
    calls = [call for call in laptop.calls() if (call["function"] or "").endswith("enroll-fleet")]
    assert [call["action"] for call in calls if "Denied" in (call["error"] or "")] == []
    called = {permission for call in calls if call["status"] < 400 for permission in call["permissions"]}
    assert {"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"} <= called <= allowed, called - allowed
