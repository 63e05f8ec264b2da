"""Calls by anyone but root need permission, and are refused in the words of the service."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from account_process import AccountProcess, allow, policy
from botocore.exceptions import ClientError

ARN = "arn:aws:ec2:us-east-1:123456789012"
IMAGE = "ami-0c55b159cbfafe1f0"


def refusal(call: Callable[[], Any]) -> str | None:
    """The error code of what was refused; None for what was not."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("ec2", "describe_instances", {}, "UnauthorizedOperation"),
        ("autoscaling", "describe_auto_scaling_groups", {}, "AccessDenied"),
        ("cloudwatch", "describe_alarms", {}, "AccessDeniedException"),
        ("dynamodb", "list_tables", {}, "AccessDeniedException"),
        ("iam", "list_roles", {}, "AccessDenied"),
        ("lambda", "list_functions", {}, "AccessDeniedException"),
        ("s3", "list_buckets", {}, "AccessDenied"),
        ("sns", "list_topics", {}, "AuthorizationError"),
        ("sts", "get_caller_identity", {}, None),
    ],
)
def test_a_role_without_permission_is_refused_by_every_protocol(
    account: AccountProcess, service: str, operation: str, parameters: dict[str, Any], code: str | None
) -> None:
    client = account.client(service, account.session(f"nobody-{service}"))
    assert refusal(lambda: getattr(client, operation)(**parameters)) == code


def test_a_permission_lets_the_call_through(account: AccountProcess) -> None:
    client = account.client("cloudwatch", account.session("reader", allow("cloudwatch:DescribeAlarms")))
    assert refusal(client.describe_alarms) is None


def test_a_policy_counts_from_the_moment_it_changes(account: AccountProcess) -> None:
    credentials = account.session("changing", allow("ec2:DescribeVpcs"))
    client = account.client("ec2", credentials)
    assert refusal(client.describe_vpcs) is None
    account.client("iam").put_role_policy(
        RoleName="changing",
        PolicyName="revoked",
        PolicyDocument=policy(
            {**allow("*"), "Effect": "Deny", "Condition": {"StringLike": {"aws:userid": "*:session"}}}
        ),
    )
    assert refusal(client.describe_vpcs) == "UnauthorizedOperation"


def test_sessions_of_an_instance_say_which_instance_they_are_of(account: AccountProcess) -> None:
    deny = {
        **allow("*"),
        "Effect": "Deny",
        "Condition": {"ArnEquals": {"ec2:SourceInstanceARN": f"{ARN}:instance/i-0abc"}},
    }
    account.session("instances", allow("ec2:DescribeVpcs"), deny)
    role = "arn:aws:iam::123456789012:role/instances"
    sts = account.client("sts")
    answers = {
        name: refusal(
            account.client("ec2", sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]).describe_vpcs
        )
        for name in ("i-0abc", "i-0def")
    }
    assert answers == {"i-0abc": "UnauthorizedOperation", "i-0def": None}


def test_a_key_that_belongs_to_nobody_is_no_credential(account: AccountProcess) -> None:
    client = account.client("ec2", {"AccessKeyId": "ASIAUNKNOWN", "SecretAccessKey": "x", "SessionToken": "x"})
    assert refusal(client.describe_vpcs) == "AuthFailure"


def test_interfaces_are_swapped_only_onto_groups_with_the_tag(account: AccountProcess) -> None:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    groups = {
        name: ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("cordon-quarantine", "service")
    }
    ec2.create_tags(Resources=[groups["cordon-quarantine"]], Tags=[{"Key": "cordon:quarantine", "Value": "true"}])
    swap = "ec2:ModifyNetworkInterfaceAttribute"
    tagged = {"StringEquals": {"aws:ResourceTag/cordon:quarantine": "true"}}
    credentials = account.session(
        "swapper",
        allow(swap, resource=f"{ARN}:network-interface/*"),
        allow(swap, resource=f"{ARN}:security-group/*", Condition=tagged),
    )
    client = account.client("ec2", credentials)

    def swap_to(group: str) -> str | None:
        return refusal(
            lambda: client.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[groups[group]])
        )

    assert swap_to("service") == "UnauthorizedOperation"
    assert swap_to("cordon-quarantine") is None


