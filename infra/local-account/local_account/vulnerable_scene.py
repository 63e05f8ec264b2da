"""Makes what an audit should find: roles that lead to administrator, one that a stranger may assume, and a key open to all.

    python -m local_account.vulnerable_scene --endpoint URL

Prints one JSON object: who can make themselves administrator, {"climbers": [ARN]}, the stranger's role and the key.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from .root_clients import RootClients

STRANGER = "210987654321"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    clients = RootClients(parser.parse_args().endpoint)
    iam = clients.client("iam")
    # A role for functions that administers IAM, and two ways to it: by passing it, and by what may do that.
    _role(iam, "functions-admin", {"Service": "lambda.amazonaws.com"}, ["iam:*"])
    build = _role(iam, "build", {"Service": "ec2.amazonaws.com"}, ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])
    user = iam.create_user(UserName="on-call")["User"]["Arn"]
    iam.put_user_policy(UserName="on-call", PolicyName="attach", PolicyDocument=_policy(["iam:AttachUserPolicy"]))
    vendor = _role(iam, "vendor", {"AWS": f"arn:aws:iam::{STRANGER}:root"}, ["s3:ListAllMyBuckets"])
    key = clients.client("kms").create_key(Description="a demonstration's")["KeyMetadata"]
    statements = [
        _statement(["kms:*"], Principal={"AWS": f"arn:aws:iam::{key['AWSAccountId']}:root"}),
        _statement(["kms:Decrypt"], Principal="*"),
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    clients.client("kms").put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=document)
    print(json.dumps({"climbers": [build, user], "vendor": vendor, "key": key["Arn"]}))


def _role(iam: Any, name: str, principal: dict[str, str], actions: list[str]) -> str:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_policy(actions))
    return str(arn)


def _policy(actions: list[str]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [_statement(actions)]})


def _statement(actions: list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": "*", **more}


if __name__ == "__main__":
    main()
