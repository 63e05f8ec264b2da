"""What people do with the compiled `cordon`: contain, look, release, contain again."""

from __future__ import annotations

import hashlib
import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .command import Person, cordon
from .laptop import Laptop, Shown, Stack, wait_for


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Person:
    return Person.user(stack, "alice", "OperatorPolicyArn", "ViewerPolicyArn")


@pytest.fixture(scope="module")
def bob(stack: Stack) -> Person:
    return Person.user(stack, "bob", "ApproverPolicyArn")


def contained(stack: Stack, alice: Person, group: str, **fleet: object) -> tuple[str, str]:
    """An instance of a new group that alice contained, and the incident."""
    made = stack.laptop.fleet(group, size=3, two_eni_index=0, target_group=True, **fleet)
    instance = made["instance_ids"][0]
    answer = alice.asks("contain", instance, "--reason", "Case 4711: beacon")
    assert answer["outcome"] == "contained" and answer["isolated"]
    stack.incident_in(instance, "Contained")
    return instance, answer["incident"]


def test_contain_show_release_and_contain_again(laptop: Laptop, stack: Stack, alice: Person) -> None:
    made = laptop.fleet("circle", size=3, two_eni_index=0, target_group=True)
    instance = made["instance_ids"][0]
    shown = Shown(laptop, instance)
    before = shown.interface_groups()
    dry = alice.runs("contain", instance, "--reason", "Case 4711: beacon", "--dry-run")
    assert dry.returncode == 0 and "QuarantineNetwork" in dry.stdout and "memory" in dry.stdout, dry.stderr
    assert shown.untouched() and stack.incidents(instance) == []

    answer = alice.asks("contain", instance, "--reason", "Case 4711: beacon")
    incident = stack.incident_in(instance, "Contained")
    assert (answer["schema"], answer["incident"]) == (1, incident["id"])
    assert incident["requested"]["by"]["arn"] == alice.arn
    assert incident["requested"]["reason"] == "Case 4711: beacon"
    assert shown.is_isolated() and shown.state() == "stopped" and shown.group() is None

    text = alice.runs("show", incident["id"]).stdout
    assert alice.arn in text and "Case 4711: beacon" in text
    listed = alice.asks("incidents", "--group", "circle")
    assert [one["incident"] for one in listed["incidents"]] == [incident["id"]]

    dry = alice.asks("release", incident["id"], "--reason", "False alarm", "--dry-run")
    assert dry["outcome"] == "release-planned" and "QuarantineNetwork" in dry["plan"]["steps"]
    assert shown.is_isolated()
    false_alarms = ("incidents", "--group", "circle", "--false")
    assert alice.asks(*false_alarms)["incidents"] == []
    released = alice.asks("release", incident["id"], "--reason", "False alarm", "--false-alarm")
    assert [one["false_alarm"] for one in alice.asks(*false_alarms)["incidents"]] == [True]
    assert released["state"] == {"name": "Released"}, released
    assert shown.interface_groups() == before
    assert shown.state() == "running" and shown.group() == "circle"
    assert all(tag["Key"] != "cordon:incident" for tag in shown.describe()["Tags"])

    again = alice.asks("contain", instance, "--reason", "Not false after all", code=3)
    assert again["reason"]["guard"] == "cool-down"
    again = alice.asks("contain", instance, "--reason", "Not false after all", "--override", "cool-down")
    assert again["incident"] != incident["id"] and again["isolated"]
    wait_for("the second containment", lambda: shown.state() == "stopped")


def test_a_release_refuses_what_somebody_changed_and_says_what(laptop: Laptop, stack: Stack, alice: Person) -> None:
    instance, incident = contained(stack, alice, "drifted")
    ec2 = laptop.client("ec2")
    interface = next(iter(Shown(laptop, instance).interface_groups()))
    vpc = Shown(laptop, instance).describe()["VpcId"]
    opened = ec2.create_security_group(GroupName="opened", Description="by hand", VpcId=vpc)["GroupId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[opened])
    refused = alice.runs("release", incident, "--reason", "done")
    assert refused.returncode == 3
    assert interface in refused.stdout and opened in refused.stdout and "--accept-drift" in refused.stdout
    assert Shown(laptop, instance).state() == "stopped"
    released = alice.asks("release", incident, "--reason", "done", "--accept-drift")
    assert released["state"] == {"name": "Released"}
    assert [one["found"] for one in released["release"]["plan"]["accepted"]] == [f"in {opened}"]


def test_a_full_group_is_refused_with_its_numbers(laptop: Laptop, stack: Stack, alice: Person) -> None:
    _, incident = contained(stack, alice, "full")
    laptop.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="full", MaxSize=3)
    refused = alice.asks("release", incident, "--reason", "done", code=3)
    assert refused["reason"] == {"code": "group-full", "group": "full", "desired": 3, "max": 3}


