"""What undoes a containment needs the permission of each resource that it touches."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from account_process import AccountProcess, allow
from test_iam_enforcement import ARN, IMAGE, refusal

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def fleet(account: AccountProcess) -> Iterator[dict[str, Any]]:
    body = {"group": "release-iam", "size": 1, "max_size": 9, "mode": "enforce", "target_group": True}
    yield account.door("POST", "scenario/fleet", body)


def running(account: AccountProcess) -> str:
    launched = account.client("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
    return str(launched["Instances"][0]["InstanceId"])


def answers(account: AccountProcess, service: str, call: str, holders: list[dict[str, str]], **given: Any) -> list[Any]:
    """What each of `holders` is told, in turn."""
    return [refusal(partial(getattr(account.client(service, holder), call), **given)) for holder in holders]


@pytest.mark.parametrize("key", ["aws:ResourceTag/cordon:mode", "autoscaling:ResourceTag/cordon:mode"])
def test_instances_are_attached_only_to_groups_that_opted_in(
    account: AccountProcess, fleet: dict[str, Any], key: str
) -> None:
    name = f"attacher-by-{key.split(':')[0]}"
    groups = f"arn:aws:autoscaling:us-east-1:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/*"
    other = allow("autoscaling:AttachInstances", resource=groups, Condition={"StringEquals": {key: "observe"}})
    own = allow("autoscaling:AttachInstances", resource=groups, Condition={"StringEquals": {key: "enforce"}})
    holders = [account.session(f"{name}-other", other), account.session(f"{name}-own", own)]
    given = {"AutoScalingGroupName": fleet["group"], "InstanceIds": [running(account)]}
    assert answers(account, "autoscaling", "attach_instances", holders, **given) == ["AccessDenied", None]


def test_targets_are_registered_only_with_the_groups_named(account: AccountProcess, fleet: dict[str, Any]) -> None:
    arn = fleet["target_group_arn"]
    holders = [
        account.session("registers-elsewhere", allow("elasticloadbalancing:RegisterTargets", resource=f"{arn}0")),
        account.session("registers-here", allow("elasticloadbalancing:RegisterTargets", resource=arn)),
    ]
    given = {"TargetGroupArn": arn, "Targets": [{"Id": fleet["instance_ids"][0]}]}
    assert answers(account, "elbv2", "register_targets", holders, **given) == ["AccessDenied", None]


def test_health_of_targets_is_read_of_all_or_none(account: AccountProcess, fleet: dict[str, Any]) -> None:
    arn = fleet["target_group_arn"]
    action = "elasticloadbalancing:DescribeTargetHealth"
    holders = [account.session("narrow-reader", allow(action, resource=arn)), account.session("wide", allow(action))]
    assert answers(account, "elbv2", "describe_target_health", holders, TargetGroupArn=arn) == ["AccessDenied", None]


def test_groups_are_given_back_to_an_interface_only_if_each_of_them_may_be(
    account: AccountProcess, fleet: dict[str, Any]
) -> None:
    ec2 = account.client("ec2")
    extra = ec2.create_security_group(GroupName="extra", Description="x", VpcId=fleet["vpc_id"])["GroupId"]
    groups = [fleet["service_group_id"], extra]
    by_instance = [{"Name": "attachment.instance-id", "Values": fleet["instance_ids"]}]
    (interface,) = ec2.describe_network_interfaces(Filters=by_instance)["NetworkInterfaces"]
    action = "ec2:ModifyNetworkInterfaceAttribute"
    one = allow(action, resource=f"{ARN}:network-interface/{interface['NetworkInterfaceId']}")
    holders = [
        account.session("gives-none", one),
        account.session("gives-one", one, allow(action, resource=f"{ARN}:security-group/{groups[0]}")),
        account.session("gives-groups-alone", allow(action, resource=f"{ARN}:security-group/*")),
        account.session("gives-both", one, allow(action, resource=f"{ARN}:security-group/*")),
    ]
    given = {"NetworkInterfaceId": interface["NetworkInterfaceId"], "Groups": groups}
    denied = "UnauthorizedOperation"
    assert answers(account, "ec2", "modify_network_interface_attribute", holders, **given) == [denied] * 3 + [None]


@pytest.mark.parametrize(
    ("attribute", "given"),
    [
        ("DisableApiTermination", {"DisableApiTermination": {"Value": False}}),
        ("DisableApiStop", {"DisableApiStop": {"Value": False}}),
        (
            "BlockDeviceMapping",
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"DeleteOnTermination": True}}]},
        ),
    ],
)
def test_an_attribute_is_set_back_only_by_who_may_change_it(
    account: AccountProcess, attribute: str, given: dict[str, Any]
) -> None:
    def setter(name: str) -> dict[str, str]:
        condition = {"StringEqualsIgnoreCase": {"ec2:Attribute": name}}
        policy = allow("ec2:ModifyInstanceAttribute", resource=f"{ARN}:instance/*", Condition=condition)
        return account.session(f"sets-{name}-for-{attribute}", policy)

    holders = [setter("UserData"), setter(attribute)]
    given = {"InstanceId": running(account), **given}
    assert answers(account, "ec2", "modify_instance_attribute", holders, **given) == ["UnauthorizedOperation", None]


@pytest.mark.parametrize("by", ["Name", "Arn"])
def test_a_profile_is_given_only_with_the_permission_to_pass_its_role_to_ec2(account: AccountProcess, by: str) -> None:
    iam = account.client("iam")
    role = account.role(f"passed-by-{by}")
    profile = iam.create_instance_profile(InstanceProfileName=f"profile-by-{by}")["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=f"profile-by-{by}", RoleName=f"passed-by-{by}")
    new = {"ArnEquals": {"ec2:NewInstanceProfile": profile["Arn"]}}
    associate = allow("ec2:AssociateIamInstanceProfile", resource=f"{ARN}:instance/*", Condition=new)

    def passing(service: str) -> dict[str, Any]:
        return allow("iam:PassRole", resource=role, Condition={"StringEquals": {"iam:PassedToService": service}})

    holders = [
        account.session(f"gives-without-passing-{by}", associate),
        account.session(f"passes-elsewhere-{by}", associate, passing("lambda.amazonaws.com")),
        account.session(f"passes-{by}", associate, passing("ec2.amazonaws.com")),
    ]
    named = profile["InstanceProfileName"] if by == "Name" else profile["Arn"]
    given = {"InstanceId": running(account), "IamInstanceProfile": {by: named}}
    denied = "UnauthorizedOperation"
    assert answers(account, "ec2", "associate_iam_instance_profile", holders, **given) == [denied, denied, None]


def test_only_cordons_own_tags_are_removed(account: AccountProcess) -> None:
    instance_id = running(account)
    ec2 = account.client("ec2")
    ec2.create_tags(
        Resources=[instance_id],
        Tags=[{"Key": key, "Value": "v"} for key in ("cordon:incident", "Name")],
    )
    own = {"ForAllValues:StringEquals": {"aws:TagKeys": ["cordon:incident"]}, "Null": {"aws:TagKeys": "false"}}
    holder = account.session("untagger", allow("ec2:DeleteTags", resource=f"{ARN}:instance/*", Condition=own))

    def delete(*keys: str) -> str | None:
        tags = {"Tags": [{"Key": key} for key in keys]} if keys else {}
        return answers(account, "ec2", "delete_tags", [holder], Resources=[instance_id], **tags)[0]

    denied = "UnauthorizedOperation"
    assert [delete("Name"), delete("cordon:incident", "Name"), delete()] == [denied] * 3
    assert delete("cordon:incident") is None
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [instance_id]}])["Tags"]
    assert [tag["Key"] for tag in tags] == ["Name"]


def test_a_roles_policy_is_deleted_only_from_the_roles_named_and_tagged(account: AccountProcess) -> None:
    role = account.role("revoked", allow("s3:*"))
    action = "iam:DeleteRolePolicy"
    tagged = {"StringEquals": {"iam:ResourceTag/fleet": "web"}}
    holders = [
        account.session("deletes-elsewhere", allow(action, resource=f"{role}-other")),
        account.session("deletes-tagged", allow(action, resource=role, Condition=tagged)),
    ]
    given = {"RoleName": "revoked", "PolicyName": "own"}
    assert answers(account, "iam", "delete_role_policy", holders, **given) == ["AccessDenied", "AccessDenied"]
    account.client("iam").tag_role(RoleName="revoked", Tags=[{"Key": "fleet", "Value": "web"}])
    assert answers(account, "iam", "delete_role_policy", holders, **given) == ["AccessDenied", None]
    assert account.client("iam").list_role_policies(RoleName="revoked")["PolicyNames"] == []
