"""Instances start with time, with the addresses they may have, and only if their caller may use their volumes' keys."""

from __future__ import annotations

from typing import Any

import pytest
from account_process import AccountProcess, allow
from account_process import eventually as found
from botocore.exceptions import ClientError
from in_process import Cloud, eventually
from test_iam_enforcement import ARN, IMAGE, refusal
from test_iam_keys import key
from test_instances_states import standalone, state_of
from test_network_interfaces import code_of, instance_of


def test_a_start_takes_time_and_waits_for_the_stop(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    ec2.stop_instances(InstanceIds=[instance_id])
    with pytest.raises(ClientError) as refused:
        ec2.start_instances(InstanceIds=[instance_id])
    assert code_of(refused) == "IncorrectInstanceState"
    eventually(lambda: state_of(cloud, instance_id) == "stopped")
    ec2.start_instances(InstanceIds=[instance_id])
    assert state_of(cloud, instance_id) == "pending"
    eventually(lambda: state_of(cloud, instance_id) == "running")


def in_public_subnet(cloud: Cloud) -> str:
    """An instance in a subnet that gives public addresses."""
    ec2 = cloud.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.30.0.0/24")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    launched = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, SubnetId=subnet_id)
    return str(launched["Instances"][0]["InstanceId"])


def public_address(cloud: Cloud, instance_id: str) -> str | None:
    shown = instance_of(cloud, instance_id)
    (interface,) = shown["NetworkInterfaces"]
    assert interface.get("Association", {}).get("PublicIp") == shown.get("PublicIpAddress")
    return shown.get("PublicIpAddress")


def stop_and_start(cloud: Cloud, instance_id: str) -> None:
    ec2 = cloud.client("ec2")
    ec2.stop_instances(InstanceIds=[instance_id])
    eventually(lambda: state_of(cloud, instance_id) == "stopped")
    ec2.start_instances(InstanceIds=[instance_id])
    eventually(lambda: state_of(cloud, instance_id) == "running")


def test_a_stop_loses_the_public_address_and_a_start_brings_another(cloud: Cloud) -> None:
    instance_id = in_public_subnet(cloud)
    before = public_address(cloud, instance_id)
    assert before
    ec2 = cloud.client("ec2")
    ec2.stop_instances(InstanceIds=[instance_id])
    eventually(lambda: state_of(cloud, instance_id) == "stopped")
    assert public_address(cloud, instance_id) is None
    ec2.start_instances(InstanceIds=[instance_id])
    eventually(lambda: state_of(cloud, instance_id) == "running")
    assert public_address(cloud, instance_id) not in (None, before)


def test_an_instance_of_a_private_subnet_gets_no_public_address(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    stop_and_start(cloud, instance_id)
    assert public_address(cloud, instance_id) is None


def test_an_elastic_address_stays(cloud: Cloud) -> None:
    instance_id = in_public_subnet(cloud)
    ec2 = cloud.client("ec2")
    elastic = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(InstanceId=instance_id, AllocationId=elastic["AllocationId"])
    ec2.stop_instances(InstanceIds=[instance_id])
    eventually(lambda: state_of(cloud, instance_id) == "stopped")
    assert public_address(cloud, instance_id) == elastic["PublicIp"]
    ec2.start_instances(InstanceIds=[instance_id])
    eventually(lambda: state_of(cloud, instance_id) == "running")
    assert public_address(cloud, instance_id) == elastic["PublicIp"]


def test_with_a_second_interface_no_public_address_comes_back(cloud: Cloud) -> None:
    instance_id = in_public_subnet(cloud)
    cloud.door("POST", "network-interfaces", {"instance_id": instance_id})
    stop_and_start(cloud, instance_id)
    assert "PublicIpAddress" not in instance_of(cloud, instance_id)


def encrypted_and_stopped(account: AccountProcess, arn: str) -> str:
    """A stopped instance with a data volume under the key `arn`."""
    ec2 = account.client("ec2")
    volume = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "Encrypted": True, "KmsKeyId": arn}}
    launched = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, BlockDeviceMappings=[volume])
    instance_id = str(launched["Instances"][0]["InstanceId"])
    ec2.stop_instances(InstanceIds=[instance_id])
    found(lambda: shown(account, instance_id)["State"]["Name"] == "stopped")
    return instance_id


def shown(account: AccountProcess, instance_id: str) -> dict[str, Any]:
    answer = account.client("ec2").describe_instances(InstanceIds=[instance_id])
    return answer["Reservations"][0]["Instances"][0]  # type: ignore[no-any-return]


def test_without_a_grant_on_its_volumes_key_an_instance_falls_back_to_stopped(account: AccountProcess) -> None:
    arn = key(account)
    instance_id = encrypted_and_stopped(account, arn)
    elsewhere = {"StringEquals": {"kms:ViaService": "rds.us-east-1.amazonaws.com"}}
    starter = account.session(
        "keyless-starter",
        allow("ec2:StartInstances", resource=f"{ARN}:instance/*"),
        allow("kms:CreateGrant", resource=arn, Condition=elsewhere),
    )
    (change,) = account.client("ec2", starter).start_instances(InstanceIds=[instance_id])["StartingInstances"]
    assert change["CurrentState"]["Name"] == "pending"
    found(lambda: shown(account, instance_id)["State"]["Name"] == "stopped")
    reason = shown(account, instance_id)["StateReason"]
    assert reason == {"Code": "Client.InternalError", "Message": "Client.InternalError: Client error on launch"}


def test_with_a_grant_for_ec2_alone_the_instance_runs(account: AccountProcess) -> None:
    arn = key(account)
    instance_id = encrypted_and_stopped(account, arn)
    for_ec2 = {
        "StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"},
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }
    starter = account.session(
        "key-starter",
        allow("ec2:StartInstances", resource=f"{ARN}:instance/*"),
        allow("kms:CreateGrant", resource=arn, Condition=for_ec2),
    )
    account.client("ec2", starter).start_instances(InstanceIds=[instance_id])
    found(lambda: shown(account, instance_id)["State"]["Name"] == "running")
    assert shown(account, instance_id).get("StateReason", {}).get("Code") != "Client.InternalError"


def test_a_key_that_aws_manages_needs_no_grant(account: AccountProcess) -> None:
    instance_id = encrypted_and_stopped(account, "alias/aws/ebs")
    starter = account.session("plain-starter", allow("ec2:StartInstances", resource=f"{ARN}:instance/{instance_id}"))
    account.client("ec2", starter).start_instances(InstanceIds=[instance_id])
    found(lambda: shown(account, instance_id)["State"]["Name"] == "running")


def test_only_instances_with_the_tag_are_started(account: AccountProcess) -> None:
    ec2 = account.client("ec2")
    tagged = {"Null": {"aws:ResourceTag/cordon:incident": "false"}}
    starter = account.session(
        "tag-starter", allow("ec2:StartInstances", resource=f"{ARN}:instance/*", Condition=tagged)
    )
    instance_id = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]

    def start() -> str | None:
        return refusal(lambda: account.client("ec2", starter).start_instances(InstanceIds=[instance_id]))

    assert start() == "UnauthorizedOperation"
    ec2.create_tags(Resources=[instance_id], Tags=[{"Key": "cordon:incident", "Value": "inc-1"}])
    assert start() is None