def test_a_protected_instance_needs_a_second_person(laptop: Laptop, stack: Stack, alice: Person, bob: Person) -> None:
    instance = laptop.fleet("guarded", size=3, tags={"cordon:protected": "true"})["instance_ids"][0]
    answer = alice.asks("contain", instance, "--reason", "Case 4712", code=3)
    assert answer["outcome"] == "approval-needed"
    own = alice.asks("approve", answer["request"], "--reason", "sure", code=3)
    assert own["code"] == "same-principal"
    assert Shown(laptop, instance).untouched()
    approved = bob.asks("approve", answer["request"], "--reason", "sure")
    assert approved["isolated"]
    requested = stack.incident_in(instance, "Contained", "Settling")["requested"]
    assert (requested["by"]["arn"], requested["approved_by"]["arn"]) == (alice.arn, bob.arn)


def test_session_names_tell_people_apart_only_in_sso_roles(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("sessions", size=3, tags={"cordon:protected": "true"})["instance_ids"][0]
    plain = [Person.session(stack, "responders", name, "OperatorPolicyArn") for name in ("ann", "ben")]
    request = plain[0].asks("contain", instance, "--reason", "x", code=3)["request"]
    assert plain[1].asks("approve", request, "--reason", "x", code=3)["code"] == "same-principal"
    role = "AWSReservedSSO_Responders_0123456789abcdef"
    people = [Person.session(stack, role, name, "OperatorPolicyArn") for name in ("ann", "ben")]
    request = people[0].asks("contain", instance, "--reason", "x", code=3)["request"]
    assert people[1].asks("approve", request, "--reason", "x")["isolated"]


def test_a_held_instance_is_isolated_and_runs_on(laptop: Laptop, stack: Stack, alice: Person) -> None:
    instance = laptop.fleet("held", size=3)["instance_ids"][0]
    alice.asks("contain", instance, "--reason", "memory first", "--hold")
    stack.incident_in(instance, "Contained")
    shown = Shown(laptop, instance)
    assert shown.is_isolated() and shown.state() == "running" and shown.group() is None


def group_moves(laptop: Laptop, since: int, interface: str) -> list[str]:
    """The names of the groups that an interface was put into, in order, as the calls were recorded."""
    described = laptop.client("ec2").describe_security_groups()["SecurityGroups"]
    names = {group["GroupId"]: group["GroupName"] for group in described}
    moves = [
        call["params"]
        for call in laptop.calls(since)
        if call["action"] == "ModifyNetworkInterfaceAttribute" and call["status"] == 200
    ]
    return [names[move["SecurityGroupId.1"]] for move in moves if move["NetworkInterfaceId"] == interface]


def test_tracked_connections_are_cut_by_a_swap_that_ends_in_the_empty_group(
    laptop: Laptop, stack: Stack, alice: Person
) -> None:
    made = laptop.fleet("untracked", size=3, two_eni_index=0)
    instance, since = made["instance_ids"][0], len(laptop.calls())
    shown = Shown(laptop, instance)
    before = shown.interface_groups()
    unheld = alice.runs("contain", instance, "--reason", "memory first", "--untrack")
    assert unheld.returncode == 2 and "--hold" in unheld.stderr
    dry = alice.runs("contain", instance, "--reason", "memory first", "--hold", "--untrack", "--dry-run")
    assert "UntrackConnections" in dry.stdout and "best effort" in dry.stdout, dry.stderr
    assert "everything may reach it" in dry.stdout and shown.untouched()

    answer = alice.asks("contain", instance, "--reason", "memory first", "--hold", "--untrack")
    assert answer["isolated"], answer
    incident = stack.incident_in(instance, "Contained")
    assert incident["steps"]["UntrackConnections"]["status"] == "done"
    assert len(before) == 2
    for interface in before:
        moves = group_moves(laptop, since, interface)
        assert moves == ["cordon-quarantine", "cordon-allow-all", "cordon-quarantine"], interface
    assert shown.is_isolated() and shown.state() == "running" and shown.group() is None
    ec2 = laptop.client("ec2")
    of_vpc = [{"Name": "group-name", "Values": ["cordon-allow-all"]}, {"Name": "vpc-id", "Values": [made["vpc_id"]]}]
    (group,) = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
    members = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}])
    assert members["NetworkInterfaces"] == []

    released = alice.asks("release", incident["id"], "--reason", "captured")
    assert released["state"] == {"name": "Released"}, released
    assert shown.interface_groups() == before


def test_a_squatted_allow_all_group_is_never_used(laptop: Laptop, stack: Stack, alice: Person) -> None:
    made = laptop.fleet("lured", size=3)
    instance, since = made["instance_ids"][0], len(laptop.calls())
    made_by_another = {"GroupName": "cordon-allow-all", "Description": "not Cordon's", "VpcId": made["vpc_id"]}
    laptop.client("ec2").create_security_group(**made_by_another)
    alice.asks("contain", instance, "--reason", "memory first", "--hold", "--untrack", code=4)
    incident = stack.incident_in(instance, "Partial")
    assert incident["state"]["steps"] == ["UntrackConnections"]
    assert "not begun" in incident["steps"]["UntrackConnections"]["error"]
    (interface,) = Shown(laptop, instance).interface_groups()
    assert group_moves(laptop, since, interface) == ["cordon-quarantine"]
    assert Shown(laptop, instance).is_isolated()


