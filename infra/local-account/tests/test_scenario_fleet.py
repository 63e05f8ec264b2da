"""The fleet that tests and the demonstration start from."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from in_process import Cloud
from test_groups_membership import group, members
from test_network_interfaces import groups_by_interface, instance_of


def test_a_fleet_is_whole_and_in_service(cloud: Cloud) -> None:
    fleet = cloud.fleet(
        size=4, two_eni_index=1, target_group=True, instance_profile=True, tags={"cordon:drills": "allowed"}
    )
    assert members(cloud) == dict.fromkeys(fleet["instance_ids"], "InService")
    described = group(cloud)
    assert {tag["Key"]: tag["Value"] for tag in described["Tags"] if tag["Key"].startswith("cordon:")} == {
        "cordon:mode": "enforce",
        "cordon:drills": "allowed",
    }
    assert described["TargetGroupARNs"] == [fleet["target_group_arn"]]
    instances = [instance_of(cloud, each) for each in fleet["instance_ids"]]
    assert {each["SubnetId"] for each in instances} == set(fleet["subnet_ids"][:2])
    assert all(each["IamInstanceProfile"]["Arn"].endswith(fleet["role_name"]) for each in instances)
    assert all(len(each["BlockDeviceMappings"]) == 2 for each in instances)
    assert not any(tag["Key"].startswith("cordon:") for each in instances for tag in each["Tags"])


def test_a_fleet_is_a_month_old_unless_it_shall_be_young(cloud: Cloud) -> None:
    now = datetime.now(timezone.utc)
    old, young = cloud.fleet(group="old")["instance_ids"][0], cloud.fleet(group="young", age_hours=3)["instance_ids"][0]
    ages = [(now - instance_of(cloud, each)["LaunchTime"]).total_seconds() / 3600 for each in (old, young)]
    assert ages == pytest.approx([720, 3], abs=0.1)


def test_the_second_interface_is_in_another_subnet_of_the_same_zone(cloud: Cloud) -> None:
    fleet = cloud.fleet(two_eni_index=1)
    assert fleet["two_eni_instance"] == fleet["instance_ids"][1]
    assert len(groups_by_interface(cloud, fleet["two_eni_instance"])) == 2
    instance = instance_of(cloud, fleet["two_eni_instance"])
    one, other = sorted({each["SubnetId"] for each in instance["NetworkInterfaces"]}, key=fleet["subnet_ids"].index)
    assert other == fleet["subnet_ids"][2]
    zones = cloud.client("ec2").describe_subnets(SubnetIds=[one, other])["Subnets"]
    assert len({each["AvailabilityZone"] for each in zones}) == 1


def test_two_fleets_live_side_by_side(cloud: Cloud) -> None:
    one, other = cloud.fleet(group="web"), cloud.fleet(group="api/blue", mode="observe")
    assert not set(one["instance_ids"]) & set(other["instance_ids"])
    assert len(members(cloud)) == 6


def test_delays_are_changed_one_at_a_time(cloud: Cloud) -> None:
    before = cloud.door("POST", "delays", {})
    after = cloud.door("POST", "delays", {"stop_seconds": 7})
    assert after == {**before, "stop_seconds": 7.0}
    assert cloud.account.delays.stop == 7.0
