"""Failed calls, slow draining, killed processes and many at once end in the state they should."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .conftest import UNLIMITED
from .laptop import CALM, DELAYS, Laptop, Shown, Stack, wait_for


def test_an_instance_that_cannot_be_detached_goes_into_standby_and_is_stopped_only_then(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("standby", size=3)["instance_ids"][0]
    since = len(laptop.calls())
    fault = {"service": "autoscaling", "action": "DetachInstances", "error": "ScalingActivityInProgress", "times": 30}
    laptop.door("POST", "faults", fault)
    try:
        stack.alarm("standby", instance)
        stack.surge(instance)
        stack.incident_in(instance, "Partial", "Settling", "Contained")
        wait_for("Standby", lambda: [c for c in laptop.calls(since) if c["action"] == "EnterStandby" and c["status"] == 200])
    finally:
        laptop.door("DELETE", "faults")
    stack.incident_in(instance, "Contained")
    assert Shown(laptop, instance).group() is None and Shown(laptop, instance).state() == "stopped"


def test_an_instance_that_cannot_leave_its_group_is_isolated_and_left_running(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("stuck", size=3)["instance_ids"][0]
    since = len(laptop.calls())
    for action in ("DetachInstances", "EnterStandby"):
        laptop.door("POST", "faults", {"service": "autoscaling", "action": action, "error": "ValidationError", "times": 500})
    try:
        stack.alarm("stuck", instance)
        stack.surge(instance)
        incident = stack.incident_in(instance, "Partial")
        assert incident["state"]["steps"] == ["DetachFromGroup"]
        assert Shown(laptop, instance).is_isolated() and Shown(laptop, instance).state() == "running"
        mine = [c for c in laptop.calls(since) if c["action"] == "StopInstances" and instance in str(c)]
        assert mine == [], "its group would terminate it and the evidence"
    finally:
        laptop.door("DELETE", "faults")
    stack.incident_in(instance, "Contained")


def test_draining_that_outlasts_the_function_is_settled_by_the_reconciler(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("draining", size=3)["instance_ids"][0]
    laptop.door("POST", "delays", {"detach_seconds": 4.0})
    try:
        stack.alarm("draining", instance)
        stack.surge(instance)
        incident = stack.incident_in(instance, "Settling")
        assert incident["isolated_at"] is not None
        wait_for("the stop while it drains", lambda: Shown(laptop, instance).state() == "stopped")
        assert Shown(laptop, instance).group() == "draining"
        stack.incident_in(instance, "Contained")
    finally:
        laptop.door("POST", "delays", {"detach_seconds": DELAYS["detach"]})


def test_each_failed_call_is_tried_again_and_the_end_is_the_same(laptop: Laptop, stack: Stack) -> None:
    fleet = laptop.fleet("faults", size=12, instance_profile=True)
    faults = [
        ("ec2", "ModifyNetworkInterfaceAttribute"),
        ("ec2", "CreateSnapshots"),
        ("ec2", "StopInstances"),
        ("ec2", "ModifyInstanceAttribute"),
        ("ec2", "CreateTags"),
        ("sns", "Publish"),
        ("s3", "PutObject"),
        ("lambda", "Invoke"),
    ]
    for (service, action), instance in zip(faults, fleet["instance_ids"], strict=False):
        laptop.door("POST", "faults", {"service": service, "action": action, "error": "InternalError", "status": 500, "times": 4})
        stack.alarm("faults", instance)
        stack.surge(instance)
        incident = stack.incident_in(instance, "Contained")
        assert Shown(laptop, instance).is_isolated() and Shown(laptop, instance).state() == "stopped", action
        snapshots = laptop.client("ec2").describe_snapshots(
            Filters=[{"Name": "tag:cordon:incident", "Values": [incident["id"]]}]
        )["Snapshots"]
        assert len(snapshots) == len(Shown(laptop, instance).describe()["BlockDeviceMappings"]), action
        laptop.door("DELETE", "faults")


def test_of_many_alarming_at_once_exactly_the_limit_is_contained(laptop: Laptop) -> None:
    limits = {**UNLIMITED, "GroupLimitCount": "3", "FleetEventPercent": "90"}
    limited = Stack.deploy(laptop, "limited", **limits)
    fleet = laptop.fleet("many", size=40)
    # Fewer than a fifth of the group: more would be the fleet's doing.
    alarming, others = fleet["instance_ids"][:7], fleet["instance_ids"][7:]
    for instance in alarming:
        limited.alarm("many", instance)
    for instance in others:
        limited.surge(instance, value=CALM)
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(limited.surge, alarming))

    def decided() -> bool:
        return all(limited.incidents(instance) for instance in alarming)

    wait_for("a decision about each", decided)
    states = [limited.incidents(instance)[0] for instance in alarming]
    contained = [s["instance"] for s in states if s["state"]["name"] != "Refused"]
    assert len(contained) == 3, [s["state"] for s in states]
    for instance in contained:
        limited.incident_in(instance, "Contained")
    assert sum(Shown(laptop, instance).is_isolated() for instance in alarming) == 3


def test_a_standalone_instance_on_the_list_is_contained(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.door("POST", "scenario/instance", {})["instance_id"]
    item = {"pk": {"S": f"authority#{instance}"}, "sk": {"S": "authority"}, "mode": {"S": "enforce"}}
    item |= {"protected": {"BOOL": False}, "drills": {"BOOL": False}}
    laptop.client("dynamodb").put_item(TableName=stack.outputs["JournalTableName"], Item=item)
    stack.alarm("", instance, name=f"standalone {instance}")
    stack.surge(instance)
    stack.incident_in(instance, "Contained")
    assert Shown(laptop, instance).is_isolated() and Shown(laptop, instance).state() == "stopped"


def test_rules_that_somebody_adds_to_the_quarantine_group_are_revoked_before_it_is_used(laptop: Laptop, stack: Stack) -> None:
    fleet = laptop.fleet("tampered", size=4)
    first, second = fleet["instance_ids"][:2]
    stack.alarm("tampered", first)
    stack.surge(first)
    stack.incident_in(first, "Contained")
    ec2 = laptop.client("ec2")
    of_vpc = [{"Name": "group-name", "Values": ["cordon-quarantine"]}, {"Name": "vpc-id", "Values": [fleet["vpc_id"]]}]
    group = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"][0]["GroupId"]
    rule = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=rule)
    stack.alarm("tampered", second)
    stack.surge(second)
    stack.incident_in(second, "Contained")
    shown = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert (shown["IpPermissions"], shown["IpPermissionsEgress"]) == ([], [])


def test_a_squatted_quarantine_group_is_never_used(laptop: Laptop, stack: Stack) -> None:
    fleet = laptop.fleet("squatted", size=3)
    instance = fleet["instance_ids"][0]
    laptop.client("ec2").create_security_group(
        GroupName="cordon-quarantine", Description="not Cordon's", VpcId=fleet["vpc_id"]
    )
    stack.alarm("squatted", instance)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Partial")
    assert "QuarantineNetwork" in incident["state"]["steps"]
    assert Shown(laptop, instance).interface_groups() and "cordon-quarantine" not in str(Shown(laptop, instance).interface_groups())
    wait_for("the stop, which cuts it off all the same", lambda: Shown(laptop, instance).state() == "stopped")
