"""The main job, from the metric to the clean replacement, read back from the account."""

from __future__ import annotations

import hashlib
import json

from .laptop import CALM, Laptop, Shown, Stack, wait_for


def test_an_alarm_contains_an_instance_end_to_end(laptop: Laptop, web: dict, stack: Stack) -> None:
    instance = web["two_eni_instance"]
    shown = Shown(laptop, instance)
    before = shown.interface_groups()
    assert len(before) == 2
    volumes = {m["Ebs"]["VolumeId"] for m in shown.describe()["BlockDeviceMappings"]}
    stack.alarm("web", instance)
    stack.surge(instance)

    incident = stack.incident_in(instance, "Contained")

    assert shown.is_isolated()
    assert set(shown.interface_groups()) == set(before)
    assert shown.state() == "stopped"
    assert shown.group() is None
    groups = laptop.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["web"])
    wait_for("the replacement", lambda: in_service(laptop, "web") == 6)
    assert groups["AutoScalingGroups"][0]["DesiredCapacity"] == 6
    quarantine = laptop.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["cordon-quarantine"]}, {"Name": "vpc-id", "Values": [web["vpc_id"]]}]
    )["SecurityGroups"]
    assert [(group["IpPermissions"], group["IpPermissionsEgress"]) for group in quarantine] == [([], [])]
    snapshots = laptop.client("ec2").describe_snapshots(
        Filters=[{"Name": "tag:cordon:incident", "Values": [incident["id"]]}]
    )["Snapshots"]
    assert {snapshot["VolumeId"] for snapshot in snapshots} == volumes
    mappings = shown.describe()["BlockDeviceMappings"]
    assert not any(mapping["Ebs"]["DeleteOnTermination"] for mapping in mappings)
    protection = laptop.client("ec2").describe_instance_attribute(InstanceId=instance, Attribute="disableApiTermination")
    assert protection["DisableApiTermination"]["Value"] is True
    assert {"Key": "cordon:incident", "Value": incident["id"]} in shown.describe()["Tags"]
    policy = laptop.client("iam").get_role_policy(RoleName=web["role_name"], PolicyName=f"cordon-{incident['id']}")
    assert instance in json.dumps(policy["PolicyDocument"])
    health = laptop.client("elbv2").describe_target_health(TargetGroupArn=web["target_group_arn"])
    registered = [h for h in health["TargetHealthDescriptions"] if h["TargetHealth"]["State"] != "draining"]
    assert instance not in [target["Target"]["Id"] for target in registered]
    key = f"evidence/{incident['id']}/at-containment/cordon-metadata.json"
    evidence = laptop.client("s3").get_object(Bucket=stack.outputs["EvidenceBucketName"], Key=key)
    assert json.load(evidence["Body"])["incident"] == incident["id"]


def in_service(laptop: Laptop, group: str) -> int:
    answer = laptop.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return sum(i["LifecycleState"] == "InService" for i in answer["AutoScalingGroups"][0]["Instances"])


