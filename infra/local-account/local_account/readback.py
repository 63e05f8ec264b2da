"""Reads back what AWS shows of one instance and of what was done to it: never what a function says of itself.

    python -m local_account.readback --endpoint URL --instance ID --group NAME --table TABLE [--role NAME] [--watch]

Prints one JSON object with `at_ms`, when it was read; with --watch another one each time anything changes,
until it is ended or the account is gone, and `power_at_ms`, when the instance's state was read.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from typing import Any

from . import readback_journal
from .demo_scene import QUARANTINE_GROUP
from .root_clients import RootClients

# The power state is looked at this often, as its time is a figure; everything else more rarely, to spare the account.
_POWER_SECONDS = 0.05
_REST_SECONDS = 0.4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--instance", required=True)
    parser.add_argument("--group", required=True, help="the Auto Scaling group it was in")
    parser.add_argument("--table", required=True, help="the journal's table")
    parser.add_argument("--role", help="the role of its instance profile")
    parser.add_argument("--watch", action="store_true")
    options = parser.parse_args()
    subject = Subject(RootClients(options.endpoint), options.instance, options.group, options.table, options.role)
    if options.watch:
        watch(subject)
    else:
        print(json.dumps({"at_ms": time.time() * 1000, **subject.shown()}))


def watch(subject: Subject) -> None:
    shown: dict[str, Any] = {}
    read_at = 0.0
    while True:
        power = subject.instance_state()
        now = time.monotonic()
        if power != shown.get("instance_state") or now - read_at > _REST_SECONDS:
            power_at_ms = time.time() * 1000
            # What was seen is kept, even if the rest of the reading takes until the next state.
            found = {**subject.shown(), "instance_state": power}
            if found != shown:
                print(json.dumps({"at_ms": time.time() * 1000, "power_at_ms": power_at_ms, **found}), flush=True)
            shown, read_at = found, now
        time.sleep(_POWER_SECONDS)


@dataclass
class Subject:
    """One instance, with where to look for what was done about it."""

    clients: RootClients
    instance: str
    group: str
    table: str
    role: str | None

    def shown(self) -> dict[str, Any]:
        incident = readback_journal.incident_of(self.clients, self.table, self.instance)
        described = self._described()
        return {
            "incident": incident["id"] if incident else None,
            "state": readback_journal.state_name(incident) if incident else None,
            "instance_state": described["State"]["Name"],
            **self._membership(),
            "eni_groups": self._interface_groups(),
            **self._quarantine(described["VpcId"]),
            "volumes": sorted(mapping["Ebs"]["VolumeId"] for mapping in described["BlockDeviceMappings"]),
            "snapshots": self._snapshots(incident["id"]) if incident else [],
            "credentials_revoked": self._credentials_revoked(),
        }

    def _described(self) -> dict[str, Any]:
        answer = self.clients.client("ec2").describe_instances(InstanceIds=[self.instance])
        return answer["Reservations"][0]["Instances"][0]  # type: ignore[no-any-return]

    def instance_state(self) -> str:
        return str(self._described()["State"]["Name"])

    def _membership(self) -> dict[str, Any]:
        """`group_size` counts instances in service, so that a replacement counts once it serves."""
        answer = self.clients.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        members = {each["InstanceId"]: each["LifecycleState"] for each in answer["AutoScalingGroups"][0]["Instances"]}
        return {
            "instance_in_group": self.instance in members,
            "lifecycle_state": members.get(self.instance),
            "group_size": sum(state == "InService" for state in members.values()),
            "members": sorted(member for member, state in members.items() if state == "InService"),
        }

    def _interface_groups(self) -> dict[str, list[str]]:
        answer = self.clients.client("ec2").describe_network_interfaces(
            Filters=[{"Name": "attachment.instance-id", "Values": [self.instance]}]
        )
        found = {each["NetworkInterfaceId"]: each["Groups"] for each in answer["NetworkInterfaces"]}
        return {eni: [group["GroupId"] for group in found[eni]] for eni in sorted(found)}

    def _quarantine(self, vpc_id: str) -> dict[str, Any]:
        """The quarantine group of the instance's VPC and the number of its rules, in and out."""
        filters = [
            {"Name": "group-name", "Values": [QUARANTINE_GROUP]},
            {"Name": "vpc-id", "Values": [vpc_id]},
        ]
        groups = self.clients.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
        if len(groups) != 1:
            return {"quarantine_group": None, "quarantine_rules": None}
        rules = groups[0]["IpPermissions"] + groups[0]["IpPermissionsEgress"]
        return {"quarantine_group": groups[0]["GroupId"], "quarantine_rules": len(rules)}

    def _snapshots(self, incident: str) -> list[dict[str, str]]:
        answer = self.clients.client("ec2").describe_snapshots(
            OwnerIds=["self"], Filters=[{"Name": "tag:cordon:incident", "Values": [incident]}]
        )
        found = [
            {"id": each["SnapshotId"], "volume": each["VolumeId"], "state": each["State"]} for each in answer["Snapshots"]
        ]
        return sorted(found, key=lambda each: each["volume"])

    def _credentials_revoked(self) -> bool | None:
        """Whether a policy of the role denies everything to this instance's sessions; None without a role."""
        if not self.role:
            return None
        iam = self.clients.client("iam")
        role_id = iam.get_role(RoleName=self.role)["Role"]["RoleId"]
        names = iam.list_role_policies(RoleName=self.role)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=self.role, PolicyName=name)["PolicyDocument"] for name in names]
        return any(
            denies_session(statement, f"{role_id}:{self.instance}")
            for document in documents
            for statement in document["Statement"]
        )


def denies_session(statement: dict[str, Any], user_id: str) -> bool:
    """Whether the statement denies everything to the session `user_id`, and to nobody else."""
    return (
        (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "*", "*")
        and statement.get("Condition") == {"StringEquals": {"aws:userid": user_id}}
    )


if __name__ == "__main__":
    main()
