"""Targets are checked before they are healthy, and drain before they are gone."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud, eventually
from test_groups_membership import attach, detach, members
from test_instances_states import standalone, state_of
from test_network_interfaces import code_of, groups_by_interface, new_group


def health(cloud: Cloud, arn: str) -> dict[str, str]:
    found = cloud.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in found}


def serving_fleet(cloud: Cloud, **changes: str) -> dict[str, Any]:
    """A fleet whose targets have all passed their first health checks."""
    fleet = cloud.fleet(target_group=True, **changes)
    healthy = dict.fromkeys(fleet["instance_ids"], "healthy")
    eventually(lambda: health(cloud, fleet["target_group_arn"]) == healthy)
    return fleet


def test_a_deregistered_target_drains_and_then_leaves(cloud: Cloud) -> None:
    fleet = serving_fleet(cloud)
    arn, one = fleet["target_group_arn"], fleet["instance_ids"][0]
    elbv2 = cloud.client("elbv2")
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": one}])
    assert health(cloud, arn)[one] == "draining"
    eventually(lambda: one not in health(cloud, arn))
    (asked,) = elbv2.describe_target_health(TargetGroupArn=arn, Targets=[{"Id": one}])["TargetHealthDescriptions"]
    assert asked["TargetHealth"]["State"] == "unused"


def test_deregistering_a_stranger_is_no_error(cloud: Cloud) -> None:
    fleet = cloud.fleet(target_group=True)
    cloud.client("elbv2").deregister_targets(TargetGroupArn=fleet["target_group_arn"], Targets=[{"Id": "i-0"}])
    assert len(health(cloud, fleet["target_group_arn"])) == 3


def test_registering_again_ends_the_draining(cloud: Cloud) -> None:
    fleet = cloud.fleet(target_group=True)
    arn, one = fleet["target_group_arn"], fleet["instance_ids"][0]
    elbv2 = cloud.client("elbv2")
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": one}])
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": one}])
    assert health(cloud, arn)[one] == "initial"
    eventually(lambda: health(cloud, arn)[one] == "healthy")


def test_registering_a_registered_target_changes_nothing(cloud: Cloud) -> None:
    fleet = serving_fleet(cloud)
    arn, one = fleet["target_group_arn"], fleet["instance_ids"][0]
    cloud.client("elbv2").register_targets(TargetGroupArn=arn, Targets=[{"Id": one}])
    assert health(cloud, arn)[one] == "healthy"


def test_a_target_that_does_not_run_is_not_registered(cloud: Cloud) -> None:
    arn = cloud.fleet(target_group=True)["target_group_arn"]
    instance_id = standalone(cloud)
    cloud.client("ec2").stop_instances(InstanceIds=[instance_id])
    with pytest.raises(ClientError) as refused:
        cloud.client("elbv2").register_targets(TargetGroupArn=arn, Targets=[{"Id": instance_id}])
    assert code_of(refused) == "InvalidTarget"
    assert instance_id not in health(cloud, arn)


def test_detaching_drains_and_the_replacement_registers(cloud: Cloud) -> None:
    fleet = cloud.fleet(target_group=True)
    arn, gone = fleet["target_group_arn"], fleet["instance_ids"][0]
    detach(cloud, gone)
    assert health(cloud, arn)[gone] == "draining"
    eventually(lambda: gone not in health(cloud, arn) and len(health(cloud, arn)) == 3)
    assert set(health(cloud, arn)) == set(members(cloud))


def cut_off(cloud: Cloud, fleet: dict[str, str], instance_id: str) -> None:
    quarantine = new_group(cloud, fleet["vpc_id"])
    for interface in groups_by_interface(cloud, instance_id):
        cloud.client("ec2").modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[quarantine])


def test_a_member_cut_off_but_not_detached_is_terminated_by_a_group_that_heeds_its_load_balancer(
    cloud: Cloud,
) -> None:
    fleet = serving_fleet(cloud, health_check_type="ELB")
    one = fleet["instance_ids"][0]
    cut_off(cloud, fleet, one)
    assert health(cloud, fleet["target_group_arn"])[one] == "unhealthy"
    eventually(lambda: state_of(cloud, one) == "terminated")
    assert one not in members(cloud)


def test_a_member_detached_while_it_is_cut_off_survives(cloud: Cloud) -> None:
    fleet = cloud.fleet(target_group=True, health_check_type="ELB")
    one = fleet["instance_ids"][0]
    cut_off(cloud, fleet, one)
    detach(cloud, one)
    eventually(lambda: one not in members(cloud))
    assert state_of(cloud, one) == "running"


def test_attaching_registers_with_the_groups_targets_once_in_service(cloud: Cloud) -> None:
    fleet = serving_fleet(cloud)
    arn, one = fleet["target_group_arn"], fleet["instance_ids"][0]
    detach(cloud, one, decrement=True)
    eventually(lambda: one not in members(cloud) and one not in health(cloud, arn))
    attach(cloud, one)
    assert (members(cloud)[one], one in health(cloud, arn)) == ("Pending", False)
    eventually(lambda: members(cloud)[one] == "InService")
    assert health(cloud, arn)[one] in ("initial", "healthy")
    eventually(lambda: health(cloud, arn)[one] == "healthy")


def test_a_member_attached_while_it_is_cut_off_is_terminated_by_a_group_that_heeds_its_load_balancer(
    cloud: Cloud,
) -> None:
    fleet = serving_fleet(cloud, health_check_type="ELB")
    one = fleet["instance_ids"][0]
    detach(cloud, one, decrement=True)
    eventually(lambda: one not in members(cloud))
    cut_off(cloud, fleet, one)
    attach(cloud, one)
    eventually(lambda: state_of(cloud, one) == "terminated")
