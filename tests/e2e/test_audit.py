"""`cordon audit`: what is wrong in an account, from files alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ocsf.v1_5_0.events import ComplianceFinding

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
    assert set(document) == {"schema", "account", "catalogue", "findings", "escalation", "errors"}
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


def climbing() -> dict[str, Any]:
    """Three roles that one statement makes administrators, and a name that would be a script."""
    changes = policy(allow("iam:PutRolePolicy", Resource="*"))
    hostile = ec2_role("app<script>alert(1)</script>", changes)
    return dump(hostile, ec2_role("other", changes), ec2_role("quiet", policy(allow("s3:GetObject"))))


def test_the_page_loads_and_runs_nothing_and_shows_who_can_climb(desk: Desk) -> None:
    done = audit(desk, climbing(), "--format", "html")
    assert done.returncode == 14
    page = done.stdout
    assert "<script" not in page.lower() and "&#60;script&#62;" in page or "&lt;script&gt;" in page
    assert "default-src" in page and "<svg" in page and "administrator" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "https://" not in page
    for status in ("not evaluated", "Passed"):
        assert status in page


def test_a_page_of_what_could_not_be_read_says_so_first(desk: Desk) -> None:
    done = audit(desk, b'{"UserDetailList": []', "--format", "html")
    assert done.returncode == 6
    assert "not everything could be read" in done.stdout and "Nothing failed" in done.stdout
    assert 'class="top waiting"' in done.stdout


def test_ocsf_has_a_compliance_finding_for_each_and_nothing_unseen_passes(desk: Desk) -> None:
    done = audit(desk, climbing(), "--format", "ocsf", kms="{")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    for finding in findings:
        model = ComplianceFinding.model_validate(finding)
        assert (model.class_uid, model.type_uid, finding["metadata"]["version"]) == (2003, 200301, "1.5.0")
        # The profile's attribute; the class has the rest.
        assert set(model.model_extra or {}) <= {"cloud"}
    statuses: dict[str, set[tuple[int, str]]] = {}
    for finding in findings:
        compliance = finding["compliance"]
        statuses.setdefault(compliance["status_detail"], set()).add((compliance["status_id"], compliance["status"]))
    assert statuses == {
        "fail": {(3, "Fail")},
        "pass": {(1, "Pass")},
        "error": {(99, "Error")},
        "not evaluated": {(99, "Not Evaluated")},
    }
    escalation = [one for one in findings if one["compliance"]["control"] == "iam-privilege-escalation"]
    assert len(escalation) == 2 and all(one["severity_id"] == 5 for one in escalation)
    assert len({one["finding_info"]["uid"] for one in escalation}) == 2


def test_the_graph_and_the_change_that_breaks_most_are_in_the_json(desk: Desk) -> None:
    document = report(audit(desk, climbing(), "--json"))
    paths = document["escalation"]["paths"]
    assert {path["steps"][-1]["to"] for path in paths} == {"administrator"} and len(paths) == 2
    cuts = document["escalation"]["cuts"]
    assert cuts and all(0 < cut["breaks"] <= cut["of"] == 2 for cut in cuts)


def test_what_changed_since_an_earlier_report_comes_first(desk: Desk) -> None:
    before = audit(desk, dump(ec2_role("quiet", policy(allow("s3:GetObject")))), "--json").stdout
    done = audit(desk, climbing(), since=before)
    lines = done.stdout.splitlines()
    assert lines[2].startswith("Changes: ") and "new" in lines[2]
    assert any(line.startswith("NEW  critical iam-privilege-escalation") for line in lines)
    same = audit(desk, climbing(), since=audit(desk, climbing(), "--json").stdout)
    assert "Changes: nothing changed." in same.stdout
    broken = audit(desk, climbing(), "--json", since="{")
    assert any("earlier audit" in one["at"] for one in report(broken)["errors"]) and "changes" not in report(broken)


def test_what_is_accepted_counts_no_more_until_it_expires(desk: Desk) -> None:
    def accepted(expires: str) -> str:
        one = {
            "control": "iam-inline-policy",
            "resource": f"arn:aws:iam::{HOME}:role/*",
            "reason": "they are a fixture",
            "expires": expires,
        }
        return json.dumps({"suppressions": [one]})

    details = dump(ec2_role("quiet", policy(allow("s3:GetObject"))))
    plain = audit(desk, details)
    assert "LOW  iam-inline-policy" in plain.stdout
    now = audit(desk, details, suppressions=accepted("2999-01-01"))
    assert "LOW  iam-inline-policy" not in now.stdout and "they are a fixture" in " ".join(now.stdout.split())
    over = audit(desk, details, suppressions=accepted("2020-01-01"))
    assert "LOW  iam-inline-policy" in over.stdout and "expired on 2020-01-01" in over.stdout
    wide = audit(desk, details, suppressions=accepted("2999-01-01").replace(f"arn:aws:iam::{HOME}:role/*", "*"))
    assert wide.returncode == 11 and "suppresses" in wide.stdout
