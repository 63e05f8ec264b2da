"""What people and Security Hub are told: the notice's figures, links and commands; one finding for an incident's life."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from .command import Person
from .conftest import UNLIMITED
from .laptop import Laptop, Stack, wait_for

IMPORT = "BatchImportFindings"


def findings(laptop: Laptop, incident: str) -> list[dict[str, Any]]:
    everything = laptop.client("securityhub").get_findings()["Findings"]
    return [one for one in everything if one["ProductFields"]["cordon/incident"] == incident]


def subscribed(stack: Stack, name: str) -> str:
    """A queue that the stack's notices go to."""
    sqs, sns = stack.laptop.client("sqs"), stack.laptop.client("sns")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=stack.outputs["NotificationTopicArn"], Protocol="sqs", Endpoint=arn)
    return url


def received(stack: Stack, queue: str) -> list[dict[str, Any]]:
    messages = stack.laptop.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_an_incident_is_one_finding_from_containment_to_release(laptop: Laptop) -> None:
    laptop.client("securityhub").enable_security_hub()
    stack = Stack.deploy(laptop, "cordon-hub", SecurityHubFindings="on", **UNLIMITED)
    instance = laptop.fleet("hub", size=4)["instance_ids"][0]
    stack.alarm("hub", instance)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")

    def contained() -> dict[str, Any] | None:
        found = [one for one in findings(laptop, incident["id"]) if one["ProductFields"]["cordon/state"] == "Contained"]
        return found[0] if found else None

    first = dict(wait_for("the finding of the containment", contained))
    assert len(findings(laptop, incident["id"])) == 1
    assert (first["RecordState"], first["Workflow"]["Status"], first["Severity"]["Label"]) == ("ACTIVE", "NEW", "MEDIUM")
    account, region = laptop.about["account_id"], laptop.about["region"]
    resource = {"Type": "AwsEc2Instance", "Id": f"arn:aws:ec2:{region}:{account}:instance/{instance}"}
    assert resource.items() <= first["Resources"][0].items()
    assert first["Types"] == ["Unusual Behaviors/Network Flow"] and "threshold of 1 MB" in first["Description"]

    operator = Person.user(stack, "hub-operator", "OperatorPolicyArn")
    done = operator.runs("--stack", "cordon-hub", "release", incident["id"], "--reason", "false alarm", "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    after = findings(laptop, incident["id"])
    assert [one["RecordState"] for one in after] == ["ARCHIVED"]
    assert (after[0]["Id"], after[0]["CreatedAt"]) == (first["Id"], first["CreatedAt"])
    assert after[0]["UpdatedAt"] > first["UpdatedAt"] and after[0]["Severity"]["Label"] == "INFORMATIONAL"
    callers = {call["function"] for call in laptop.calls() if call["action"] == IMPORT}
    assert {"cordon-hub-contain-instance", "cordon-hub-release-instance"} <= callers


def test_switched_off_no_function_calls_security_hub_or_may(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("nohub", size=3)["instance_ids"][0]
    stack.alarm("nohub", instance)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")
    mine = [call for call in laptop.calls() if call["action"] == IMPORT and "hub" not in (call["function"] or "")]
    assert mine == [] and incident.get("finding") is None
    iam = laptop.client("iam")
    for name in ("ContainInstance", "ReconcileIncidents", "ReleaseInstance"):
        role = stack.resources[f"{name}Role"]["physical_id"]
        (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        assert "securityhub" not in json.dumps(document)


def test_a_notice_says_why_where_and_what_to_type(laptop: Laptop, stack: Stack) -> None:
    queue = subscribed(stack, "notices")
    fleet = laptop.fleet("told", size=5)["instance_ids"]
    instance, peers = fleet[0], fleet[1:]
    for peer in peers:
        stack.surge(peer, 4e4)
    name = stack.alarm("told", instance, name=f"# a | b é {instance}")
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")

    told: list[dict[str, Any]] = []

    def is_told() -> bool:
        told.extend(one for one in received(stack, queue) if incident["id"] in one["Message"])
        return any("is contained" in one["Subject"] for one in told)

    wait_for("the notice of the containment", is_told)
    text, _, details = next(one["Message"] for one in told if "is contained" in one["Subject"]).rpartition("\n{")
    document = json.loads("{" + details)
    words = " ".join(text.split())
    assert "NetworkOut was 900 MB (1-minute value), above the threshold of 1 MB (900 times as much)" in words
    assert "the median of its 4 peers was 40 kB, by the captured metrics" in words
    assert document["commands"]["release"] in text and f"See        cordon show {incident['id']}\n" in text
    link = document["links"]["alarm"]
    assert link in text and link.startswith(f"https://{laptop.about['region']}.console.aws.amazon.com/cloudwatch/home?")
    assert urllib.parse.unquote(link.rpartition("#alarmsV2:alarm/")[2]) == name
    assert document["figure"]["threshold"] == 1e6 and document["captured_figure"]["peers"] == 4
