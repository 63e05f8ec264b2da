"""Targets drain before they are gone."""

from __future__ import annotations

from in_process import Cloud, cloud, eventually  # noqa: F401
from test_groups_membership import detach, members


def health(cloud: Cloud, arn: str) -> dict[str, str]:
    found = cloud.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in found}


def test_a_deregistered_target_drains_and_then_leaves(cloud: Cloud) -> None:  # noqa: F811
    fleet = cloud.fleet(target_group=True)
    arn, one = fleet["target_group_arn"], fleet["instance_ids"][0]
    assert health(cloud, arn) == dict.fromkeys(fleet["instance_ids"], "healthy")
    elbv2 = cloud.client("elbv2")
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": one}])
    assert health(cloud, arn)[one] == "draining"
    eventually(lambda: one not in health(cloud, arn))
    (asked,) = elbv2.describe_target_health(TargetGroupArn=arn, Targets=[{"Id": one}])["TargetHealthDescriptions"]
    assert asked["TargetHealth"]["State"] == "unused"


def test_deregistering_a_stranger_is_no_error(cloud: Cloud) -> None:  # noqa: F811
    fleet = cloud.fleet(target_group=True)
    cloud.client("elbv2").deregister_targets(TargetGroupArn=fleet["target_group_arn"], Targets=[{"Id": "i-0"}])
    assert len(health(cloud, fleet["target_group_arn"])) == 3


def test_registering_again_ends_the_draining(cloud: Cloud) -> None:  # noqa: F811
    fleet = cloud.fleet(target_group=True)
    arn, one = fleet["target_group_arn"], fleet["instance_ids"][0]
    elbv2 = cloud.client("elbv2")
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": one}])
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": one}])
    assert health(cloud, arn)[one] == "healthy"


def test_detaching_drains_and_the_replacement_registers(cloud: Cloud) -> None:  # noqa: F811
    fleet = cloud.fleet(target_group=True)
    arn, gone = fleet["target_group_arn"], fleet["instance_ids"][0]
    detach(cloud, gone)
    assert health(cloud, arn)[gone] == "draining"
    eventually(lambda: gone not in health(cloud, arn) and len(health(cloud, arn)) == 3)
    assert set(health(cloud, arn)) == set(members(cloud))
