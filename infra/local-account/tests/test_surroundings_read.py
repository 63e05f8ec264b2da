"""What lies around an instance, read as evidence: routes, groups and rules, volumes, user data, subnet, activities."""

from __future__ import annotations

import base64
from typing import Any

from in_process import Cloud, eventually
from test_network_interfaces import instance_of


def test_the_network_around_an_instance_is_read_from_its_subnet_and_groups(cloud: Cloud) -> None:
    fleet, ec2 = cloud.fleet(), cloud.client("ec2")
    instance = instance_of(cloud, fleet["instance_ids"][0])
    table = ec2.create_route_table(VpcId=fleet["vpc_id"])["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=fleet["vpc_id"])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

    def tables(name: str, value: str) -> list[dict[str, Any]]:
        vpc = {"Name": "vpc-id", "Values": [fleet["vpc_id"]]}
        found = ec2.describe_route_tables(Filters=[vpc, {"Name": name, "Values": [value]}])["RouteTables"]
        return list(found)

    assert tables("association.subnet-id", instance["SubnetId"]) == []
    assert [each["RouteTableId"] == table for each in tables("association.main", "true")] == [False]
    ec2.associate_route_table(RouteTableId=table, SubnetId=instance["SubnetId"])
    (own,) = tables("association.subnet-id", instance["SubnetId"])
    assert {route.get("GatewayId") for route in own["Routes"]} == {"local", gateway}
    (subnet,) = ec2.describe_subnets(SubnetIds=[instance["SubnetId"]])["Subnets"]
    assert (subnet["VpcId"], subnet["MapPublicIpOnLaunch"]) == (fleet["vpc_id"], False)
    group = [{"Name": "group-id", "Values": [fleet["service_group_id"]]}]
    (described,) = ec2.describe_security_groups(Filters=group)["SecurityGroups"]
    rules = ec2.describe_security_group_rules(Filters=group)["SecurityGroupRules"]
    assert described["IpPermissions"][0]["FromPort"] == 443
    assert sorted((rule["IsEgress"], rule["IpProtocol"]) for rule in rules) == [(False, "tcp"), (True, "-1")]


def test_volumes_and_user_data_are_read_by_instance(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    script = "#!/bin/sh\necho \u202e\u00e9\n"
    launched = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, UserData=script)
    instance_id = launched["Instances"][0]["InstanceId"]
    value = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(value).decode() == script
    attached = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
    (volume,) = ec2.describe_volumes(Filters=attached)["Volumes"]
    assert (volume["State"], volume["Attachments"][0]["InstanceId"]) == ("in-use", instance_id)
    plain = cloud.fleet()["instance_ids"][0]
    none = ec2.describe_instance_attribute(InstanceId=plain, Attribute="userData")["UserData"]
    assert none.get("Value") is None


def test_a_groups_activities_tell_of_launches_and_detachments(cloud: Cloud) -> None:
    fleet, group = cloud.fleet(), cloud.client("autoscaling")
    gone = fleet["instance_ids"][0]
    group.detach_instances(AutoScalingGroupName="web", InstanceIds=[gone], ShouldDecrementDesiredCapacity=False)

    def newest() -> list[dict[str, Any]]:
        return list(group.describe_scaling_activities(AutoScalingGroupName="web")["Activities"][:2])

    eventually(lambda: {each["StatusCode"] for each in newest()} == {"Successful"})
    launched, detached = newest()
    assert launched["Description"].startswith("Launching a new EC2 instance: i-")
    assert detached["Description"] == f"Detaching EC2 instance: {gone}"
    assert "in response to a user request" in detached["Cause"]
    assert detached["StartTime"] <= detached["EndTime"]
