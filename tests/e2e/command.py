"""The compiled `cordon`, run by people with credentials of their own."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

import boto3

from .laptop import BINARIES, Laptop, Stack

ROOT_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def cordon(laptop: Laptop, *arguments: str, keys: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command with these credentials, root's unless given."""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": laptop.about["endpoint"],
        "AWS_REGION": laptop.about["region"],
        **(keys or ROOT_KEYS),
    }
    command = [str(BINARIES / "cordon"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def document(stack: Stack, policy: str) -> dict[str, Any]:
    """One of the stack's managed policies."""
    iam, arn = stack.laptop.client("iam"), stack.outputs[policy]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def listed(statement: dict[str, Any]) -> list[str]:
    """A statement's actions: IAM takes one or a list."""
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


@dataclass
class Person:
    """An IAM user or a role's session, with one of the stack's policies."""

    laptop: Laptop
    arn: str
    keys: dict[str, str]

    @classmethod
    def user(cls, stack: Stack, name: str, *policies: str) -> Person:
        iam = stack.laptop.client("iam")
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        for policy in policies:
            iam.attach_user_policy(UserName=name, PolicyArn=stack.outputs[policy])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        return cls(stack.laptop, arn, keys)

    @classmethod
    def without(cls, stack: Stack, name: str, policy: str, *actions: str) -> Person:
        """A user with one of the stack's policies but for these actions."""
        person, iam = cls.user(stack, name), stack.laptop.client("iam")
        statements = [
            {**statement, "Action": [action for action in listed(statement) if action not in actions]}
            for statement in document(stack, policy)["Statement"]
        ]
        kept = {"Version": "2012-10-17", "Statement": [each for each in statements if each["Action"]]}
        iam.put_user_policy(UserName=name, PolicyName="less", PolicyDocument=json.dumps(kept))
        return person

    @classmethod
    def session(cls, stack: Stack, role: str, session: str, *policies: str) -> Person:
        iam, sts = stack.laptop.client("iam"), stack.laptop.client("sts")
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
        try:
            arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
            for policy in policies:
                iam.attach_role_policy(RoleName=role, PolicyArn=stack.outputs[policy])
        except iam.exceptions.EntityAlreadyExistsException:
            arn = iam.get_role(RoleName=role)["Role"]["Arn"]
        answer = sts.assume_role(RoleArn=arn, RoleSessionName=session)
        made = answer["Credentials"]
        keys = {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }
        return cls(stack.laptop, answer["AssumedRoleUser"]["Arn"], keys)

    def client(self, service: str) -> Any:
        """boto3's, with this person's credentials."""
        return boto3.client(
            service,
            endpoint_url=self.laptop.about["endpoint"],
            region_name=self.laptop.about["region"],
            aws_access_key_id=self.keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.keys.get("AWS_SESSION_TOKEN"),
        )

    def runs(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return cordon(self.laptop, *arguments, keys=self.keys)

    def asks(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The command's JSON answer, with the exit code that is expected."""
        done = self.runs(*arguments, "--json")
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)
