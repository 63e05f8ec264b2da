"""Instances stop and start with time, and refuse what EC2 refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud, eventually
from test_network_interfaces import code_of, instance_of


def standalone(cloud: Cloud, **changes: Any) -> str:
    return str(cloud.door("POST", "scenario/instance", changes)["instance_id"])


def state_of(cloud: Cloud, instance_id: str) -> str:
    return str(instance_of(cloud, instance_id)["State"]["Name"])


def test_a_stop_takes_time_and_says_why(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    (change,) = cloud.client("ec2").stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("running", "stopping")
    stopping = instance_of(cloud, instance_id)
    assert stopping["State"]["Name"] == "stopping"
    assert stopping["StateTransitionReason"].startswith("User initiated (")
    assert stopping["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    eventually(lambda: state_of(cloud, instance_id) == "stopped")


def test_stopping_a_stopped_instance_changes_nothing(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    ec2.stop_instances(InstanceIds=[instance_id])
    eventually(lambda: state_of(cloud, instance_id) == "stopped")
    (change,) = ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
    assert change["CurrentState"]["Name"] == "stopped"


@pytest.mark.parametrize("hardware", [{"root_device_type": "instance-store"}, {"spot": "one-time"}])
def test_instances_that_cannot_stop_say_so(cloud: Cloud, hardware: dict[str, str]) -> None:
    instance_id = standalone(cloud)
    cloud.door("POST", "instances/hardware", {"instance_id": instance_id, **hardware})
    with pytest.raises(ClientError) as refused:
        cloud.client("ec2").stop_instances(InstanceIds=[instance_id])
    assert code_of(refused) == "UnsupportedOperation"
    assert state_of(cloud, instance_id) == "running"


def test_a_persistent_spot_instance_stops(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    cloud.door("POST", "instances/hardware", {"instance_id": instance_id, "spot": "persistent"})
    cloud.client("ec2").stop_instances(InstanceIds=[instance_id])
    assert instance_of(cloud, instance_id)["InstanceLifecycle"] == "spot"
    assert state_of(cloud, instance_id) == "stopping"


def test_stop_protection_is_set_read_and_cleared(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiStop={"Value": True})
    with pytest.raises(ClientError) as refused:
        ec2.stop_instances(InstanceIds=[instance_id])
    assert code_of(refused) == "OperationNotPermitted"
    read = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="disableApiStop")
    assert read["DisableApiStop"]["Value"] is True
    ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiStop={"Value": False})
    ec2.stop_instances(InstanceIds=[instance_id])
    assert state_of(cloud, instance_id) == "stopping"


def test_termination_protection_holds_until_it_is_cleared(cloud: Cloud) -> None:
    instance_id = standalone(cloud, protection=True)
    ec2 = cloud.client("ec2")
    with pytest.raises(ClientError) as refused:
        ec2.terminate_instances(InstanceIds=[instance_id])
    assert code_of(refused) == "OperationNotPermitted"
    ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiTermination={"Value": False})
    read = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="disableApiTermination")
    assert read["DisableApiTermination"]["Value"] is False
    ec2.terminate_instances(InstanceIds=[instance_id])
    assert state_of(cloud, instance_id) == "terminated"


def test_only_a_configured_instance_hibernates(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    with pytest.raises(ClientError) as refused:
        ec2.stop_instances(InstanceIds=[instance_id], Hibernate=True)
    assert code_of(refused) == "UnsupportedHibernationConfiguration"
    cloud.door("POST", "instances/hardware", {"instance_id": instance_id, "hibernation": True})
    assert instance_of(cloud, instance_id)["HibernationOptions"] == {"Configured": True}
    ec2.stop_instances(InstanceIds=[instance_id], Hibernate=True)
    assert instance_of(cloud, instance_id)["StateReason"]["Code"] == "Client.UserInitiatedHibernate"


def test_volumes_are_kept_when_they_are_told_to_be(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    mappings = instance_of(cloud, instance_id)["BlockDeviceMappings"]
    assert [each["Ebs"]["DeleteOnTermination"] for each in mappings] == [True, True]
    ec2.modify_instance_attribute(
        InstanceId=instance_id,
        BlockDeviceMappings=[
            {"DeviceName": each["DeviceName"], "Ebs": {"DeleteOnTermination": False}} for each in mappings
        ],
    )
    read = instance_of(cloud, instance_id)["BlockDeviceMappings"]
    assert [each["Ebs"]["DeleteOnTermination"] for each in read] == [False, False]
    ec2.terminate_instances(InstanceIds=[instance_id])
    volumes = ec2.describe_volumes(VolumeIds=[each["Ebs"]["VolumeId"] for each in mappings])["Volumes"]
    assert [volume["State"] for volume in volumes] == ["available", "available"]


def test_volumes_that_were_kept_go_with_the_instance_again(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    for delete in (False, True):
        mappings = instance_of(cloud, instance_id)["BlockDeviceMappings"]
        ec2.modify_instance_attribute(
            InstanceId=instance_id,
            BlockDeviceMappings=[
                {"DeviceName": each["DeviceName"], "Ebs": {"DeleteOnTermination": delete}} for each in mappings
            ],
        )
    read = instance_of(cloud, instance_id)["BlockDeviceMappings"]
    assert [each["Ebs"]["DeleteOnTermination"] for each in read] == [True, True]
    ec2.terminate_instances(InstanceIds=[instance_id])
    own = [each["Ebs"]["VolumeId"] for each in mappings]
    assert not [volume for volume in ec2.describe_volumes()["Volumes"] if volume["VolumeId"] in own]


def test_a_profile_is_given_back_to_a_stopped_instance_once(cloud: Cloud) -> None:
    instance_id = standalone(cloud, instance_profile=True)
    ec2 = cloud.client("ec2")
    (association,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    profile = {"Arn": association["IamInstanceProfile"]["Arn"]}
    ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
    ec2.stop_instances(InstanceIds=[instance_id])
    ec2.associate_iam_instance_profile(IamInstanceProfile=profile, InstanceId=instance_id)
    assert instance_of(cloud, instance_id)["IamInstanceProfile"]["Arn"] == profile["Arn"]
    with pytest.raises(ClientError) as twice:
        ec2.associate_iam_instance_profile(IamInstanceProfile=profile, InstanceId=instance_id)
    assert code_of(twice) == "IncorrectState"


def test_a_profile_is_found_by_instance_and_taken_away(cloud: Cloud) -> None:
    instance_id = standalone(cloud, instance_profile=True)
    ec2 = cloud.client("ec2")
    by_instance = [{"Name": "instance-id", "Values": [instance_id]}]
    (association,) = ec2.describe_iam_instance_profile_associations(Filters=by_instance)[
        "IamInstanceProfileAssociations"
    ]
    shown = instance_of(cloud, instance_id)["IamInstanceProfile"]
    assert shown["Arn"] == association["IamInstanceProfile"]["Arn"]
    assert not shown["Id"].startswith("iip-assoc-")
    ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
    left = ec2.describe_iam_instance_profile_associations(Filters=by_instance)
    assert left["IamInstanceProfileAssociations"] == []
    assert "IamInstanceProfile" not in instance_of(cloud, instance_id)
