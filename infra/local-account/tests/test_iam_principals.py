"""Users and roles that tests make act with their own credentials, and as nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from account_process import AccountProcess, allow, policy
from botocore.exceptions import ClientError
from test_iam_enforcement import refusal

ACCOUNT = "123456789012"
SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def trust(*principals: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def assume(account: AccountProcess, holder: dict[str, str], role: str, name: str = "shift", **more: str) -> Any:
    sts = account.client("sts", holder)
    return sts.assume_role(RoleArn=role, RoleSessionName=name, **more)["Credentials"]


def test_a_users_key_acts_as_the_user_and_his_groups(account: AccountProcess) -> None:
    key = account.user("reader-by-group")
    iam = account.client("iam")
    assert refusal(account.client("ec2", key).describe_vpcs) == "UnauthorizedOperation"
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="read", PolicyDocument=policy(allow("ec2:DescribeVpcs")))
    iam.add_user_to_group(GroupName="readers", UserName="reader-by-group")
    assert refusal(account.client("ec2", key).describe_vpcs) is None
    assert refusal(account.client("ec2", key).describe_subnets) == "UnauthorizedOperation"
    assert account.client("sts", key).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/reader-by-group"


def test_a_role_is_assumed_and_acts_with_its_own_permissions_only(account: AccountProcess) -> None:
    role = account.role("operator-role", allow("ec2:DescribeVpcs"), trust=trust(f"arn:aws:iam::{ACCOUNT}:root"))
    key = account.user("operator", allow("sts:AssumeRole", resource=role), allow("ec2:DescribeSubnets"))
    session = assume(account, key, role)
    assert refusal(account.client("ec2", session).describe_vpcs) is None
    assert refusal(account.client("ec2", session).describe_subnets) == "UnauthorizedOperation"
    identity = account.client("sts", session).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/operator-role/shift"
    role_id = account.client("iam").get_role(RoleName="operator-role")["Role"]["RoleId"]
    assert (identity["UserId"], identity["Account"]) == (f"{role_id}:shift", ACCOUNT)


def test_trust_in_the_account_alone_lets_nobody_in_without_a_policy_of_his_own(account: AccountProcess) -> None:
    role = account.role("trusts-account", trust=trust(f"arn:aws:iam::{ACCOUNT}:root"))
    assert refusal(lambda: assume(account, account.user("without-policy"), role)) == "AccessDenied"


def test_trust_that_names_the_user_is_enough(account: AccountProcess) -> None:
    role = account.role("trusts-user", trust=trust(f"arn:aws:iam::{ACCOUNT}:user/named"))
    assert refusal(lambda: assume(account, account.user("named"), role)) is None
    stranger = account.user("not-named", allow("sts:AssumeRole", resource=role))
    assert refusal(lambda: assume(account, stranger, role)) == "AccessDenied"


def test_a_users_own_deny_outweighs_trust_that_names_him(account: AccountProcess) -> None:
    role = account.role("trusts-denied", trust=trust(f"arn:aws:iam::{ACCOUNT}:user/denied"))
    key = account.user("denied", {**allow("sts:AssumeRole"), "Effect": "Deny"})
    assert refusal(lambda: assume(account, key, role)) == "AccessDenied"


def test_the_conditions_of_trust_count(account: AccountProcess) -> None:
    own_name = {"StringEquals": {"sts:RoleSessionName": "${aws:username}", "sts:ExternalId": "rota"}}
    role = account.role("trusts-own-name", trust=trust(f"arn:aws:iam::{ACCOUNT}:root", Condition=own_name))
    key = account.user("alice", allow("sts:AssumeRole"))
    assert refusal(lambda: assume(account, key, role, "bob", ExternalId="rota")) == "AccessDenied"
    assert refusal(lambda: assume(account, key, role, "alice")) == "AccessDenied"
    assert refusal(lambda: assume(account, key, role, "alice", ExternalId="rota")) is None


def test_a_role_that_is_gone_or_never_was_is_nobodys(account: AccountProcess) -> None:
    key = account.user("late", allow("sts:AssumeRole"))
    never = f"arn:aws:iam::{ACCOUNT}:role/never"
    assert refusal(lambda: assume(account, key, never)) == "AccessDenied"
    account.client("iam").create_role(
        RoleName="gone", AssumeRolePolicyDocument=json.dumps(trust(f"arn:aws:iam::{ACCOUNT}:root"))
    )
    session = assume(account, key, f"arn:aws:iam::{ACCOUNT}:role/gone")
    account.client("iam").delete_role(RoleName="gone")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        account.client("sts", session).get_caller_identity()


def test_a_role_of_identity_center_is_known_without_its_path(account: AccountProcess) -> None:
    name = "AWSReservedSSO_Operator_0123456789abcdef"
    iam = account.client("iam")
    role = iam.create_role(
        RoleName=name, Path=SSO, AssumeRolePolicyDocument=json.dumps(trust(f"arn:aws:iam::{ACCOUNT}:root"))
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(allow("ec2:DescribeVpcs")))
    assert role == f"arn:aws:iam::{ACCOUNT}:role{SSO}{name}"
    session = account.client("sts").assume_role(RoleArn=role, RoleSessionName="alice@example.com")["Credentials"]
    assert refusal(account.client("ec2", session).describe_vpcs) is None
    assert refusal(account.client("ec2", session).describe_subnets) == "UnauthorizedOperation"
    identity = account.client("sts", session).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/alice@example.com"


def test_a_session_policy_only_narrows(account: AccountProcess) -> None:
    role = account.role("narrowed", allow("ec2:DescribeVpcs"), trust=trust(f"arn:aws:iam::{ACCOUNT}:root"))
    key = account.user("narrower", allow("sts:AssumeRole", resource=role))
    session = assume(account, key, role, Policy=policy(allow("ec2:DescribeSubnets")))
    assert refusal(account.client("ec2", session).describe_vpcs) == "UnauthorizedOperation"
    assert refusal(account.client("ec2", session).describe_subnets) == "UnauthorizedOperation"
