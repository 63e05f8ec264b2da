"""Snapshots are pending first and found by their tags."""

from __future__ import annotations

from in_process import Cloud, eventually
from test_instances_states import standalone


def test_snapshots_of_every_volume_complete_after_a_while(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    tag = {"Key": "cordon:incident", "Value": "inc-20260101-000000-0123456789"}
    made = ec2.create_snapshots(
        InstanceSpecification={"InstanceId": instance_id},
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": [tag]}],
    )["Snapshots"]
    assert [snapshot["State"] for snapshot in made] == ["pending", "pending"]
    assert made[0]["Tags"] == [tag]

    def read() -> list[tuple[str, str]]:
        found = ec2.describe_snapshots(Filters=[{"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]}])
        return sorted((snapshot["SnapshotId"], snapshot["State"]) for snapshot in found["Snapshots"])

    ids = sorted(snapshot["SnapshotId"] for snapshot in made)
    assert read() == [(each, "pending") for each in ids]
    eventually(lambda: read() == [(each, "completed") for each in ids])


def test_a_snapshot_outlives_its_volume(cloud: Cloud) -> None:
    instance_id = standalone(cloud)
    ec2 = cloud.client("ec2")
    made = ec2.create_snapshots(InstanceSpecification={"InstanceId": instance_id})["Snapshots"]
    ec2.terminate_instances(InstanceIds=[instance_id])
    found = ec2.describe_snapshots(SnapshotIds=[snapshot["SnapshotId"] for snapshot in made])["Snapshots"]
    assert {each["VolumeId"] for each in found} == {each["VolumeId"] for each in made}