def test_rules_are_added_only_to_groups_with_the_tag(account: AccountProcess) -> None:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    groups = {
        name: ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("cordon-allow-all", "cordon-quarantine")
    }
    ec2.create_tags(Resources=[groups["cordon-allow-all"]], Tags=[{"Key": "cordon:allow-all", "Value": "true"}])
    tagged = {"StringEquals": {"aws:ResourceTag/cordon:allow-all": "true"}}
    opens = allow("ec2:AuthorizeSecurityGroupIngress", resource=f"{ARN}:security-group/*", Condition=tagged)
    client = account.client("ec2", account.session("opener", opens))
    rule = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]

    def open_to_all(group: str) -> str | None:
        return refusal(lambda: client.authorize_security_group_ingress(GroupId=groups[group], IpPermissions=rule))

    assert open_to_all("cordon-quarantine") == "UnauthorizedOperation"
    assert open_to_all("cordon-allow-all") is None


def test_a_group_is_made_only_with_the_tag_and_tagged_only_as_it_is_made(account: AccountProcess) -> None:
    vpc = account.client("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    tagged = {"StringEquals": {"aws:RequestTag/cordon:quarantine": "true"}}
    on_create = {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}}
    credentials = account.session(
        "maker",
        allow("ec2:CreateSecurityGroup", resource=f"{ARN}:vpc/*"),
        allow("ec2:CreateSecurityGroup", resource=f"{ARN}:security-group/*", Condition=tagged),
        allow("ec2:CreateTags", resource=f"{ARN}:security-group/*", Condition=on_create),
    )
    client = account.client("ec2", credentials)
    tags = [{"Key": "cordon:quarantine", "Value": "true"}]
    made = {"GroupName": "cordon-quarantine", "Description": "q", "VpcId": vpc}
    assert refusal(lambda: client.create_security_group(**made)) == "UnauthorizedOperation"
    group = client.create_security_group(**made, TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}])[
        "GroupId"
    ]
    assert refusal(lambda: client.create_tags(Resources=[group], Tags=tags)) == "UnauthorizedOperation"


def test_only_the_named_attributes_of_an_instance_may_be_changed(account: AccountProcess) -> None:
    ec2 = account.client("ec2")
    instance = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    attributes = {"StringEqualsIgnoreCase": {"ec2:Attribute": ["disableApiTermination"]}}
    credentials = account.session(
        "protector", allow("ec2:ModifyInstanceAttribute", resource=f"{ARN}:instance/*", Condition=attributes)
    )
    client = account.client("ec2", credentials)

    def modify(**attribute: Any) -> str | None:
        return refusal(lambda: client.modify_instance_attribute(InstanceId=instance, **attribute))

    assert modify(DisableApiTermination={"Value": True}) is None
    assert modify(UserData={"Value": b"#!/bin/sh"}) == "UnauthorizedOperation"


def test_a_profile_is_taken_only_from_instances_the_policy_names(account: AccountProcess) -> None:
    ec2, iam = account.client("ec2"), account.client("iam")
    iam.create_instance_profile(InstanceProfileName="taken")
    associations = {}
    for _ in range(2):
        instance = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        associated = ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": "taken"}, InstanceId=instance)
        associations[instance] = associated["IamInstanceProfileAssociation"]["AssociationId"]
    named, other = associations
    taker = account.session("taker", allow("ec2:DisassociateIamInstanceProfile", resource=f"{ARN}:instance/{named}"))
    client = account.client("ec2", taker)
    answers = [
        refusal(partial(client.disassociate_iam_instance_profile, AssociationId=associations[instance]))
        for instance in (other, named)
    ]
    assert answers == ["UnauthorizedOperation", None]


