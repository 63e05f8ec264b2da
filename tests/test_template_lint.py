"""template.yaml, and the evidence account's, as AWS's own tools read them."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from tests.template_checks import plain_template
from tests.template_checks.deployed import TEMPLATE

EVIDENCE_ACCOUNT = TEMPLATE.parent / "infra" / "evidence-account.yaml"
KEYS = ["AuditKey", "EvidenceKey", "JournalKey", "LogKey", "MessageKey", "SigningKey"]
KEPT = ["AuditBucket", "AuditBucketPolicy", "EvidenceBucket", "EvidenceBucketPolicy", "JournalTable", *KEYS]
# Regions differ in which services and values they have.
REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-2"]


def lint(template: Path) -> tuple[int, str]:
    """The exit code of cfn-lint, from the environment that runs this test, and all that it says."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", *REGIONS, "--", str(template)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("template", [TEMPLATE, EVIDENCE_ACCOUNT], ids=lambda template: template.stem)
def test_cfn_lint_has_nothing_to_say(template: Path) -> None:
    assert lint(template) == (0, "")


def test_cfn_lint_would_say_something(tmp_path: Path) -> None:
    broken = tmp_path / "template.yaml"
    broken.write_text(TEMPLATE.read_text().replace("Type: AWS::SNS::Topic\n", "Type: AWS::SNS::Topics\n"))

    code, said = lint(broken)

    assert code != 0
    assert "AWS::SNS::Topics" in said


def test_every_statement_on_all_resources_says_why_in_a_comment() -> None:
    lines = TEMPLATE.read_text().splitlines()
    on_all = []
    for start, line in enumerate(lines):
        begins = re.match(r"( +)- Sid: (\w+)", line)
        if begins:
            inside = " " * (len(begins[1]) + 2)
            statement = list(takewhile(lambda later: later.startswith(inside), lines[start + 1 :]))
            # A resource policy's "*" is what it is attached to.
            if inside + 'Resource: "*"' in statement and inside + "Principal:" not in statement:
                on_all.append(begins[2])
                assert lines[start - 1].strip().startswith("# "), f"line {start + 1} gives no reason"

    publishes = "PublishInCordonsNamespace"
    reads = ["CaptureSurroundings", "ReadAlarms", "ReadEverybodysAccess", "ReadFleet"]
    assert sorted(set(on_all)) == sorted([*reads, publishes, "SendTraces", "WriteDetectors"])
    # contain, reconcile, enrol, measure, release and the viewers.
    assert on_all.count("ReadFleet") == 6


def test_no_role_or_policy_bears_a_name_that_capability_iam_does_not_cover() -> None:
    named = [
        name
        for name, resource in plain_template()["Resources"].items()
        if {"RoleName", "ManagedPolicyName"} & set(resource.get("Properties", {}))
    ]

    assert named == []


def test_every_key_of_the_template_is_kept() -> None:
    assert sorted(n for n, resource in plain_template()["Resources"].items() if resource["Type"] == "AWS::KMS::Key") == KEYS


@pytest.mark.parametrize("name", KEPT)
def test_deleting_the_stack_keeps_the_journal_the_evidence_and_the_keys(name: str) -> None:
    resource = plain_template()["Resources"][name]

    assert (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) == ("Retain", "Retain")