def test_nobody_contains_beyond_the_scope_or_what_does_not_exist(laptop: Laptop, stack: Stack, alice: Person) -> None:
    instance = laptop.fleet("private", size=3, mode="off")["instance_ids"][0]
    refused = alice.runs("contain", instance, "--reason", "x")
    assert refused.returncode == 3 and "cordon:mode" in refused.stdout
    gone = alice.asks("contain", "i-00000000000000000", "--reason", "x", code=3)
    assert gone["reason"]["code"] == "instance-not-found"
    hostile = alice.runs("contain", "i-\x1b[31m", "--reason", "x")
    assert hostile.returncode == 1 and "\x1b" not in hostile.stderr + hostile.stdout
    unknown = alice.runs("release", "inc-20260101-000000-0123456789", "--reason", "x")
    assert unknown.returncode == 1 and "no incident" in unknown.stderr
    assert Shown(laptop, instance).untouched()


def test_who_may_not_invoke_is_told_so(laptop: Laptop, stack: Stack, bob: Person) -> None:
    denied = bob.runs("release", "inc-x", "--reason", "x")
    assert denied.returncode == 1 and "denied" in denied.stderr and "policy" in denied.stderr
    expired = cordon(laptop, "unfreeze", "--reason", "x", keys={**bob.keys, "AWS_SECRET_ACCESS_KEY": "guessed"})
    assert expired.returncode == 1
    missing = cordon(laptop, "--stack", "nowhere", "unfreeze", "--reason", "x")
    assert missing.returncode == 1 and "--stack" in missing.stderr


def signed(laptop: Laptop, person: Person, function: str, request: dict, nonce: str) -> dict:
    """A request with its proof, made by a second implementation of the signature."""
    text = json.dumps({"version": 1, "function": function, **request})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "X-Cordon-Nonce": nonce,
        "X-Cordon-Request-Sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    made = AWSRequest("POST", laptop.about["endpoint"] + "/", headers=headers, data=body)
    keys = Credentials(person.keys["AWS_ACCESS_KEY_ID"], person.keys["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "sts", laptop.about["region"]).add_auth(made)
    proof = {"authorization": made.headers["Authorization"], "date": made.headers["X-Amz-Date"], "nonce": nonce}
    return {"cordon": text, "proof": proof}


def test_a_request_counts_once_and_only_as_it_was_signed(laptop: Laptop, stack: Stack, alice: Person) -> None:
    """An invocation that was overheard is of no use to anybody else who may invoke."""
    instance = laptop.fleet("overheard", size=3)["instance_ids"][0]
    function = stack.outputs["ContainInstanceFunctionName"]
    request = {"action": "contain", "instance": instance, "reason": "x", "dry_run": True}
    overheard = signed(laptop, alice, function, request, "0" * 32)

    def answer(event: dict) -> str:
        answer = laptop.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        payload = json.load(answer["Payload"])
        return payload["errorType"] if "FunctionError" in answer else payload["outcomes"][0]["outcome"]

    assert answer(overheard) == "planned"
    assert answer(overheard) == "OperatorUnproved"
    wet = overheard["cordon"].replace('"dry_run": true', '"dry_run": false')
    assert wet != overheard["cordon"]
    assert answer({**overheard, "cordon": wet}) == "OperatorUnproved"
    assert answer({**overheard, "proof": {**overheard["proof"], "nonce": "1" * 32}}) == "OperatorUnproved"
    elsewhere = signed(laptop, alice, "another-function", request, "2" * 32)
    assert answer(elsewhere) == "OperatorUnproved"
    assert Shown(laptop, instance).untouched()


def test_a_freeze_is_set_and_lifted_by_people_and_stops_alarms(laptop: Laptop, alice: Person) -> None:
    """In a stack of its own, since it stops everything."""
    own = Stack.deploy(laptop, "icy", Mode="enforce")
    carol = Person.user(own, "carol", "OperatorPolicyArn")
    instance = laptop.fleet("icy", size=3)["instance_ids"][0]
    opened = carol.runs("--stack", "icy", "contain", instance, "--reason", "x", "--hold", "--untrack")
    assert opened.returncode == 1 and "AllowUntracking" in opened.stderr, "it is off by default"
    frozen = carol.asks("--stack", "icy", "freeze", "--reason", "deployment", "--minutes", "30")
    assert frozen["outcome"] == "frozen"
    own.alarm("icy", instance)
    own.surge(instance)
    wait_for("the refusal", lambda: own.incidents(instance))
    assert own.incidents(instance)[0]["state"]["reason"]["guard"] == "freeze"
    assert Shown(laptop, instance).untouched()
    carol.asks("--stack", "icy", "unfreeze", "--reason", "deployed")
    assert own.items("freeze") == []
