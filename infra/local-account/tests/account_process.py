"""The local account as a process, with what tests about it need: clients, the door, roles, functions and queues."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

PACKAGE = Path(__file__).resolve().parent.parent
ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class AccountProcess:
    """A context manager: the process lives inside it. Its stdin is a pipe that closes with the tests."""

    def __init__(self, state: Path, *options: str) -> None:
        self._clients: dict[str, Any] = {}
        command = [sys.executable, "-m", "local_account", "--state-dir", str(state), *options]
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())

    def __enter__(self) -> AccountProcess:
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.terminate()
        self.process.wait(10)

    def client(self, service: str, credentials: dict[str, str] | None = None) -> Any:
        """A client of root, or of the holder of `credentials` as AssumeRole or CreateAccessKey returns them."""
        if credentials is None and service in self._clients:
            return self._clients[service]
        keys = ROOT if credentials is None else _keys(credentials)
        once = Config(retries={"total_max_attempts": 1})
        client = boto3.client(
            service, endpoint_url=self.ready["endpoint"], region_name="us-east-1", config=once, **keys
        )
        if credentials is None:
            self._clients[service] = client
        return client

    def user(self, name: str, *statements: dict[str, Any], path: str = "/") -> dict[str, str]:
        """The access key of a new user with one inline policy of `statements`."""
        iam = self.client("iam")
        iam.create_user(UserName=name, Path=path)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return dict(iam.create_access_key(UserName=name)["AccessKey"])

    def door(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.ready['door']}/{path}", data, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def role(self, name: str, *statements: dict[str, Any], trust: dict[str, Any] = LAMBDA_TRUST) -> str:
        """The ARN of a new role with one inline policy of `statements`."""
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return str(role["Arn"])

    def session(self, name: str, *statements: dict[str, Any], session_name: str = "session") -> dict[str, str]:
        """The credentials of a session of a new role."""
        arn = self.role(name, *statements)
        return self.client("sts").assume_role(RoleArn=arn, RoleSessionName=session_name)["Credentials"]

    def function(self, name: str, *statements: dict[str, Any], **settings: Any) -> str:
        """The ARN of a new function that runs `bootstrap.py` with a role of its own."""
        settings.setdefault("Role", None)
        role = settings.pop("Role") or self.role(f"{name}-role", *statements)
        created = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=role,
            Code={"ZipFile": package((PACKAGE / "tests" / "bootstrap.py").read_text())},
            **{"Timeout": 10, **settings},
        )
        return str(created["FunctionArn"])

    def invoke(self, name: str, event: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
        """What the function answered, and the whole response."""
        response = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)
        payload = response["Payload"].read()
        return json.loads(payload) if payload else None, response

    def invocations(self, function: str) -> list[dict[str, Any]]:
        return [i for i in self.door("GET", "invocations") if i["function"] == function]

    def queue(self, name: str, *statements: dict[str, Any]) -> tuple[str, str]:
        """The URL and the ARN of a new queue with a policy of `statements`."""
        sqs = self.client("sqs")
        attributes = {"Policy": policy(*statements)} if statements else {}
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        received = self.client("sqs").receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(received.get("Messages", []))


def package(bootstrap: str) -> bytes:
    """A deployment package whose bootstrap is this Python program."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bootstrap", f"#!{sys.executable}\n{bootstrap}")
    return buffer.getvalue()


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def signed(
    service: str,
    url: str,
    body: bytes,
    headers: dict[str, str] | None = None,
    credentials: dict[str, str] | None = None,
    region: str = "us-east-1",
) -> AWSRequest:
    """A POST request with the signature of root or of the holder of `credentials`."""
    keys = _keys(credentials) if credentials else {**ROOT, "aws_session_token": None}
    holder = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], keys["aws_session_token"])
    request = AWSRequest("POST", url, headers or {}, body)
    SigV4Auth(holder, service, region).add_auth(request)
    return request


def eventually(look: Callable[[], Any], seconds: float = 8.0) -> Any:
    """What `look` finds once it finds something; fails the test if it doesn't in time."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "nothing was found in time"
        time.sleep(0.03)
    return found


def _keys(credentials: dict[str, str]) -> dict[str, str | None]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials.get("SessionToken"),
    }
