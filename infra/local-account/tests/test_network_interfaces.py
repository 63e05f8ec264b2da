"""Network interfaces and security groups hold exactly what was set, and refuse what EC2 refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from in_process import Cloud


def code_of(refused: Any) -> str:
    return str(refused.value.response["Error"]["Code"])


def instance_of(cloud: Cloud, instance_id: str) -> dict[str, Any]:
    found = cloud.client("ec2").describe_instances(InstanceIds=[instance_id])
    return found["Reservations"][0]["Instances"][0]  # type: ignore[no-any-return]


def groups_by_interface(cloud: Cloud, instance_id: str) -> dict[str, list[str]]:
    interfaces = cloud.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "attachment.instance-id", "Values": [instance_id]}]
    )["NetworkInterfaces"]
    return {each["NetworkInterfaceId"]: [group["GroupId"] for group in each["Groups"]] for each in interfaces}


def new_group(cloud: Cloud, vpc_id: str, name: str = "cordon-quarantine") -> str:
    ec2 = cloud.client("ec2")
    return str(ec2.create_security_group(GroupName=name, Description="Empty", VpcId=vpc_id)["GroupId"])


def test_an_interface_has_exactly_the_groups_that_were_set(cloud: Cloud) -> None:
    fleet = cloud.fleet(two_eni_index=1)
    instance_id = fleet["two_eni_instance"]
    quarantine = new_group(cloud, fleet["vpc_id"])
    first, second = groups_by_interface(cloud, instance_id)
    cloud.client("ec2").modify_network_interface_attribute(NetworkInterfaceId=second, Groups=[quarantine])
    assert groups_by_interface(cloud, instance_id) == {first: [fleet["service_group_id"]], second: [quarantine]}
    cloud.client("ec2").modify_network_interface_attribute(NetworkInterfaceId=first, Groups=[quarantine])
    assert groups_by_interface(cloud, instance_id) == {first: [quarantine], second: [quarantine]}
    described = instance_of(cloud, instance_id)
    assert [group["GroupId"] for group in described["SecurityGroups"]] == [quarantine]
    assert {group["GroupId"] for each in described["NetworkInterfaces"] for group in each["Groups"]} == {quarantine}


def test_groups_that_do_not_exist_in_the_vpc_are_refused(cloud: Cloud) -> None:
    fleet = cloud.fleet(size=1)
    ec2 = cloud.client("ec2")
    elsewhere = new_group(cloud, ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"])
    (interface,) = groups_by_interface(cloud, fleet["instance_ids"][0])
    for group_id in ("sg-0123456789abcdef0", elsewhere):
        with pytest.raises(ClientError) as refused:
            ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[group_id])
        assert code_of(refused) == "InvalidGroup.NotFound"
        with pytest.raises(ClientError) as refused:
            ec2.create_network_interface(SubnetId=fleet["subnet_ids"][0], Groups=[group_id])
        assert code_of(refused) == "InvalidGroup.NotFound"
    assert groups_by_interface(cloud, fleet["instance_ids"][0]) == {interface: [fleet["service_group_id"]]}


def test_a_group_in_use_cannot_be_deleted(cloud: Cloud) -> None:
    fleet = cloud.fleet(size=1)
    unused = new_group(cloud, fleet["vpc_id"])
    ec2 = cloud.client("ec2")
    with pytest.raises(ClientError) as refused:
        ec2.delete_security_group(GroupId=fleet["service_group_id"])
    assert code_of(refused) == "DependencyViolation"
    ec2.delete_security_group(GroupId=unused)
    with pytest.raises(ClientError) as refused:
        ec2.describe_security_groups(GroupIds=[unused])
    assert code_of(refused) == "InvalidGroup.NotFound"


def test_group_names_are_unique_in_a_vpc_whatever_their_case(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    one, other = (ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"] for block in ("10.1.0.0/16", "10.2.0.0/16"))
    new_group(cloud, one)
    new_group(cloud, other)
    with pytest.raises(ClientError) as refused:
        new_group(cloud, one, "Cordon-QUARANTINE")
    assert code_of(refused) == "InvalidGroup.Duplicate"


@pytest.mark.parametrize("ipv6", [False, True])
def test_a_new_group_allows_all_egress_until_it_is_revoked(cloud: Cloud, ipv6: bool) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=ipv6)["Vpc"]["VpcId"]
    group_id = new_group(cloud, vpc_id)
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    ids = [rule["SecurityGroupRuleId"] for rule in rules["SecurityGroupRules"]]
    assert len(ids) == (2 if ipv6 else 1)
    ec2.revoke_security_group_egress(GroupId=group_id, SecurityGroupRuleIds=ids)
    assert ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissionsEgress"] == []


def test_egress_is_revoked_by_the_permissions_that_were_described(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    group_id = new_group(cloud, vpc_id)
    before = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissionsEgress"]
    assert before[0]["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]
    ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=before)
    assert ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissionsEgress"] == []
    with pytest.raises(ClientError) as refused:
        ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=before)
    assert code_of(refused) == "InvalidPermission.NotFound"


@pytest.mark.parametrize("ipv6", [False, True])
def test_a_group_is_opened_both_ways_and_a_rule_is_added_once(cloud: Cloud, ipv6: bool) -> None:
    """AuthorizeSecurityGroupIngress and -Egress: a rule that is there already is refused as a duplicate."""
    ec2 = cloud.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=ipv6)["Vpc"]["VpcId"]
    group_id = new_group(cloud, vpc_id, "cordon-allow-all")
    ipv4_rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ipv6_rule = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    for rule in (ipv4_rule, ipv6_rule):
        ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[rule])
    duplicates = [(ec2.authorize_security_group_ingress, ipv4_rule), (ec2.authorize_security_group_egress, ipv4_rule)]
    if ipv6:
        duplicates.append((ec2.authorize_security_group_egress, ipv6_rule))
    else:
        ec2.authorize_security_group_egress(GroupId=group_id, IpPermissions=[ipv6_rule])
    for authorize, rule in duplicates:
        with pytest.raises(ClientError) as refused:
            authorize(GroupId=group_id, IpPermissions=[rule])
        assert code_of(refused) == "InvalidPermission.Duplicate"
    group = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    for permissions in (group["IpPermissions"], group["IpPermissionsEgress"]):
        assert {permission["IpProtocol"] for permission in permissions} == {"-1"}
        assert [r["CidrIp"] for p in permissions for r in p["IpRanges"]] == ["0.0.0.0/0"]
        assert [r["CidrIpv6"] for p in permissions for r in p["Ipv6Ranges"]] == ["::/0"]


def test_a_default_vpc_answers_a_mismatch_without_an_error(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    group_id = new_group(cloud, vpc_id)
    unknown = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    answer = ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[unknown])
    assert answer["UnknownIpPermissions"][0]["FromPort"] == 1
    assert len(ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissionsEgress"]) == 1


def test_the_groups_of_an_instance_with_two_interfaces_cannot_be_set_at_once(cloud: Cloud) -> None:
    fleet = cloud.fleet(size=2, two_eni_index=0)
    quarantine = new_group(cloud, fleet["vpc_id"])
    ec2 = cloud.client("ec2")
    with pytest.raises(ClientError) as refused:
        ec2.modify_instance_attribute(InstanceId=fleet["two_eni_instance"], Groups=[quarantine])
    assert code_of(refused) == "InvalidInstanceID"
    single = fleet["instance_ids"][1]
    ec2.modify_instance_attribute(InstanceId=single, Groups=[quarantine])
    assert list(groups_by_interface(cloud, single).values()) == [[quarantine]]


@pytest.mark.parametrize("managed", [{"requester_managed": True}, {"operator": "eks.amazonaws.com"}])
def test_managed_interfaces_are_told_apart_and_cannot_be_changed(
    cloud: Cloud, managed: dict[str, Any]
) -> None:
    fleet = cloud.fleet(size=1)
    body = {"instance_id": fleet["instance_ids"][0], **managed}
    interface = cloud.door("POST", "network-interfaces", body)["network_interface_id"]
    ec2 = cloud.client("ec2")
    described = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
    assert described["RequesterManaged"] is managed.get("requester_managed", False)
    assert described.get("Operator", {}).get("Principal") == managed.get("operator")
    with pytest.raises(ClientError) as refused:
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=interface, Groups=[new_group(cloud, fleet["vpc_id"])]
        )
    assert code_of(refused) == "OperationNotPermitted"


def test_more_interfaces_can_be_attached(cloud: Cloud) -> None:
    fleet = cloud.fleet(size=1)
    for _ in range(7):
        cloud.door("POST", "network-interfaces", {"instance_id": fleet["instance_ids"][0]})
    assert len(groups_by_interface(cloud, fleet["instance_ids"][0])) == 8