def test_snapshots_need_the_instance_its_volumes_and_the_tag(account: AccountProcess) -> None:
    ec2 = account.client("ec2")
    instance = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    action = "ec2:CreateSnapshots"
    tagged = {"StringLike": {"aws:RequestTag/cordon:incident": "inc-*"}}
    snapshots = allow(action, "ec2:CreateTags", resource="arn:aws:ec2:us-east-1::snapshot/*", Condition=tagged)
    without_volumes = account.session("careless", allow(action, resource=f"{ARN}:instance/*"), snapshots)
    whole = account.session(
        "careful", allow(action, resource=f"{ARN}:instance/*"), allow(action, resource=f"{ARN}:volume/*"), snapshots
    )

    def snapshot(credentials: dict[str, str], incident: str) -> str | None:
        tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "cordon:incident", "Value": incident}]}]
        client = account.client("ec2", credentials)
        return refusal(
            lambda: client.create_snapshots(InstanceSpecification={"InstanceId": instance}, TagSpecifications=tags)
        )

    assert snapshot(without_volumes, "inc-1") == "UnauthorizedOperation"
    assert snapshot(whole, "other") == "UnauthorizedOperation"
    assert snapshot(whole, "inc-1") is None


def test_a_table_is_written_only_under_the_leading_keys_allowed(account: AccountProcess) -> None:
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(
        TableName="journal",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    keys = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["incident#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/journal"
    credentials = account.session(
        "writer", allow("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query", resource=table, Condition=keys)
    )
    client = account.client("dynamodb", credentials)

    def item(pk: str) -> dict[str, Any]:
        return {"TableName": "journal", "Item": {"pk": {"S": pk}, "sk": {"S": "head"}}}

    def transact(*pks: str) -> str | None:
        return refusal(lambda: client.transact_write_items(TransactItems=[{"Put": item(pk)} for pk in pks]))

    def query(pk: str) -> str | None:
        values = {":pk": {"S": pk}}
        return refusal(
            lambda: client.query(
                TableName="journal",
                KeyConditionExpression="#pk = :pk",
                ExpressionAttributeNames={"#pk": "pk"},
                ExpressionAttributeValues=values,
            )
        )

    assert refusal(lambda: client.put_item(**item("incident#1"))) is None
    assert refusal(lambda: client.put_item(**item("freeze"))) == "AccessDeniedException"
    assert transact("incident#2", "incident#3") is None
    assert transact("incident#4", "freeze") == "AccessDeniedException"
    assert (query("incident#1"), query("freeze")) == (None, "AccessDeniedException")
    assert refusal(lambda: client.scan(TableName="journal")) == "AccessDeniedException"


def test_objects_are_written_only_where_allowed_and_never_against_the_buckets_policy(account: AccountProcess) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="evidence-bucket")
    s3.put_bucket_policy(
        Bucket="evidence-bucket",
        Policy=policy(
            {
                **allow("s3:PutObject", resource="arn:aws:s3:::evidence-bucket/*"),
                "Effect": "Deny",
                "Principal": "*",
                "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}},
            }
        ),
    )
    credentials = account.session(
        "archivist", allow("s3:PutObject", resource="arn:aws:s3:::evidence-bucket/evidence/*")
    )
    client = account.client("s3", credentials)

    def put(key: str, **more: str) -> str | None:
        return refusal(lambda: client.put_object(Bucket="evidence-bucket", Key=key, Body=b"{}", **more))

    assert put("evidence/1", ServerSideEncryption="AES256") is None
    assert put("elsewhere/1", ServerSideEncryption="AES256") == "AccessDenied"
    assert put("evidence/2") == "AccessDenied"
    assert refusal(lambda: client.get_object(Bucket="evidence-bucket", Key="evidence/1")) == "AccessDenied"


def test_an_account_without_enforcement_lets_every_role_do_everything(tmp_path: Path) -> None:
    with AccountProcess(tmp_path, "--enforce-iam", "false") as lax:
        assert refusal(lax.client("sqs", lax.session("anyone")).list_queues) is None
