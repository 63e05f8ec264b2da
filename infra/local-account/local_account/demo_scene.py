"""Prepares instances as enrolment would: an anomaly alarm each, named with the hint, and the VPC's quarantine group.

    python -m local_account.demo_scene --endpoint URL --topic ARN --group NAME --vpc VPC --instance ID...

Prints one JSON object, the network interfaces by instance: {INSTANCE: [INTERFACE]}.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from .root_clients import RootClients

QUARANTINE_GROUP = "cordon-quarantine"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--topic", required=True, help="the alarms' action")
    parser.add_argument("--group", required=True)
    parser.add_argument("--vpc", required=True)
    parser.add_argument("--instance", required=True, nargs="+")
    parser.add_argument("--without-hint", action="store_true", help="alarm names that say nothing")
    parser.add_argument("--without-quarantine-group", action="store_true")
    parser.add_argument("--threshold", type=float, help="a fixed threshold instead of a band")
    options = parser.parse_args()
    clients = RootClients(options.endpoint)
    names = {
        instance: f"unusual traffic of {instance}" if options.without_hint else f"cordon/{options.group}/{instance}/NetworkOut"
        for instance in options.instance
    }
    for instance, name in names.items():
        watched = _band(instance) if options.threshold is None else _threshold(instance, options.threshold)
        clients.client("cloudwatch").put_metric_alarm(AlarmName=name, AlarmActions=[options.topic], **watched)
    if not options.without_quarantine_group:
        _make_quarantine_group(clients, options.vpc)
    print(json.dumps(_interfaces(clients, options.instance)))


def _interfaces(clients: RootClients, instances: list[str]) -> dict[str, list[str]]:
    filters = [{"Name": "attachment.instance-id", "Values": instances}]
    answer = clients.client("ec2").describe_network_interfaces(Filters=filters)
    found: dict[str, list[str]] = {instance: [] for instance in instances}
    for interface in answer["NetworkInterfaces"]:
        found[interface["Attachment"]["InstanceId"]].append(interface["NetworkInterfaceId"])
    return found


def _band(instance: str) -> dict[str, Any]:
    """Three datapoints in a row above the anomaly band of the instance's outgoing traffic."""
    metric = {"Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": _dimensions(instance)}
    return {
        "ComparisonOperator": "GreaterThanUpperThreshold",
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 3,
        "ThresholdMetricId": "band",
        "Metrics": [
            {"Id": "traffic", "ReturnData": True, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Average"}},
            {"Id": "band", "ReturnData": True, "Expression": "ANOMALY_DETECTION_BAND(traffic, 3)"},
        ],
    }


def _threshold(instance: str, threshold: float) -> dict[str, Any]:
    return {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "Namespace": "AWS/EC2",
        "MetricName": "NetworkOut",
        "Dimensions": _dimensions(instance),
        "Period": 300,
        "Statistic": "Average",
    }


def _dimensions(instance: str) -> list[dict[str, str]]:
    return [{"Name": "InstanceId", "Value": instance}]


def _make_quarantine_group(clients: RootClients, vpc_id: str) -> None:
    """Without rules either way. Its tag is what lets Cordon's roles use it."""
    ec2 = clients.client("ec2")
    tags = [{"Key": "cordon:quarantine", "Value": "true"}]
    group_id = ec2.create_security_group(
        GroupName=QUARANTINE_GROUP,
        Description="No rules: what is in it can reach nothing",
        VpcId=vpc_id,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )["GroupId"]
    rules = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissionsEgress"]
    ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=rules)


if __name__ == "__main__":
    main()
