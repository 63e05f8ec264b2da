"""measure-fleet as it is deployed: an instance without a band of its own is found by its peers, and a forged metric is not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .command import cordon, listed
from .laptop import CALM, HISTORY, ROOT, STEP_SECONDS, SURGED, Laptop, Shown, Stack, wait_for

# No detector is left for anybody: the fleet alarm is all there is.
ENROL = {"Mode": "enforce", "EnrollFleet": "on", "DetectorQuota": "0"}
MUCH = 9e8


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An account of its own: enrolment makes alarms for every group in it."""
    laptop = Laptop(Path(tmp_path_factory.mktemp("fleets")))
    try:
        yield laptop
    finally:
        laptop.close()


@pytest.fixture(scope="module")
def stack(laptop: Laptop) -> Stack:
    return Stack.deploy(laptop, "measuring", **ENROL)


def send(laptop: Laptop, instances: list[str], surging: list[str], periods: int = HISTORY) -> None:
    """EC2's own metrics of a whole group, which arrive at once: calm, and of some half an hour of much."""
    last = int(time.time()) // STEP_SECONDS * STEP_SECONDS

    def series(instance: str, metric: str) -> dict[str, Any]:
        much = metric == "NetworkOut" and instance in surging
        points = [
            {"timestamp": last - back * STEP_SECONDS, "value": MUCH if much and back <= SURGED else CALM}
            for back in range(periods, 0, -1)
        ]
        return {"namespace": "AWS/EC2", "metric": metric, "dimensions": {"InstanceId": instance}, "points": points}

    metrics = ("NetworkIn", "NetworkOut")
    laptop.door("POST", "metrics", {"series": [series(one, metric) for one in instances for metric in metrics]})


def alarm(laptop: Laptop, group: str) -> dict[str, Any] | None:
    name = f"cordon/{group}/fleet/FleetLogRatio"
    found = laptop.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found[0] if found else None


def has_alarm(laptop: Laptop, group: str) -> dict[str, Any]:
    return wait_for(f"the fleet alarm of {group}", lambda: alarm(laptop, group))


def is_in(laptop: Laptop, group: str, state: str) -> None:
    wait_for(f"the fleet alarm of {group} in {state}", lambda: has_alarm(laptop, group)["StateValue"] == state)


def calls_of(laptop: Laptop, since: int = 0) -> list[dict[str, Any]]:
    return [call for call in laptop.calls()[since:] if (call["function"] or "").endswith("measure-fleet")]


def refused(stack: Stack) -> list[str]:
    """Why signals that name no instance were refused."""
    heads = [json.loads(item["document"]) for item in stack.items("incident#") if item["sk"] == "head"]
    return [head["state"]["reason"]["code"] for head in heads if head["instance"] is None]


def test_each_group_that_opts_in_has_a_fleet_alarm_and_loses_it_when_it_opts_out(laptop: Laptop, stack: Stack) -> None:
    laptop.fleet("leaving", size=2, mode="observe", tags={"cordon:detect-peer-factor": "10"})
    shown = has_alarm(laptop, "leaving")
    assert shown["AlarmActions"] == [stack.outputs["AlarmTopicArn"]]
    assert (shown["Statistic"], shown["Period"], shown["Threshold"]) == ("Maximum", 300, 2.302)
    assert (shown["DatapointsToAlarm"], shown["EvaluationPeriods"], shown["TreatMissingData"]) == (2, 3, "notBreaching")
    tags = laptop.client("cloudwatch").list_tags_for_resource(ResourceARN=shown["AlarmArn"])["Tags"]
    assert tags == [{"Key": "cordon:enrolled", "Value": stack.outputs["AlarmTopicArn"]}]
    time.sleep(2)
    later = has_alarm(laptop, "leaving")
    assert later["AlarmConfigurationUpdatedTimestamp"] == shown["AlarmConfigurationUpdatedTimestamp"], "made once"
    tag = {"ResourceId": "leaving", "ResourceType": "auto-scaling-group", "Key": "cordon:mode"}
    laptop.client("autoscaling").delete_tags(Tags=[tag])
    wait_for("the alarm to be gone", lambda: alarm(laptop, "leaving") is None)


