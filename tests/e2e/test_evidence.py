"""What is kept of an incident: it verifies, every change of it shows, and it goes out as one file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from .command import Person, cordon
from .laptop import Laptop, Stack


@dataclass
class Case:
    laptop: Laptop
    stack: Stack
    viewer: Person
    incident: str

    @property
    def bucket(self) -> str:
        return self.stack.outputs["EvidenceBucketName"]

    @property
    def table(self) -> str:
        return self.stack.outputs["JournalTableName"]

    def keys(self) -> list[str]:
        listed = self.laptop.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=f"evidence/{self.incident}/")
        return [one["Key"] for one in listed["Contents"]]

    def verify(self, code: int) -> dict:
        done = self.viewer.runs("evidence", "verify", self.incident, "--json")
        assert done.returncode == code, (done.returncode, done.stdout[:2000], done.stderr)
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def viewer(stack: Stack) -> Person:
    return Person.user(stack, "vera", "ViewerPolicyArn")


@pytest.fixture
def case(laptop: Laptop, stack: Stack, viewer: Person, request: pytest.FixtureRequest) -> Case:
    group = f"kept-{abs(hash(request.node.name))}"
    instance = laptop.fleet(group, size=3, instance_profile=True)["instance_ids"][0]
    stack.alarm(group, instance)
    stack.surge(instance)
    return Case(laptop, stack, viewer, stack.incident_in(instance, "Contained")["id"])


def failures(verified: dict) -> list[str]:
    return [json.dumps(check) for check in verified["checks"] if check["verdict"] == "failed"]


def test_an_untouched_record_is_intact_and_holds_what_was_to_be_kept(case: Case) -> None:
    verified = case.verify(0)
    assert verified["outcome"] == "passed" and verified["signed_up_to"]["sequence"] > 3
    names = {key.rsplit("/", 1)[-1] for key in case.keys()}
    assert {
        "instance.xml",
        "network-interfaces.xml",
        "security-groups.xml",
        "route-tables.xml",
        "volumes.xml",
        "user-data-digest.json",
        "console-output.xml",
        "console-screenshot.xml",
        "instance-profile.xml",
        "role-policies.json",
        "auto-scaling-group.xml",
        "scaling-activities.xml",
        "alarm.json",
        "metrics.json",
        "cloudtrail-events.json",
        "at-containment.jsonl",
    } <= names
    text = case.viewer.runs("evidence", "verify", case.incident)
    assert "INTACT" in text.stdout


def test_an_altered_object_is_named(case: Case) -> None:
    key = next(key for key in case.keys() if key.endswith("/alarm.json"))
    key_arn = case.stack.resources["EvidenceKey"]["physical_id"]
    case.laptop.client("s3").put_object(
        Bucket=case.bucket, Key=key, Body=b"{}", ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn
    )
    verified = case.verify(6)
    assert key in json.dumps([check for check in verified["checks"] if check["verdict"] != "passed"])


def test_an_altered_event_is_named(case: Case) -> None:
    key = {"pk": {"S": f"incident#{case.incident}"}, "sk": {"S": "event#000003"}}
    client = case.laptop.client("dynamodb")
    before = client.get_item(TableName=case.table, Key=key)["Item"]["document"]["S"]
    client.update_item(
        TableName=case.table,
        Key=key,
        UpdateExpression="SET document = :x",
        ExpressionAttributeValues={":x": {"S": before.replace("incident", "Incident", 1)}},
    )
    verified = case.verify(1)
    assert any('"sequence": 3' in failure for failure in failures(verified))


def test_the_removed_last_event_is_missed_although_the_head_was_turned_back(case: Case) -> None:
    client = case.laptop.client("dynamodb")
    pk = f"incident#{case.incident}"
    events = sorted(
        (item for item in case.stack.items(pk) if item["sk"] != "head"), key=lambda item: item["sk"], reverse=True
    )
    state_change = next(n for n, item in enumerate(events) if '"state-changed"' in item["document"])
    for item in events[: state_change + 1]:
        client.delete_item(TableName=case.table, Key={"pk": {"S": pk}, "sk": {"S": item["sk"]}})
    last = events[state_change + 1]
    client.update_item(
        TableName=case.table,
        Key={"pk": {"S": pk}, "sk": {"S": "head"}},
        UpdateExpression="SET head_hash = :hash, #sequence = :sequence",
        ExpressionAttributeNames={"#sequence": "sequence"},
        ExpressionAttributeValues={
            ":hash": {"S": last["hash"]},
            ":sequence": {"N": str(int(last["sk"].removeprefix("event#")))},
        },
    )
    assert failures(case.verify(1))


def test_a_removed_object_is_missed(case: Case) -> None:
    s3 = case.laptop.client("s3")
    key = next(key for key in case.keys() if key.endswith("/console-output.xml"))
    version = s3.head_object(Bucket=case.bucket, Key=key)["VersionId"]
    s3.delete_object(Bucket=case.bucket, Key=key, VersionId=version, BypassGovernanceRetention=True)
    assert any(key in failure for failure in failures(case.verify(1)))


def test_an_export_verifies_offline_with_the_public_key_alone(case: Case, tmp_path: Path) -> None:
    archive, public_key = tmp_path / "case.tar.gz", tmp_path / "signing.der"
    exported = case.viewer.runs("evidence", "export", case.incident, "--out", str(archive))
    assert exported.returncode == 0 and archive.stat().st_size > 1000, exported.stderr
    key = case.laptop.client("kms").get_public_key(KeyId=case.stack.outputs["SigningKeyArn"])["PublicKey"]
    public_key.write_bytes(key)
    offline = ["evidence", "verify", "--archive", str(archive), "--public-key", str(public_key)]
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert cordon(case.laptop, *offline, keys=nowhere).returncode == 0
    altered = bytearray(archive.read_bytes())
    altered[len(altered) // 2] ^= 1
    archive.write_bytes(altered)
    assert cordon(case.laptop, *offline, keys=nowhere).returncode == 1
    again = case.viewer.runs("evidence", "export", case.incident, "--out", str(archive))
    assert again.returncode == 1 and "exist" in again.stderr.lower()


def test_a_report_is_one_page_that_says_what_happened(case: Case, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = case.viewer.runs("report", case.incident, "--out", str(page))
    assert done.returncode == 0, done.stderr
    html = page.read_text()
    assert case.incident in html and "Content-Security-Policy" in html and "<svg" in html
    assert "console-output.xml" in html and f"cordon release {case.incident}" in html
    assert "<script" not in html and "http-equiv" in html
    finding = json.loads(case.viewer.runs("report", case.incident, "--format", "ocsf").stdout)
    assert finding["class_uid"] == 2005


def test_the_traffic_is_shown_beside_its_groups_other_instances(laptop: Laptop, stack: Stack, viewer: Person) -> None:
    own, *peers = laptop.fleet("beside", size=4)["instance_ids"]
    stack.alarm("beside", own)
    for number, peer in enumerate(peers):
        stack.surge(peer, value=1000.0 + number)
    stack.surge(own)
    incident = stack.incident_in(own, "Contained")["id"]
    report = json.loads(viewer.runs("report", incident, "--format", "json").stdout)
    shown = {peer["instance"]: peer["points"][-1][1] for peer in report["traffic"]["peers"] if peer["points"]}
    assert shown == {peer: 1000.0 + number for number, peer in enumerate(peers)}
    page = viewer.runs("report", incident).stdout
    assert "the median of its 3 peers was 1 kB" in page, re.findall("NetworkOut was[^<]*", page)
