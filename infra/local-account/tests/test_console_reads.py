"""Console output and screenshots, as an instance leaves them or as a test wants them."""

from __future__ import annotations

import base64
from functools import partial

import boto3
import pytest
from account_process import AccountProcess, allow
from botocore.handlers import decode_console_output
from in_process import Cloud, eventually
from test_iam_enforcement import refusal
from test_instances_states import standalone, state_of

from local_account.jpeg import black_image

HOSTILE = bytes(range(256)) + "\u202egnp.exe \x1b[2J<script>\u2028".encode()


def output_bytes(instance_id: str) -> bytes:
    """The output as it is sent: boto3 makes text of it, which hostile bytes are not."""
    ec2 = boto3.client("ec2", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    ec2.meta.events.unregister("after-call.ec2.GetConsoleOutput", decode_console_output)
    return base64.b64decode(ec2.get_console_output(InstanceId=instance_id).get("Output", ""), validate=True)


def test_output_is_cut_to_its_last_64_kilobytes_unless_a_test_wants_it_whole(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    text = "".join(f"line {number}\n" for number in range(500_000))
    told = cloud.door("POST", "instances/console", {"instance_id": instance_id, "output": text})
    assert told["output_bytes"] == 65_536
    assert output_bytes(instance_id) == text[-65_536:].encode()
    cloud.door("POST", "instances/console", {"instance_id": instance_id, "output": text, "whole": True})
    assert output_bytes(instance_id) == text.encode()
    assert len(text) > 5_000_000


def test_hostile_bytes_arrive_as_they_are(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    set_to = {"instance_id": instance_id, "output_base64": base64.b64encode(HOSTILE).decode()}
    cloud.door("POST", "instances/console", set_to)
    assert output_bytes(instance_id) == HOSTILE


def test_an_instance_has_boot_output_until_told_otherwise_and_none_when_it_is_empty(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    assert output_bytes(instance_id).startswith(b"Linux version")
    cloud.door("POST", "instances/console", {"instance_id": instance_id, "output": ""})
    assert "Output" not in cloud.client("ec2").get_console_output(InstanceId=instance_id)


def test_the_latest_output_is_for_nitro_only(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    latest = partial(cloud.client("ec2").get_console_output, InstanceId=instance_id, Latest=True)
    assert refusal(latest) is None
    cloud.door("POST", "instances/console", {"instance_id": instance_id, "instance_type": "m4.large"})
    assert refusal(latest) == "UnsupportedOperation"


def test_a_screenshot_is_a_jpeg_of_a_running_instance_that_has_a_screen(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    shoot = partial(ec2.get_console_screenshot, InstanceId=instance_id)
    image = base64.b64decode(shoot()["ImageData"], validate=True)
    assert (image[:2], image[-2:], image) == (b"\xff\xd8", b"\xff\xd9", black_image(720, 400))
    cloud.door("POST", "instances/console", {"instance_id": instance_id, "screenshot_base64": "aGk="})
    assert shoot()["ImageData"] == "aGk="
    cloud.door("POST", "instances/console", {"instance_id": instance_id, "instance_type": "m5.metal"})
    assert refusal(shoot) == "UnsupportedOperation"
    cloud.door("POST", "instances/console", {"instance_id": instance_id, "instance_type": "m5.large"})
    ec2.stop_instances(InstanceIds=[instance_id])
    eventually(lambda: state_of(cloud, instance_id) == "stopped")
    assert refusal(shoot) == "IncorrectInstanceState"


@pytest.mark.parametrize("read", ["get_console_output", "get_console_screenshot"])
def test_a_console_is_read_by_permission_on_the_instance(account: AccountProcess, read: str) -> None:
    instance_id = account.door("POST", "scenario/instance", {})["instance_id"]
    other = account.door("POST", "scenario/instance", {})["instance_id"]
    arn = f"arn:aws:ec2:us-east-1:123456789012:instance/{instance_id}"
    actions = ("ec2:GetConsoleOutput", "ec2:GetConsoleScreenshot")
    ec2 = account.client("ec2", account.session(f"console-{read}", allow(*actions, resource=arn)))
    assert refusal(partial(getattr(ec2, read), InstanceId=instance_id)) is None
    assert refusal(partial(getattr(ec2, read), InstanceId=other)) == "UnauthorizedOperation"