def test_a_young_instance_without_a_band_is_contained_by_its_peers(laptop: Laptop, stack: Stack) -> None:
    instances = laptop.fleet("young", size=8)["instance_ids"]
    has_alarm(laptop, "young")
    document = json.loads(cordon(laptop, "--stack", "measuring", "coverage", "--json").stdout)
    mine = [one for one in document["uncovered"] if one["group"] == "young"]
    assert [(one["why"], one["fleet_alarm"]) for one in mine] == [("no-alarm", True)] * 8
    send(laptop, instances, instances[3:4])
    incident = stack.incident_in(instances[3], "Contained")
    assert incident["alarm"].endswith("cordon/young/fleet/FleetLogRatio")
    assert incident["judged"]["decision"] == "isolate"
    assert Shown(laptop, instances[3]).is_isolated()
    assert all(Shown(laptop, other).untouched() for other in instances[:3] + instances[4:])


def test_a_fleet_that_surges_together_rings_nothing(laptop: Laptop, stack: Stack) -> None:
    instances = laptop.fleet("sale", size=6)["instance_ids"]
    has_alarm(laptop, "sale")
    send(laptop, instances, instances)
    is_in(laptop, "sale", "OK")
    time.sleep(2)
    assert has_alarm(laptop, "sale")["StateValue"] == "OK"
    assert all(Shown(laptop, one).untouched() and not stack.incidents(one) for one in instances)


def test_a_forged_fleet_metric_rings_and_isolates_nobody(laptop: Laptop, stack: Stack) -> None:
    instances = laptop.fleet("forged", size=6)["instance_ids"]
    has_alarm(laptop, "forged")
    send(laptop, instances, [])
    is_in(laptop, "forged", "OK")
    last = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    dimensions = [{"Name": "AutoScalingGroupName", "Value": "forged"}]
    laptop.client("cloudwatch").put_metric_data(
        Namespace="Cordon",
        MetricData=[
            {"MetricName": "FleetLogRatio", "Dimensions": dimensions, "Timestamp": last - back * 300, "Value": 9.0}
            for back in (2, 1, 0)
        ],
    )
    is_in(laptop, "forged", "ALARM")
    wait_for("the refusal", lambda: "nothing-stands-out" in refused(stack))
    assert all(Shown(laptop, one).untouched() and not stack.incidents(one) for one in instances)


def test_one_group_of_five_hundred_is_measured_in_one_invocation_and_three_calls(laptop: Laptop, stack: Stack) -> None:
    laptop.client("events").disable_rule(Name=stack.resources["FleetMetricSchedule"]["physical_id"])
    instances = laptop.fleet("large", size=500, mode="observe")["instance_ids"]
    send(laptop, instances, [], periods=4)
    for group in ("young", "sale", "forged"):
        tag = {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": "cordon:mode"}
        laptop.client("autoscaling").delete_tags(Tags=[tag])
    wait_for("the last run to be over", lambda: not calls_of(laptop, len(laptop.calls()) - 1))
    since = len(laptop.calls())
    begun = time.monotonic()
    answer = laptop.client("lambda").invoke(FunctionName=stack.outputs["MeasureFleetFunctionName"], Payload=b"{}")
    report = json.loads(answer["Payload"].read())
    print(f"measured in {time.monotonic() - begun:.2f} s: {report}")
    (group,) = report["groups"]
    assert (group["group"], group["instances"], group["reporting"], report["published"]) == ("large", 500, 500, 3)
    actions = [call["action"] for call in calls_of(laptop, since)]
    assert actions == ["DescribeAutoScalingGroups", "GetMetricData", "PutMetricData"]


def test_no_call_of_measure_fleet_was_denied_and_each_is_in_its_policy(laptop: Laptop, stack: Stack) -> None:
    policy = json.loads((ROOT / "infra" / "policies" / "measure-fleet.json").read_text())
    allowed = {action for statement in policy["Statement"] for action in listed(statement)}
    calls = calls_of(laptop)
    assert [call["action"] for call in calls if "Denied" in (call["error"] or "")] == []
    called = {permission for call in calls if call["status"] < 400 for permission in call["permissions"]}
    assert called == {"autoscaling:DescribeAutoScalingGroups", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData"}
    assert called <= allowed
