"""`cordon can`: who may do what, from files alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from .laptop import BINARIES

HOME = "111122223333"
ELSEWHERE = "444455556666"
ANN = f"arn:aws:iam::{HOME}:user/ann"
APP = f"arn:aws:iam::{HOME}:role/app"
OPS = f"arn:aws:iam::{HOME}:role/ops"
QUEUE = f"arn:aws:sqs:eu-west-1:{HOME}:jobs"
FAR_QUEUE = f"arn:aws:sqs:eu-west-1:{ELSEWHERE}:jobs"
KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/k-1"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def deny(action: str, **more: Any) -> dict[str, Any]:
    return {**allow(action, **more), "Effect": "Deny"}


def role(name: str, *inline: dict[str, Any], **more: Any) -> dict[str, Any]:
    """As GetAccountAuthorizationDetails has it; whoever is in the account may assume it."""
    trust = {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"}
    return {
        "Arn": f"arn:aws:iam::{HOME}:role/{name}",
        "RoleName": name,
        "RoleId": f"AROA{name.upper():A<16}",
        "AssumeRolePolicyDocument": policy(trust),
        "RolePolicyList": [{"PolicyName": f"p{n}", "PolicyDocument": each} for n, each in enumerate(inline)],
        "AttachedManagedPolicies": [],
        **more,
    }


def dump(*roles: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": list(roles), "Policies": [], **more}


class Desk:
    """A folder with files, and the command beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str, content: object) -> Path:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(BINARIES / "cordon"), "can", *map(str, arguments)]
        environment = {"PATH": os.environ["PATH"]}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def ask(self, details: dict[str, Any], *arguments: object) -> tuple[dict[str, Any], int]:
        done = self.run(*arguments, "--authorization-details", self.file("details.json", details), "--json")
        assert done.stdout, done.stderr
        return dict(json.loads(done.stdout)), done.returncode

    def batch(self, *lines: object) -> tuple[list[dict[str, Any]], int]:
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        done = self.run("--batch", self.file("batch.jsonl", text + "\n"))
        return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_exit_code_and_the_statement_say_whether_a_role_may(desk: Desk) -> None:
    details = dump(role("app", policy(allow("sqs:*", Sid="Queues"), deny("sqs:Delete*", Sid="Keep"))))
    allowed, code = desk.ask(details, APP, "sqs:SendMessage", QUEUE)
    assert (allowed["schema"], allowed["decision"], code) == (1, "allow", 0)
    assert [each["sid"] for each in allowed["statements"]] == ["Queues"]
    denied, code = desk.ask(details, APP, "sqs:DeleteQueue", QUEUE)
    assert (denied["decision"], code, denied["statements"][0]["sid"]) == ("explicit-deny", 3, "Keep")
    assert desk.ask(details, APP, "sns:Publish", "*")[1] == 3
    text = desk.run(APP, "sqs:SendMessage", QUEUE, "--authorization-details", desk.folder / "details.json").stdout
    assert text.startswith("Yes: allowed.") and '"Queues"' in text


def test_an_unknown_key_depends_and_strict_or_a_context_decides(desk: Desk) -> None:
    condition = {"StringLike": {"aws:Referer": ["shop.example"]}}
    details = dump(role("app", policy(allow("sqs:*", Condition=condition))))
    question = (APP, "sqs:SendMessage", QUEUE)
    depends, code = desk.ask(details, *question)
    assert (depends["decision"], code, depends["depends_on"][0]["key"]) == ("depends", 6, "aws:Referer")
    assert desk.ask(details, *question, "--strict")[1] == 3
    assert desk.ask(details, *question, "--context", "AWS:referer=shop.example")[1] == 0
    assert desk.ask(details, *question, "--context", "aws:Referer=other", "--strict")[1] == 3


def test_boundaries_limit_users_and_roles(desk: Desk) -> None:
    arn = f"arn:aws:iam::{HOME}:policy/limit"
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": policy(allow("sns:*"))}
    limit = {"Arn": arn, "DefaultVersionId": "v1", "PolicyVersionList": [version]}
    bounded = {"PermissionsBoundary": {"PermissionsBoundaryArn": arn}}
    inline = [{"PolicyName": "p", "PolicyDocument": policy(allow("*"))}]
    ann = {"Arn": ANN, "UserName": "ann", "UserPolicyList": inline, "GroupList": [], **bounded}
    details = dump(role("app", policy(allow("*")), **bounded), UserDetailList=[ann], Policies=[limit])
    for principal in (ANN, APP):
        assert desk.ask(details, principal, "sns:Publish", "*")[1] == 0
        assert desk.ask(details, principal, "sqs:SendMessage", QUEUE)[1] == 3
    nothing = dump(role("app", **bounded), Policies=[limit])
    assert desk.ask(nothing, APP, "sns:Publish", "*")[1] == 3


