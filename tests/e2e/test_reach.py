"""What an instance could still reach with: its credentials, and target groups that its own group doesn't own."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from .laptop import Laptop, Stack


def session(laptop: Laptop, role_arn: str, instance: str) -> object:
    """EC2's client with the credentials that the instance's metadata service hands out."""
    issued = laptop.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=instance)["Credentials"]
    return boto3.client(
        "ec2",
        endpoint_url=laptop.about["endpoint"],
        region_name=laptop.about["region"],
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
        aws_session_token=issued["SessionToken"],
    )


def test_only_the_contained_instances_sessions_are_denied(laptop: Laptop, web: dict, stack: Stack) -> None:
    contained, other = web["instance_ids"][1], web["instance_ids"][2]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
    laptop.client("iam").put_role_policy(
        RoleName=web["role_name"], PolicyName="what-it-needs", PolicyDocument=json.dumps(allow)
    )
    its_own, its_peers = (session(laptop, web["role_arn"], instance) for instance in (contained, other))
    its_own.describe_instances()
    stack.alarm("web", contained)
    stack.surge(contained)
    stack.incident_in(contained, "Contained")
    with pytest.raises(ClientError) as denied:
        its_own.describe_instances()
    assert denied.value.response["Error"]["Code"] == "UnauthorizedOperation"
    assert its_peers.describe_instances()["Reservations"], "another instance of the same role goes on working"


def test_target_groups_that_the_group_does_not_own_are_left_too(laptop: Laptop, stack: Stack) -> None:
    fleet = laptop.fleet("registered", size=3)
    instance, neighbour = fleet["instance_ids"][:2]
    elb = laptop.client("elbv2")
    made = elb.create_target_group(Name="by-hand", Protocol="HTTPS", Port=443, VpcId=fleet["vpc_id"], TargetType="instance")
    group = made["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": instance}, {"Id": neighbour}])
    stack.alarm("registered", instance)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")
    left = [health["Target"]["Id"] for health in elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]]
    assert left == [neighbour]
    assert [target["group"] for target in incident["prior"]["targets"]] == [group], "a release can register it again"
