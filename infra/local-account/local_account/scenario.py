"""Builds a fleet, or one standalone instance, through the account's own APIs, for tests and the demonstration.

Everything is made by the root caller with ordinary calls, so that what a function sees is what AWS would show it;
only waiting for launches is skipped.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config
from moto.autoscaling import autoscaling_backends
from moto.core.utils import utcnow
from moto.ec2 import ec2_backends

from .account import Account
from .autoscaling_capacity import finish_launch
from .serialisation import COMPUTE

IMAGE = "ami-0c55b159cbfafe1f0"
TRUST_EC2 = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def install(account: Account) -> None:
    @account.route("POST", "scenario/fleet")
    def fleet(body: dict[str, Any]) -> dict[str, Any]:
        """{group, size, min_size, max_size, mode, tags{}, two_eni_index?, target_group?, instance_profile?,
        protection?, health_check_type? (EC2), age_hours? (720)} → {group, vpc_id, subnet_ids[], service_group_id,
        instance_ids[], two_eni_instance, role_arn?, role_name?, target_group_arn?}.

        The first two subnets are the group's, in two zones; a third holds the second interface of
        `two_eni_instance`. Every instance has a root and a data volume that go when it is terminated.
        """
        return _Builder(account).fleet(body)

    @account.route("POST", "scenario/instance")
    def instance(body: dict[str, Any]) -> dict[str, Any]:
        """{tags{}?, instance_profile?, protection?, age_hours? (720)} → {instance_id, vpc_id, subnet_id,
        service_group_id, role_arn?, role_name?}: an instance that belongs to no group."""
        return _Builder(account).standalone(body)


class _Builder:
    def __init__(self, account: Account):
        self.account = account
        self.suffix = uuid.uuid4().hex[:8]

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=self.account.region,
            endpoint_url=self.account.endpoint or None,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def fleet(self, body: dict[str, Any]) -> dict[str, Any]:
        group, size = body["group"], int(body.get("size", 6))
        network = self._network()
        role = self._role() if body.get("instance_profile") else {}
        template = self._launch_template(network["service_group_id"], role.get("profile"), bool(body.get("protection")))
        target_group = self._target_group(network["vpc_id"]) if body.get("target_group") else None
        tags = {**({"cordon:mode": body["mode"]} if body.get("mode") else {}), **body.get("tags", {})}
        self._client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=group,
            LaunchTemplate={"LaunchTemplateId": template},
            MinSize=int(body.get("min_size", 1)),
            MaxSize=int(body.get("max_size", size * 2)),
            DesiredCapacity=size,
            VPCZoneIdentifier=",".join(network["subnet_ids"][:2]),
            TargetGroupARNs=[target_group] if target_group else [],
            HealthCheckType=body.get("health_check_type", "EC2"),
            Tags=[
                *({"Key": k, "Value": v, "PropagateAtLaunch": False} for k, v in tags.items()),
                {"Key": "Name", "Value": group, "PropagateAtLaunch": True},
            ],
        )
        instance_ids = self._put_into_service(group)
        self._age(instance_ids, body)
        index = body.get("two_eni_index")
        two_eni_instance = None if index is None else self._add_interface(instance_ids[int(index)], network)
        return {
            "group": group,
            **network,
            "instance_ids": instance_ids,
            "two_eni_instance": two_eni_instance,
            **{key: role[key] for key in ("role_arn", "role_name") if role},
            **({"target_group_arn": target_group} if target_group else {}),
        }

    def standalone(self, body: dict[str, Any]) -> dict[str, Any]:
        network = self._network()
        role = self._role() if body.get("instance_profile") else {}
        template = self._launch_template(network["service_group_id"], None, bool(body.get("protection")))
        tags = [{"Key": key, "Value": value} for key, value in body.get("tags", {}).items()]
        launched = self._client("ec2").run_instances(
            LaunchTemplate={"LaunchTemplateId": template},
            MinCount=1,
            MaxCount=1,
            SubnetId=network["subnet_ids"][0],
            SecurityGroupIds=[network["service_group_id"]],
            **({"IamInstanceProfile": {"Name": role["profile"]}} if role else {}),
            **({"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]} if tags else {}),
        )
        instance_id = launched["Instances"][0]["InstanceId"]
        self._age([instance_id], body)
        if body.get("protection"):
            self._client("ec2").modify_instance_attribute(
                InstanceId=instance_id, DisableApiTermination={"Value": True}
            )
        return {
            "instance_id": instance_id,
            "vpc_id": network["vpc_id"],
            "subnet_id": network["subnet_ids"][0],
            "service_group_id": network["service_group_id"],
            **{key: role[key] for key in ("role_arn", "role_name") if role},
        }

    def _network(self) -> dict[str, Any]:
        ec2 = self._client("ec2")
        vpc_id = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        subnet_ids = [
            ec2.create_subnet(VpcId=vpc_id, AvailabilityZone=f"{self.account.region}{zone}", CidrBlock=block)["Subnet"][
                "SubnetId"
            ]
            for zone, block in (("a", "10.20.0.0/20"), ("b", "10.20.16.0/20"))
        ]
        service_group_id = ec2.create_security_group(
            GroupName=f"service-{self.suffix}", Description="What the fleet serves", VpcId=vpc_id
        )["GroupId"]
        https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.authorize_security_group_ingress(GroupId=service_group_id, IpPermissions=[https])
        return {"vpc_id": vpc_id, "subnet_ids": subnet_ids, "service_group_id": service_group_id}

    def _launch_template(self, service_group_id: str, profile: str | None, protection: bool) -> str:
        volume = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20, "DeleteOnTermination": True}}
        data: dict[str, Any] = {
            "ImageId": IMAGE,
            "InstanceType": "t3.micro",
            "SecurityGroupIds": [service_group_id],
            "BlockDeviceMappings": [volume],
            "DisableApiTermination": protection,
        }
        if profile:
            data["IamInstanceProfile"] = {"Name": profile}
        answer = self._client("ec2").create_launch_template(
            LaunchTemplateName=f"fleet-{self.suffix}", LaunchTemplateData=data
        )
        return str(answer["LaunchTemplate"]["LaunchTemplateId"])

    def _role(self) -> dict[str, str]:
        iam, name = self._client("iam"), f"fleet-{self.suffix}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST_EC2))["Role"]
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        return {"role_arn": role["Arn"], "role_name": name, "profile": name}

    def _target_group(self, vpc_id: str) -> str:
        answer = self._client("elbv2").create_target_group(
            Name=f"fleet-{self.suffix}", Protocol="HTTPS", Port=443, VpcId=vpc_id, TargetType="instance"
        )
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def _put_into_service(self, name: str) -> list[str]:
        with COMPUTE:
            group = autoscaling_backends[self.account.account_id][self.account.region].autoscaling_groups[name]
            for state in group.instance_states:
                finish_launch(state)
            return [state.instance.id for state in group.instance_states]

    def _age(self, instance_ids: list[str], body: dict[str, Any]) -> None:
        """They were launched long ago, so that their traffic has a history."""
        launched = utcnow() - timedelta(hours=float(body.get("age_hours", 720)))
        for instance_id in instance_ids:
            ec2_backends[self.account.account_id][self.account.region].get_instance(instance_id).launch_time = launched

    def _add_interface(self, instance_id: str, network: dict[str, Any]) -> str:
        """Adds a management subnet, in the zone of the instance as EC2 demands, and an interface in it."""
        ec2 = self._client("ec2")
        instance = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        subnet_id = ec2.create_subnet(
            VpcId=network["vpc_id"],
            AvailabilityZone=instance["Placement"]["AvailabilityZone"],
            CidrBlock="10.20.32.0/20",
        )["Subnet"]["SubnetId"]
        network["subnet_ids"].append(subnet_id)
        interface = ec2.create_network_interface(
            SubnetId=subnet_id, Groups=[network["service_group_id"]], Description="management"
        )["NetworkInterface"]["NetworkInterfaceId"]
        ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=instance_id, DeviceIndex=1)
        return instance_id