def test_who_is_not_in_the_dump_may_nothing_and_the_answer_says_why(desk: Desk) -> None:
    details = dump(role("app", policy(allow("*"))))
    nobody, stranger = f"arn:aws:iam::{HOME}:user/nobody", f"arn:aws:iam::{ELSEWHERE}:role/x"
    for principal, why in [(nobody, "misspelt"), (stranger, "account")]:
        answer, code = desk.ask(details, principal, "sqs:SendMessage", QUEUE)
        assert (answer["decision"], code) == ("implicit-deny", 3) and why in answer["notes"][0]


def test_a_resource_policy_opens_another_account_and_denies_at_home(desk: Desk) -> None:
    details = dump(role("app", policy(allow("sqs:*"))), role("ops", policy(allow("sqs:*"))))
    assert desk.ask(details, APP, "sqs:SendMessage", FAR_QUEUE)[1] == 3
    shared = {"Effect": "Allow", "Principal": f"arn:aws:iam::{HOME}:root", "Action": "sqs:SendMessage", "Resource": "*"}
    far = desk.file("far.json", [{"Resource": FAR_QUEUE, "Policy": policy(shared), "Account": ELSEWHERE}])
    answer, code = desk.ask(details, APP, "sqs:SendMessage", FAR_QUEUE, "--resource-policies", far)
    assert code == 0 and any("Principal" in note for note in answer["notes"])
    closed = {"Effect": "Deny", "Principal": {"AWS": OPS}, "Action": "sqs:*", "Resource": "*"}
    near = desk.file("near.json", [{"Resource": QUEUE, "Policy": policy(closed), "Account": HOME}])
    assert desk.ask(details, OPS, "sqs:SendMessage", QUEUE, "--resource-policies", near)[1] == 3
    assert desk.ask(details, APP, "sqs:SendMessage", QUEUE, "--resource-policies", near)[1] == 0


def node(identity: str, *policies: dict[str, Any], children: list[Any], management: str = ELSEWHERE) -> dict[str, Any]:
    attached = [{"Name": f"s{n}", "Content": each} for n, each in enumerate(policies)]
    arn = f"arn:aws:organizations::{management}:x/o-1/{identity}"
    return {"Id": identity, "Arn": arn, "Policies": attached, "Children": children}


def test_every_level_of_the_organization_limits_but_not_the_management_account(desk: Desk) -> None:
    details = dump(role("app", policy(allow("*"))))
    full, no_queues = policy(allow("*")), policy(deny("sqs:*"))

    def code(*root: dict[str, Any], management: str = ELSEWHERE) -> int:
        account = node(HOME, full, children=[])
        tree = node("r-1", *root, children=[account], management=management)
        return desk.ask(details, APP, "sqs:SendMessage", QUEUE, "--scps", desk.file("scps.json", tree))[1]

    assert code(full) == 0
    assert code(full, no_queues) == 3
    assert code() == 3
    assert code(full, no_queues, management=HOME) == 0


def test_resource_control_policies_of_the_tree_limit_whoever_asks_for_what_is_the_accounts(desk: Desk) -> None:
    details = dump(role("app", policy(allow("*"))))
    perimeter = policy({**deny("sqs:*"), "Principal": "*"})
    guard = policy({"Effect": "Allow", "Principal": {"AWS": APP}, "Action": "sqs:*", "Resource": "*"})

    def code(queue: str, management: str = "999988887777") -> int:
        home = node(HOME, policy(allow("*")), children=[], management=management)
        home["Policies"].append({"Name": "perimeter", "Type": "RESOURCE_CONTROL_POLICY", "Content": perimeter})
        tree = node("r-1", policy(allow("*")), children=[home], management=management)
        far = desk.file("far.json", [{"Resource": FAR_QUEUE, "Policy": guard, "Account": ELSEWHERE}])
        files = ("--scps", desk.file("scps.json", tree), "--resource-policies", far)
        answer, code = desk.ask(details, APP, "sqs:SendMessage", queue, *files)
        assert code != 3 or [one["layer"] for one in answer["statements"]] == ["rcp"]
        return code

    assert code(QUEUE) == 3
    assert code(FAR_QUEUE) == 0
    assert code(QUEUE, management=HOME) == 0


