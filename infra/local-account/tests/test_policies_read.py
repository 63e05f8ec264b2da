"""An instance role's policies, read as evidence: inline, attached and AWS's own."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from account_process import AccountProcess, allow, policy
from test_iam_enforcement import refusal

OWN = "arn:aws:iam::123456789012:"


def test_a_profile_leads_to_its_roles_policies_and_their_documents(account: AccountProcess) -> None:
    iam = account.client("iam")
    percent = allow("s3:GetObject", resource="arn:aws:s3:::b/100%25/*")
    account.role("evidence-read", percent)
    made = iam.create_policy(PolicyName="evidence-attached", PolicyDocument=policy(percent))["Policy"]["Arn"]
    managed = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    for arn in (made, managed):
        iam.attach_role_policy(RoleName="evidence-read", PolicyArn=arn)
    iam.create_instance_profile(InstanceProfileName="evidence-read")
    iam.add_role_to_instance_profile(InstanceProfileName="evidence-read", RoleName="evidence-read")

    (role,) = iam.get_instance_profile(InstanceProfileName="evidence-read")["InstanceProfile"]["Roles"]
    assert iam.get_role(RoleName=role["RoleName"])["Role"]["Arn"] == f"{OWN}role/evidence-read"
    assert iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"] == ["own"]
    inline = iam.get_role_policy(RoleName=role["RoleName"], PolicyName="own")["PolicyDocument"]
    attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    documents = [document(iam, each["PolicyArn"]) for each in attached]
    assert sorted(each["PolicyArn"] for each in attached) == sorted([made, managed])
    assert inline in documents
    assert inline["Statement"] == [percent]
    assert "ssm:UpdateInstanceInformation" in json.dumps(documents)


def document(iam: Any, arn: str) -> dict[str, Any]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return dict(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def test_policies_are_read_only_where_the_role_may(account: AccountProcess) -> None:
    account.role("evidence-other", allow("s3:*"))
    only = [
        allow("iam:ListRolePolicies", "iam:GetRolePolicy", resource=f"{OWN}role/evidence-only"),
        allow("iam:GetPolicy", resource="arn:aws:iam::aws:policy/*"),
    ]
    iam = account.client("iam", account.session("evidence-only", *only))
    assert refusal(partial(iam.list_role_policies, RoleName="evidence-only")) is None
    assert refusal(partial(iam.list_role_policies, RoleName="evidence-other")) == "AccessDenied"
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert refusal(partial(iam.get_policy, PolicyArn=read_only)) is None
    assert refusal(partial(iam.get_policy_version, PolicyArn=read_only, VersionId="v1")) == "AccessDenied"
