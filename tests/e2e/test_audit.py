"""`cordon audit`: what is wrong in an account, from files alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .laptop import BINARIES
from .test_can import HOME, Desk, allow, dump, policy, role

COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,"
    "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,"
    "access_key_2_last_rotated,access_key_2_last_used_date,cert_1_active,cert_2_active"
)
KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/k-1"


def ec2_role(name: str, *inline: dict[str, Any]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return role(name, *inline, AssumeRolePolicyDocument=policy(trust))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def audit(desk: Desk, details: Any, *more: str, **files: Any) -> subprocess.CompletedProcess[str]:
    arguments = ["audit", "--authorization-details", str(written(desk, "details", details)), *more]
    for name, content in files.items():
        arguments += [f"--{name.replace('_', '-')}", str(written(desk, name, content))]
    environment = {"PATH": os.defpath, "HOME": str(desk.folder)}
    return subprocess.run(
        [BINARIES / "cordon", *arguments], capture_output=True, text=True, check=False, env=environment, timeout=60
    )


def written(desk: Desk, name: str, content: Any) -> Path:
    path = desk.folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stderr == "", done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def of(document: dict[str, Any], control: str, status: str = "fail") -> list[dict[str, Any]]:
    return [one for one in document["findings"] if (one["control"], one["status"]) == (control, status)]


def test_an_escalation_is_found_with_a_witness_that_cordon_can_accepts(desk: Desk) -> None:
    changes = policy(allow("iam:PutRolePolicy", Resource=f"arn:aws:iam::{HOME}:role/app"))
    details = dump(ec2_role("app", changes), ec2_role("quiet", policy(allow("s3:GetObject"))))
    done = audit(desk, details, "--json")
    document = report(done)
    assert done.returncode == 14
    (found,) = of(document, "iam-privilege-escalation")
    assert found["principal"] == f"arn:aws:iam::{HOME}:role/app" and found["confidence"] == "high"
    (witness,) = found["witness"]
    asked = ["can", witness["principal"], witness["action"], witness["resource"]]
    path = written(desk, "again", details)
    again = subprocess.run(
        [BINARIES / "cordon", *asked, "--authorization-details", str(path), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert again.returncode == 0 and json.loads(again.stdout)["decision"] == "allow"


def test_the_document_has_the_form_that_the_contract_gives(desk: Desk) -> None:
    document = report(audit(desk, dump(ec2_role("app")), "--json"))
    assert set(document) == {"schema", "account", "catalogue", "findings", "errors"}
    assert (document["schema"], document["account"], document["errors"]) == (1, HOME, [])
    assert set(document["catalogue"]) == {"source", "version", "actions"} and document["catalogue"]["actions"] > 15_000
    fields = {"control", "status", "severity", "confidence", "resource", "principal", "message", "witness", "fix"}
    assert all(set(finding) == fields for finding in document["findings"])


def test_what_no_file_holds_is_not_evaluated_and_what_is_clean_passes(desk: Desk) -> None:
    done = audit(desk, dump(ec2_role("app")), "--json")
    document = report(done)
    assert done.returncode == 0
    assert {one["status"] for one in document["findings"]} == {"pass", "not-evaluated"}
    for control in ("iam-root-mfa", "iam-user-mfa", "iam-password-policy", "kms-rotation"):
        assert len(of(document, control, "not-evaluated")) == 1, control
    assert len(of(document, "iam-privilege-escalation", "pass")) == 1


def test_the_files_beside_the_dump_are_looked_at(desk: Desk) -> None:
    root = f"<root_account>,arn:aws:iam::{HOME}:root,2020-01-01T00:00:00+00:00" + ",not_supported,N/A,N/A,false" + ",false" * 8
    open_key = {
        "KeyMetadata": {"Arn": KEY, "KeyManager": "CUSTOMER", "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT"},
        "Policy": policy({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}),
        "KeyRotationEnabled": False,
        "Grants": [],
    }
    done = audit(
        desk,
        dump(ec2_role("app")),
        "--json",
        credential_report=f"{COLUMNS}\n{root}\n",
        password_policy={"PasswordPolicy": {"MinimumPasswordLength": 6}},
        kms={"keys": [open_key]},
    )
    document = report(done)
    assert done.returncode == 14, document
    for control in ("iam-root-mfa", "iam-password-policy", "kms-public-key", "kms-rotation"):
        assert len(of(document, control)) == 1, control
    assert {"key", "principal", "decision"} <= set(document["decrypt"][0])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "authorization details"),
        (b'{"UserDetailList": [', "authorization details"),
        (b"[" * 100_000, "authorization details"),
        ({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": []}, "Policies"),
        ({**dump(), "UserDetailList": 7}, "UserDetailList"),
        (b'{"Policies": [], "Policies": []}', "Policies"),
        ({**dump(), "IsTruncated": True}, "IsTruncated"),
    ],
)
def test_a_dump_that_cannot_be_read_is_an_error_and_never_a_pass(desk: Desk, content: Any, said: str) -> None:
    done = audit(desk, content, "--json")
    document = report(done)
    assert done.returncode == 6
    assert said in json.dumps(document["errors"])
    judged = [one for one in document["findings"] if one["control"].startswith("iam-")]
    assert {one["status"] for one in judged} <= {"error", "not-evaluated"} and of(document, "iam-administrator", "error")


@pytest.mark.parametrize(
    "broken",
    [
        {"Version": "2012-10-17", "Statement": [{"Effect": "Alow", "Action": "*", "Resource": "*"}]},
        policy(allow("*", Condition={"StringAlmostEquals": {"aws:SourceIp": "x"}})),
        '{"Version": "2012-10-17", "Statement": [' + "[" * 10_000,
        7,
    ],
    ids=("effect", "operator", "nested", "number"),
)
def test_one_policy_that_cannot_be_read_spoils_its_holder_alone(desk: Desk, broken: Any) -> None:
    details = dump(ec2_role("broken", broken), ec2_role("admin", policy(allow("*"))))
    done = audit(desk, details, "--json")
    document = report(done)
    assert done.returncode == 13
    assert [one["principal"][-5:] for one in of(document, "iam-administrator")] == ["admin"]
    assert of(document, "iam-administrator", "error") and "role/broken" in document["errors"][0]["at"]


def test_a_policy_of_ten_megabytes_is_judged_like_any_other(desk: Desk) -> None:
    document = report(audit(desk, dump(ec2_role("large", policy(allow("*", Sid="x" * 10_000_000)))), "--json"))
    assert len(of(document, "iam-administrator")) == 1 and document["errors"] == []


def test_roles_that_trust_each_other_in_a_circle_and_odd_names_end_well(desk: Desk) -> None:
    def trusting(name: str, other: str) -> dict[str, Any]:
        principal = {"AWS": f"arn:aws:iam::{HOME}:role/{other}"}
        trust = policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
        return role(name, policy(allow("sts:AssumeRole")), AssumeRolePolicyDocument=trust)

    odd = ec2_role("\u0430dmin\u202e", policy(allow("s3:\u0410*")))
    done = audit(desk, dump(trusting("a", "b"), trusting("b", "a"), odd))
    assert done.returncode == 11 and "CRITICAL" not in done.stdout, "they have inline policies, and nothing worse"
    assert "\u202e" not in done.stdout


def test_text_says_the_worst_first_and_what_to_do(desk: Desk) -> None:
    attach = policy(allow("iam:AttachRolePolicy"))
    done = audit(desk, dump(ec2_role("app", attach), ec2_role("wide", policy(allow("s3:*")))))
    assert done.returncode == 14
    assert done.stdout.startswith(f"Account {HOME}: 1 critical")
    assert done.stdout.index("CRITICAL  iam-privilege-escalation") < done.stdout.index("LOW  iam-service-wildcard")
    assert "Fix: " in done.stdout and "NOT EVALUATED  iam-root-mfa" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "arn:" not in line) <= 80


def test_sarif_has_a_rule_a_control_and_what_was_not_looked_at_is_open(desk: Desk) -> None:
    done = audit(desk, dump(ec2_role("admin", policy(allow("*")))), "--format", "sarif")
    document = report(done)
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert document["version"] == "2.1.0" and len(rules) == len(set(rules)) >= 30
    assert {result["ruleId"] for result in run["results"]} == set(rules)
    kinds = {result["ruleId"]: (result["kind"], result["level"]) for result in run["results"]}
    assert kinds["iam-administrator"] == ("fail", "error") and kinds["iam-root-mfa"] == ("open", "none")


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    done = subprocess.run(
        [BINARIES / "cordon", "audit", "--authorization-details", "nowhere.json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=desk.folder,
        timeout=60,
    )
    assert done.returncode == 1 and "nowhere.json" in done.stderr
