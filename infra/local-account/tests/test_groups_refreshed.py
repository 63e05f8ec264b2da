"""Deployments of Auto Scaling groups, as far as they can be seen."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud


def test_a_refresh_is_under_way_until_it_is_cancelled_and_the_newest_comes_first(cloud: Cloud) -> None:
    cloud.fleet()
    groups = cloud.client("autoscaling")
    begun = [groups.start_instance_refresh(AutoScalingGroupName="web")["InstanceRefreshId"]]
    with pytest.raises(ClientError, match="already in progress"):
        groups.start_instance_refresh(AutoScalingGroupName="web")
    (shown,) = groups.describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"]
    assert (shown["Status"], "EndTime" in shown) == ("InProgress", False)
    groups.cancel_instance_refresh(AutoScalingGroupName="web")
    with pytest.raises(ClientError, match="No in progress"):
        groups.cancel_instance_refresh(AutoScalingGroupName="web")
    begun.append(groups.start_instance_refresh(AutoScalingGroupName="web")["InstanceRefreshId"])
    page = groups.describe_instance_refreshes(AutoScalingGroupName="web", MaxRecords=1)
    assert [each["InstanceRefreshId"] for each in page["InstanceRefreshes"]] == [begun[1]]
    rest = groups.describe_instance_refreshes(AutoScalingGroupName="web", NextToken=page["NextToken"])
    assert [each["Status"] for each in rest["InstanceRefreshes"]] == ["Cancelled"]
    assert rest["InstanceRefreshes"][0]["EndTime"] >= rest["InstanceRefreshes"][0]["StartTime"]


def test_a_group_that_does_not_exist_has_no_refreshes_to_show(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="not found"):
        cloud.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName="none")
