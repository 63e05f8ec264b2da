"""`cordon trim`: smaller policies from what was used, and the audit of unused permissions beside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .laptop import BINARIES
from .test_audit import audit, ec2_role, of, report, written
from .test_can import APP, HOME, Desk, allow, deny, dump, policy

NOW = "2999-01-01T00:00:00Z"


def service(name: str, used: bool = True, **actions: bool) -> dict[str, Any]:
    """As GetServiceLastAccessedDetails has it; used at any time, for the tests' sake, or never."""
    tracked = [{"ActionName": action, **({"LastAccessedTime": NOW} if was else {})} for action, was in actions.items()]
    return {
        "ServiceName": name.upper(),
        "ServiceNamespace": name,
        **({"LastAuthenticated": NOW} if used else {}),
        "TotalAuthenticatedEntities": int(used),
        **({"TrackedActionsLastAccessed": tracked} if tracked else {}),
    }


def told(*services: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"JobStatus": "COMPLETED", "JobType": "ACTION_LEVEL", "ServicesLastAccessed": list(services), **more}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def trim(desk: Desk, details: Any, accessed: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    files = ["--authorization-details", str(written(desk, "details", details))]
    files += ["--last-accessed", str(written(desk, "accessed", accessed))]
    command = [str(BINARIES / "cordon"), "trim", *arguments, *files]
    environment = {"PATH": os.defpath, "HOME": str(desk.folder)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)


BUCKETS = policy(
    allow("s3:*Bucket", Sid="Buckets", Condition={"Bool": {"aws:SecureTransport": "true"}}),
    allow("ec2:*", Sid="Machines"),
    deny("s3:DeleteBucket", Sid="Never"),
)
USED = told(service("s3", CreateBucket=True, DeleteBucket=False), service("ec2", used=False))


def test_a_smaller_policy_keeps_what_was_used_or_is_not_tracked_and_its_proof_is_counted(desk: Desk) -> None:
    done = trim(desk, dump(ec2_role("app", BUCKETS)), USED, "app", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert set(document) == {"schema", "principal", "policies", "proof", "notes"}
    assert (document["schema"], document["principal"]) == (1, APP)
    (found,) = document["policies"]
    buckets, never = found["new"]["Statement"]
    assert {"s3:CreateBucket", "s3:ListBucket"} <= set(buckets["Action"]) and "s3:DeleteBucket" not in buckets["Action"]
    assert buckets["Condition"] == BUCKETS["Statement"][0]["Condition"] and never == BUCKETS["Statement"][2]
    assert found["old"] == BUCKETS and found["name"] == "p0" and "arn" not in found
    assert found["dropped"] == ["s3:DeleteBucket", "ec2:*"] and found["dropped_statements"] == ["Machines"]
    assert "s3:ListBucket" in found["kept_untracked"]
    assert document["proof"]["same"] > 0 and document["proof"]["no_wider"] > 15_000


def test_cordon_can_says_of_the_smaller_policy_what_the_proof_promised(desk: Desk) -> None:
    done = trim(desk, dump(ec2_role("app", BUCKETS)), USED, APP, "--json")
    smaller = json.loads(done.stdout)["policies"][0]["new"]
    asked = ("s3:CreateBucket", "s3:ListBucket", "s3:DeleteBucket", "ec2:RunInstances")
    answers = {}
    tls = ("--context", "aws:SecureTransport=true")
    for name, one in (("old", BUCKETS), ("new", smaller)):
        details = dump(ec2_role("app", one))
        answers[name] = [desk.ask(details, APP, action, "*", *tls)[0]["decision"] for action in asked]
    assert answers["old"] == ["allow", "allow", "explicit-deny", "allow"]
    assert answers["new"] == ["allow", "allow", "explicit-deny", "implicit-deny"]


def test_a_person_sees_a_diff_and_what_to_know(desk: Desk) -> None:
    done = trim(desk, dump(ec2_role("app", BUCKETS)), USED, "app")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].endswith("1 of 1 policies can be smaller. Nothing was changed.")
    assert any(line.startswith("-") and '"ec2:*"' in line for line in lines)
    assert any(line.startswith("+") and '"s3:CreateBucket"' in line for line in lines)
    assert "Dropped: s3:DeleteBucket, ec2:*" in done.stdout and "Proved: " in done.stdout
    assert "denied count as used" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("details", "accessed", "code", "said"),
    [
        (dump(ec2_role("other")), USED, 1, "called app"),
        (
            {**dump(ec2_role("app")), "UserDetailList": [{"Arn": f"arn:aws:iam::{HOME}:user/app", "UserName": "app"}]},
            USED,
            1,
            f"arn:aws:iam::{HOME}:role/app and arn:aws:iam::{HOME}:user/app",
        ),
        (dump(ec2_role("app")), {**USED, "JobStatus": "IN_PROGRESS"}, 6, "JobStatus"),
        (dump(ec2_role("app")), {**USED, "IsTruncated": True}, 6, "one page"),
        (dump(ec2_role("app")), {"principals": []}, 6, "isn't in the file"),
        (dump(ec2_role("app")), b"{", 6, "last accessed"),
        (dump(ec2_role("app", {"Statement": [{"Effect": "Alow"}]})), USED, 6, "Statement[0]"),
    ],
    ids=("unknown", "ambiguous", "unfinished", "truncated", "absent", "no-json", "policy"),
)
def test_what_is_unknown_or_cannot_be_read_is_not_trimmed(
    desk: Desk, details: Any, accessed: Any, code: int, said: str
) -> None:
    done = trim(desk, details, accessed, "app", "--json")
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr


def test_a_window_of_more_days_than_iam_tracks_is_refused(desk: Desk) -> None:
    assert trim(desk, dump(ec2_role("app")), USED, "app", "--days", "401").returncode == 2


def test_the_audit_finds_unused_permissions_and_says_of_whom_it_knows_nothing(desk: Desk) -> None:
    details = dump(ec2_role("app", BUCKETS), ec2_role("untold", policy(allow("s3:*"))))
    many = {"principals": [{"Arn": APP, **USED}, {"Arn": f"{APP}-gone", **USED}]}
    document = report(audit(desk, details, "--json", last_accessed=many))
    (found,) = of(document, "iam-unused-permission")
    assert found["principal"] == APP and "1 service (ec2)" in found["message"]
    assert "of 1 principals" in of(document, "iam-unused-permission", "not-evaluated")[0]["message"]
    assert of(document, "iam-unused-permission", "error") and "isn't in the dump" in json.dumps(document["errors"])
    without = report(audit(desk, details, "--json"))
    assert len(of(without, "iam-unused-permission", "not-evaluated")) == 1
