"""Auto Scaling groups let go of, take back and replace their instances as Auto Scaling does."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud, eventually
from test_instances_states import standalone, state_of
from test_network_interfaces import code_of, instance_of


def members(cloud: Cloud) -> dict[str, str]:
    found = cloud.client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    return {each["InstanceId"]: each["LifecycleState"] for each in found}


def group(cloud: Cloud) -> dict[str, Any]:
    found = cloud.client("autoscaling").describe_auto_scaling_groups()
    return found["AutoScalingGroups"][0]  # type: ignore[no-any-return]


def detach(cloud: Cloud, *instance_ids: str, decrement: bool = False) -> dict[str, Any]:
    return cloud.client("autoscaling").detach_instances(  # type: ignore[no-any-return]
        AutoScalingGroupName="web", InstanceIds=list(instance_ids), ShouldDecrementDesiredCapacity=decrement
    )


def attach(cloud: Cloud, *instance_ids: str) -> None:
    cloud.client("autoscaling").attach_instances(AutoScalingGroupName="web", InstanceIds=list(instance_ids))


def test_a_detached_instance_is_detaching_then_gone_and_replaced_at_once(cloud: Cloud) -> None:
    fleet = cloud.fleet()
    gone = fleet["instance_ids"][0]
    (activity,) = detach(cloud, gone)["Activities"]
    assert activity["StatusCode"] == "InProgress"
    now = members(cloud)
    assert now[gone] == "Detaching"
    (new,) = set(now) - set(fleet["instance_ids"])
    assert now[new] == "Pending"
    eventually(lambda: gone not in members(cloud) and members(cloud)[new] == "InService")
    assert group(cloud)["DesiredCapacity"] == 3
    assert state_of(cloud, gone) == "running"
    assert "aws:autoscaling:groupName" not in {tag["Key"] for tag in instance_of(cloud, gone)["Tags"]}
    activities = cloud.client("autoscaling").describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    assert {each["StatusCode"] for each in activities} == {"Successful"}
    assert f"Detaching EC2 instance: {gone}" in {each["Description"] for each in activities}


def test_decrementing_lowers_the_desired_capacity_but_not_under_the_minimum(cloud: Cloud) -> None:
    one, other, _ = cloud.fleet(min_size=2)["instance_ids"]
    detach(cloud, one, decrement=True)
    eventually(lambda: one not in members(cloud))
    assert (group(cloud)["DesiredCapacity"], len(members(cloud))) == (2, 2)
    with pytest.raises(ClientError, match="min-size=2"):
        detach(cloud, other, decrement=True)


def test_strangers_and_instances_that_are_leaving_cannot_be_detached(cloud: Cloud) -> None:
    one, _, _ = cloud.fleet()["instance_ids"]
    with pytest.raises(ClientError, match="is not part of Auto Scaling group web"):
        detach(cloud, standalone(cloud))
    detach(cloud, one)
    with pytest.raises(ClientError, match="is not in InService or Standby"):
        detach(cloud, one)


@pytest.mark.parametrize("state", ["Pending:Wait", "Terminating", "Warmed:Stopped"])
def test_only_members_in_service_or_standby_detach(cloud: Cloud, state: str) -> None:
    one, _, _ = cloud.fleet()["instance_ids"]
    cloud.door("POST", "groups/lifecycle-state", {"instance_id": one, "lifecycle_state": state})
    assert members(cloud)[one] == state
    with pytest.raises(ClientError, match="is not in InService or Standby"):
        detach(cloud, one)


def test_at_most_twenty_move_and_fifty_are_described(cloud: Cloud) -> None:
    ids = cloud.fleet(size=60, max_size=80)["instance_ids"]
    with pytest.raises(ClientError, match="20"):
        detach(cloud, *ids[:21])
    autoscaling = cloud.client("autoscaling")
    with pytest.raises(ClientError, match="50"):
        autoscaling.describe_auto_scaling_instances(InstanceIds=ids[:51])
    pages = autoscaling.get_paginator("describe_auto_scaling_instances").paginate()
    assert [len(page["AutoScalingInstances"]) for page in pages] == [50, 10]
    detach(cloud, *ids[:20])
    assert list(members(cloud).values()).count("Detaching") <= 20


def test_a_suspended_launch_process_leaves_no_replacement(cloud: Cloud) -> None:
    ids = cloud.fleet()["instance_ids"]
    cloud.client("autoscaling").suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    detach(cloud, ids[0])
    eventually(lambda: ids[0] not in members(cloud))
    assert sorted(members(cloud)) == sorted(ids[1:])


def test_scale_in_protection_is_lost_on_detach(cloud: Cloud) -> None:
    one, _, _ = cloud.fleet()["instance_ids"]
    autoscaling = cloud.client("autoscaling")
    autoscaling.set_instance_protection(AutoScalingGroupName="web", InstanceIds=[one], ProtectedFromScaleIn=True)
    detach(cloud, one)
    (described,) = autoscaling.describe_auto_scaling_instances(InstanceIds=[one])["AutoScalingInstances"]
    assert described["ProtectedFromScaleIn"] is False


def test_standby_keeps_the_instance_and_replaces_its_capacity(cloud: Cloud) -> None:
    ids = cloud.fleet()["instance_ids"]
    autoscaling = cloud.client("autoscaling")
    autoscaling.enter_standby(AutoScalingGroupName="web", InstanceIds=[ids[0]], ShouldDecrementDesiredCapacity=False)
    assert members(cloud)[ids[0]] == "EnteringStandby"
    eventually(lambda: members(cloud)[ids[0]] == "Standby")
    assert len(members(cloud)) == 4
    cloud.client("ec2").stop_instances(InstanceIds=[ids[0]])
    eventually(lambda: state_of(cloud, ids[0]) == "stopped")
    assert members(cloud)[ids[0]] == "Standby"


def test_leaving_standby_raises_the_desired_capacity_up_to_the_maximum(cloud: Cloud) -> None:
    ids = cloud.fleet(max_size=3)["instance_ids"]
    autoscaling = cloud.client("autoscaling")
    autoscaling.enter_standby(AutoScalingGroupName="web", InstanceIds=[ids[0]], ShouldDecrementDesiredCapacity=True)
    eventually(lambda: members(cloud)[ids[0]] == "Standby")
    assert group(cloud)["DesiredCapacity"] == 2
    autoscaling.exit_standby(AutoScalingGroupName="web", InstanceIds=[ids[0]])
    eventually(lambda: members(cloud)[ids[0]] == "InService")
    assert group(cloud)["DesiredCapacity"] == 3


def test_a_member_that_stops_is_terminated_and_replaced_despite_its_protection(cloud: Cloud) -> None:
    ids = cloud.fleet(protection=True)["instance_ids"]
    cloud.client("ec2").stop_instances(InstanceIds=[ids[0]])
    eventually(lambda: state_of(cloud, ids[0]) == "terminated")
    assert ids[0] not in members(cloud)
    assert len(members(cloud)) == 3


def test_an_unhealthy_member_is_terminated_and_replaced(cloud: Cloud) -> None:
    ids = cloud.fleet()["instance_ids"]
    cloud.client("autoscaling").set_instance_health(InstanceId=ids[1], HealthStatus="Unhealthy")
    assert state_of(cloud, ids[1]) == "terminated"
    eventually(lambda: list(members(cloud).values()) == ["InService"] * 3)
    assert ids[1] not in members(cloud)


def test_a_detaching_instance_that_stops_is_left_alone(cloud: Cloud) -> None:
    ids = cloud.fleet()["instance_ids"]
    cloud.door("POST", "delays", {"detach_seconds": 0.5})
    detach(cloud, ids[0])
    cloud.client("ec2").stop_instances(InstanceIds=[ids[0]])
    eventually(lambda: state_of(cloud, ids[0]) == "stopped")
    assert members(cloud)[ids[0]] == "Detaching"
    eventually(lambda: ids[0] not in members(cloud))
    assert state_of(cloud, ids[0]) == "stopped"


def test_attaching_takes_time_and_raises_the_desired_capacity_at_once(cloud: Cloud) -> None:
    cloud.fleet()
    instance_id = standalone(cloud)
    attach(cloud, instance_id)
    assert (members(cloud)[instance_id], group(cloud)["DesiredCapacity"]) == ("Pending", 4)
    eventually(lambda: members(cloud)[instance_id] == "InService")
    assert {"Key": "aws:autoscaling:groupName", "Value": "web"} in instance_of(cloud, instance_id)["Tags"]
    assert len(members(cloud)) == 4


def test_attaching_needs_a_running_instance_and_room(cloud: Cloud) -> None:
    cloud.fleet(max_size=4)
    first, second = standalone(cloud), standalone(cloud)
    cloud.client("ec2").stop_instances(InstanceIds=[second])
    with pytest.raises(ClientError, match="not in running state"):
        attach(cloud, second)
    attach(cloud, first)
    eventually(lambda: members(cloud)[first] == "InService")
    assert group(cloud)["DesiredCapacity"] == 4
    with pytest.raises(
        ClientError, match="max-size=4, and desired-size=4. To attach 1 instance, please update"
    ) as full:
        attach(cloud, standalone(cloud))
    assert code_of(full) == "ValidationError"
    assert group(cloud)["DesiredCapacity"] == 4


def test_an_instance_belongs_to_one_group_at_most(cloud: Cloud) -> None:
    cloud.fleet()
    member = cloud.fleet(group="other")["instance_ids"][0]
    with pytest.raises(ClientError, match="already part of") as taken:
        attach(cloud, member)
    assert code_of(taken) == "ValidationError"


@pytest.mark.parametrize("instance_id", ["i-0123456789abcdef0", "no-instance"])
def test_an_instance_that_does_not_exist_cannot_be_attached(cloud: Cloud, instance_id: str) -> None:
    cloud.fleet()
    with pytest.raises(ClientError, match=instance_id) as unknown:
        attach(cloud, instance_id)
    assert code_of(unknown) == "ValidationError"


def test_an_instance_can_be_detached_and_attached_again(cloud: Cloud) -> None:
    one, _, _ = cloud.fleet()["instance_ids"]
    detach(cloud, one, decrement=True)
    eventually(lambda: one not in members(cloud))
    attach(cloud, one)
    eventually(lambda: members(cloud).get(one) == "InService")
    assert len(members(cloud)) == 3