def test_a_role_is_assumed_by_its_trust_policy_and_a_key_without_its_policy_depends(desk: Desk) -> None:
    details = dump(role("app", policy(allow("sts:*"), allow("kms:*"))), role("ops"))
    assert desk.ask(details, APP, "sts:AssumeRole", OPS)[1] == 0
    assert desk.ask(details, OPS, "sts:AssumeRole", APP)[1] == 3
    answer, code = desk.ask(details, APP, "kms:Decrypt", KEY)
    assert code == 6 and "not seen" in answer["depends_on"][0]["why"]


def test_a_dump_that_cannot_be_read_whole_is_an_error_that_says_what_it_hides(desk: Desk) -> None:
    whole = dump(role("app", policy(allow("*"))))
    broken = dump(role("app", policy(allow("*"), deny("*", Condition={"StringIs": {"a": "b"}}))))
    without = {key: value for key, value in whole.items() if key != "GroupDetailList"}
    for content, said in [
        (without, "what users get from groups"),
        (broken, "no such condition operator"),
        (json.dumps(whole)[:-9], "not JSON"),
        ("\ufeff" + json.dumps(whole), "byte order mark"),
        ('{"Policies": [], "Policies": []}', "stands twice"),
    ]:
        path = desk.file("broken.json", content)
        done = desk.run(APP, "sqs:SendMessage", QUEUE, "--authorization-details", path, "--json")
        assert (done.returncode, done.stdout) == (1, "") and said in done.stderr, done.stderr


def case(identity: str, **more: Any) -> dict[str, Any]:
    question = {"principal": APP, "principal_account": HOME, "action": "sqs:SendMessage", "resource": QUEUE}
    return {"id": identity, **question, "resource_account": HOME, **more}


def test_a_batch_answers_each_line_and_a_bad_line_is_an_error_and_never_an_allow(desk: Desk) -> None:
    deep = '{"id": ' + "[" * 5000
    answers, code = desk.batch(
        case("yes", identity_policies=[policy(allow("*"))], context={}),
        case("no", identity_policies=[policy(allow("*"))], scps=[[policy(allow("sns:*"))]], context={}),
        case("open", identity_policies=[policy(allow("*", Condition={"Bool": {"aws:SecureTransport": True}}))]),
        case("bad", identity_policies=[policy(allow("*")), policy({"Effect": "deny"})]),
        '{"id": "cut", "principal',
        deep,
        '{"id": "twice", "id": "twice"}',
        case("last", identity_policies=[policy(allow("*"))], context={}),
    )
    assert code == 1
    assert [answer.get("decision") for answer in answers] == ["allow", "implicit-deny", "depends", *[None] * 4, "allow"]
    assert [answer["id"] for answer in answers] == ["yes", "no", "open", "bad", None, None, None, "last"]
    bad = answers[3]["error"]
    assert bad["line"] == 4 and bad["at"].startswith("identity_policies[1]")
    assert all("error" in answer for answer in answers[3:7])


def test_a_batch_without_bad_lines_ends_well_whatever_it_says(desk: Desk) -> None:
    assert desk.batch(case("no", context={})) == (
        [{"id": "no", "schema": 1, "decision": "implicit-deny", "statements": [], "depends_on": []}],
        0,
    )


def test_a_policy_of_ten_megabytes_is_an_error(desk: Desk) -> None:
    huge = json.dumps(policy(allow("sqs:*", Sid="x" * 10_000_000)))
    answers, code = desk.batch(case("huge", identity_policies=[huge], context={}))
    assert code == 1 and "at most" in answers[0]["error"]["problem"]


def test_all_policies_that_aws_manages_are_read_and_evaluated(desk: Desk) -> None:
    managed = json.loads(aws_managed_policies_data)
    assert len(managed) > 1500
    lines = [case(name, identity_policies=[each["Document"]]) for name, each in managed.items()]
    answers, code = desk.batch(*lines)
    assert code == 0 and len(answers) == len(managed)
    decisions = {answer["id"]: answer["decision"] for answer in answers}
    assert decisions["AdministratorAccess"] == "allow" and decisions["IAMReadOnlyAccess"] == "implicit-deny"
    assert decisions["AmazonSQSFullAccess"] == "allow"
