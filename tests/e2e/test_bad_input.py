"""What goes wrong around the command: each time a clear error, the right exit code, and nothing lost."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from .command import Person, cordon
from .laptop import Laptop, Shown, Stack

LARGE = 5 * 1024 * 1024
# Turns writing round and ends a line. (EC2 answers in XML, which can't hold other control characters.)
ODD = "web-7\u202e\nIncident  inc-forged \u00e9\u4f60"


@pytest.fixture(scope="module")
def operator(stack: Stack) -> Person:
    return Person.user(stack, "oda", "OperatorPolicyArn", "ViewerPolicyArn")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "inc-nowhere"], 1),
        (["report", "inc-nowhere"], 1),
        (["evidence", "verify", "inc-nowhere"], 1),
        (["evidence", "export", "inc-nowhere", "--out", "/nonexistent/out.tar.gz"], 1),
        (["release", "inc-nowhere", "--reason", "x"], 1),
        (["approve", "req-nowhere", "--reason", "x"], 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_an_unknown_incident_is_named(operator: Person, arguments: list[str], code: int) -> None:
    done = operator.runs(*arguments)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "nowhere" in said or "no request of this name" in said


def test_an_instance_that_is_gone_is_refused_by_release_and_containment(
    laptop: Laptop, stack: Stack, operator: Person
) -> None:
    instance = laptop.fleet("gone", size=3)["instance_ids"][0]
    operator.asks("contain", instance, "--reason", "case 1")
    incident = stack.incident_in(instance, "Contained")["id"]
    ec2 = laptop.client("ec2")
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    ec2.terminate_instances(InstanceIds=[instance])
    released = operator.runs("release", incident, "--reason", "case 1 closed")
    assert released.returncode == 3 and "no longer exists" in released.stdout + released.stderr
    again = operator.runs("contain", instance, "--reason", "case 2")
    assert again.returncode == 3, again.stdout + again.stderr


@pytest.mark.parametrize("keys", [{"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}, {"AWS_SECRET_ACCESS_KEY": "guessed"}])
def test_credentials_that_do_not_count_are_told_of(operator: Person, keys: dict[str, str]) -> None:
    for arguments, code in ((["incidents"], 6), (["show", "inc-x"], 6), (["freeze", "--reason", "x", "--minutes", "5"], 1)):
        done = cordon(operator.laptop, *arguments, keys={**operator.keys, **keys})
        assert done.returncode == code and done.stdout == "", (arguments, done.stdout, done.stderr)
        assert "credentials" in done.stderr


def test_no_credentials_and_no_region_at_all_are_told_of(laptop: Laptop) -> None:
    bare = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    done = cordon(laptop, "incidents", keys=bare)
    assert done.returncode == 6 and "credentials" in done.stderr
    done = cordon(laptop, "incidents", keys={**bare, "AWS_REGION": ""})
    assert done.returncode in (2, 6) and "AWS_REGION" in done.stderr


def test_where_no_function_is_deployed_every_command_says_where_it_looked(laptop: Laptop) -> None:
    for arguments in (
        ["contain", "i-0123456789abcdef0", "--reason", "x"],
        ["release", "inc-x", "--reason", "x"],
        ["incidents"],
        ["show", "inc-x"],
        ["evidence", "verify", "inc-x"],
    ):
        done = cordon(laptop, "--stack", "elsewhere", *arguments)
        assert done.returncode in (1, 6) and done.stdout == "", (arguments, done.stdout)
        assert "elsewhere" in done.stderr and "Region" in done.stderr, (arguments, done.stderr)


def test_of_two_releases_at_once_one_releases_and_the_other_says_so(laptop: Laptop, stack: Stack, operator: Person) -> None:
    instance = laptop.fleet("twice", size=3)["instance_ids"][0]
    operator.asks("contain", instance, "--reason", "case 3")
    incident = stack.incident_in(instance, "Contained")["id"]

    def release(_: int) -> subprocess.CompletedProcess[str]:
        return operator.runs("release", incident, "--reason", "case 3 closed", "--json")

    with ThreadPoolExecutor(2) as both:
        done = list(both.map(release, range(2)))
    assert sorted(one.returncode for one in done) == [0, 3], [(one.returncode, one.stdout, one.stderr) for one in done]
    refused = next(json.loads(one.stdout) for one in done if one.returncode == 3)
    assert refused["reason"]["code"] in ("in-progress", "already-released")
    assert Shown(laptop, instance).untouched()


def test_a_large_console_and_odd_tags_are_kept_and_harm_nobody(laptop: Laptop, stack: Stack, operator: Person) -> None:
    instance = laptop.fleet("odd-tags", size=3)["instance_ids"][0]
    laptop.client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "Name", "Value": ODD}, {"Key": ODD, "Value": ODD}])
    laptop.door("POST", "instances/console", {"instance_id": instance, "output": "x" * LARGE, "whole": True})
    hidden = operator.runs("contain", instance, "--reason", f"case 4 {ODD}")
    assert hidden.returncode == 1 and "\\u{202e}" in hidden.stderr and "\u202e" not in hidden.stderr
    operator.asks("contain", instance, "--reason", "case 4 \u00e9\u4f60")
    incident = stack.incident_in(instance, "Contained")["id"]
    for command in (["show", incident], ["report", incident], ["evidence", "verify", incident], ["incidents"]):
        done = operator.runs(*command)
        assert done.returncode == 0, (command, done.stderr)
        written = set(done.stdout) - {"\n"}
        assert not any(ord(one) < 32 or one in "\u202e\u007f" for one in written), (command, written)
        assert not any(line.startswith("Incident  inc-forged") for line in done.stdout.splitlines())
    verified = operator.asks("evidence", "verify", incident)
    assert verified["outcome"] == "passed"
    report = json.loads(operator.runs("report", incident, "--format", "json").stdout)
    console = [item for item in report["evidence"] if item["what"].startswith("console-output")]
    assert console and console[0]["bytes"] > LARGE
