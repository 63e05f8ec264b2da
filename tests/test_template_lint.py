"""template.yaml as AWS's own tools read it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template_checks import plain_template
from tests.template_checks.deployed import TEMPLATE

KEPT = ["EvidenceBucket", "EvidenceBucketPolicy", "EvidenceKey", "JournalKey", "JournalTable", "LogKey", "MessageKey"]
# Regions differ in which services and values they have.
REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-2"]


def lint(template: Path) -> tuple[int, str]:
    """The exit code of cfn-lint, from the environment that runs this test, and all that it says."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", *REGIONS, "--", str(template)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_cfn_lint_has_nothing_to_say() -> None:
    assert lint(TEMPLATE) == (0, "")


def test_cfn_lint_would_say_something(tmp_path: Path) -> None:
    broken = tmp_path / "template.yaml"
    broken.write_text(TEMPLATE.read_text().replace("Type: AWS::SNS::Topic\n", "Type: AWS::SNS::Topics\n"))

    code, said = lint(broken)

    assert code != 0
    assert "AWS::SNS::Topics" in said


def test_every_statement_on_all_resources_says_why_in_a_comment() -> None:
    lines = TEMPLATE.read_text().splitlines()
    starts = [number for number, line in enumerate(lines) if re.match(r" {14}- Sid: ", line)]
    on_all = []
    for start in starts:
        end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith(" " * 16)), len(lines))
        if any(line.strip() == 'Resource: "*"' for line in lines[start:end]):
            on_all.append(lines[start].split(": ")[1])
            assert lines[start - 1].strip().startswith("# "), f"line {start + 1} gives no reason"

    assert sorted(set(on_all)) == ["ReadAlarms", "ReadFleet", "SendTraces"]


@pytest.mark.parametrize("name", KEPT)
def test_deleting_the_stack_keeps_the_journal_the_evidence_and_the_keys(name: str) -> None:
    resource = plain_template()["Resources"][name]

    assert (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) == ("Retain", "Retain")