def test_every_event_is_linked_to_the_one_before(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("chain", size=3)["instance_ids"][0]
    stack.alarm("chain", instance)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")
    items = sorted((i for i in stack.items(f"incident#{incident['id']}")), key=lambda item: item["sk"])
    events, head = [i for i in items if i["sk"] != "head"], next(i for i in items if i["sk"] == "head")
    previous = "0" * 64
    for number, item in enumerate(events, start=1):
        document = json.loads(item["document"])
        assert (document["sequence"], document["previous"]) == (number, previous)
        previous = hashlib.sha256(item["document"].encode()).hexdigest()
        assert item["hash"] == previous
    assert head["head_hash"] == previous
    opened = json.loads(events[0]["document"])
    assert opened["event"] == "opened"
    assert opened["prior"]["interfaces"][0]["groups"], "prior state is journaled with the intent"


def test_the_intent_is_committed_before_anything_is_touched(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("intent", size=3)["instance_ids"][0]
    since = len(laptop.calls())
    stack.alarm("intent", instance)
    stack.surge(instance)
    stack.incident_in(instance, "Contained")
    calls = [call for call in laptop.calls(since) if call["function"] == "cordon-contain-instance"]
    commit = next(call for call in calls if call["action"] == "TransactWriteItems")
    reads = ("Describe", "Get", "BatchGet")
    touching = [c for c in calls if c["service"] != "dynamodb" and not c["action"].startswith(reads)]
    assert touching and all(call["started_ms"] >= commit["ended_ms"] for call in touching)
    stop = next(call for call in calls if call["action"] == "StopInstances")
    detach = next(call for call in calls if call["action"] == "DetachInstances")
    assert stop["started_ms"] > detach["ended_ms"]


def test_the_same_alarm_delivered_twice_is_one_incident(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("twice", size=3)["instance_ids"][0]
    stack.alarm("twice", instance)
    stack.surge(instance)
    stack.incident_in(instance, "Contained")
    event = delivered(laptop, instance)
    before = laptop.calls()
    for _ in range(3):
        invoke(laptop, event)
    assert [incident["state"]["name"] for incident in stack.incidents(instance)] == ["Contained"]
    mutations = ("ModifyNetworkInterfaceAttribute", "DetachInstances", "StopInstances", "CreateSnapshots", "PutRolePolicy")
    assert not [call for call in laptop.calls(len(before)) if call["action"] in mutations]


def delivered(laptop: Laptop, instance: str) -> dict:
    """The event that SNS delivered for the instance."""
    invocations = laptop.door("GET", "invocations")
    return next(i["payload"] for i in invocations if i["function"] == "cordon-contain-instance" and instance in str(i["payload"]))


def invoke(laptop: Laptop, event: dict, function: str = "cordon-contain-instance") -> dict:
    answer = laptop.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    return {"error": answer.get("FunctionError"), "payload": json.load(answer["Payload"])}


def test_two_alarms_of_one_instance_are_one_containment(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("both", size=3)["instance_ids"][0]
    stack.alarm("both", instance)
    stack.alarm("both", instance, name=f"cordon/both/{instance}/NetworkOutAgain", Threshold=2e6)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")
    refused = stack.incident_in(instance, "Refused")
    assert refused["state"]["reason"] == {"code": "already-contained", "incident": incident["id"]}
    snapshots = laptop.client("ec2").describe_snapshots(Filters=[{"Name": "tag:cordon:incident", "Values": ["*"]}])
    volumes = {m["Ebs"]["VolumeId"] for m in Shown(laptop, instance).describe()["BlockDeviceMappings"]}
    assert sum(s["VolumeId"] in volumes for s in snapshots["Snapshots"]) == len(volumes)


def test_an_alarm_without_a_hint_contains_too(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("plain-name", size=3)["instance_ids"][0]
    stack.alarm("", instance, name="# Tráfico inusual  |  saliente")
    stack.surge(instance)
    stack.incident_in(instance, "Contained")
    assert Shown(laptop, instance).is_isolated()


def test_a_role_that_is_not_listed_keeps_its_policies_and_the_profile_goes(laptop: Laptop, stack: Stack) -> None:
    fleet = laptop.fleet("unlisted", size=3, instance_profile=True)
    instance = fleet["instance_ids"][0]
    stack.alarm("unlisted", instance)
    stack.surge(instance)
    incident = stack.incident_in(instance, "Contained")
    assert laptop.client("iam").list_role_policies(RoleName=fleet["role_name"])["PolicyNames"] == []
    associations = laptop.client("ec2").describe_iam_instance_profile_associations(
        Filters=[{"Name": "instance-id", "Values": [instance]}]
    )["IamInstanceProfileAssociations"]
    assert [a for a in associations if a["State"] == "associated"] == []
    assert "credentials already issued stay valid" in incident["steps"]["RevokeCredentials"]["detail"]


def test_a_band_alarm_fires_by_itself_and_contains(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("band", size=3)["instance_ids"][0]
    metric = {"Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": [{"Name": "InstanceId", "Value": instance}]}
    laptop.client("cloudwatch").put_anomaly_detector(SingleMetricAnomalyDetector={**metric, "Stat": "Average"})
    laptop.client("cloudwatch").put_metric_alarm(
        AlarmName=f"cordon/band/{instance}/NetworkOut",
        ComparisonOperator="GreaterThanUpperThreshold",
        EvaluationPeriods=3,
        DatapointsToAlarm=3,
        ThresholdMetricId="band",
        Metrics=[
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Average"}, "ReturnData": True},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)", "ReturnData": True},
        ],
        AlarmActions=[stack.outputs["AlarmTopicArn"]],
    )
    stack.surge(instance, value=CALM)
    assert stack.incidents(instance) == []
    stack.surge(instance)
    stack.incident_in(instance, "Contained")
    assert Shown(laptop, instance).is_isolated()
