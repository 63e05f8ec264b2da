//! EBS: what is encrypted, and with whom snapshots are shared.

use super::{map, member, of_each, whole};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Snapshot, SnapshotAttributeName, Volume};
use ports::{Page, PortResult};
use serde_json::{Value, json};

const VOLUMES: i32 = 500;
/// One call more each.
const SNAPSHOTS: i32 = 100;

pub(super) async fn defaults(client: &Client) -> PortResult<Page> {
    let by_default =
        client.get_ebs_encryption_by_default().send().await.map_err(map("ec2:GetEbsEncryptionByDefault"))?;
    let key = client.get_ebs_default_kms_key_id().send().await.map_err(map("ec2:GetEbsDefaultKmsKeyId"))?;
    let content = json!({"EbsEncryptionByDefault": by_default.ebs_encryption_by_default(), "EbsDefaultKmsKeyId": key.kms_key_id()});
    Ok(whole(content))
}

pub(super) async fn volumes(client: &Client, after: Option<&str>) -> PortResult<Page> {
    let call = client.describe_volumes().max_results(VOLUMES).set_next_token(after.map(str::to_owned));
    let answer = call.send().await.map_err(map("ec2:DescribeVolumes"))?;
    let one = |volume: &Volume| {
        json!({
            "VolumeId": volume.volume_id(), "Encrypted": volume.encrypted(), "KmsKeyId": volume.kms_key_id(),
            "State": volume.state().map(|state| state.as_str()),
        })
    };
    let volumes: Vec<_> = answer.volumes().iter().map(one).collect();
    Ok(Page { content: json!({"Volumes": volumes}), next: token(answer.next_token()) })
}

pub(super) async fn snapshots(client: &Client, after: Option<&str>) -> PortResult<Page> {
    let call = client.describe_snapshots().owner_ids("self").max_results(SNAPSHOTS);
    let answer = call.set_next_token(after.map(str::to_owned)).send().await.map_err(map("ec2:DescribeSnapshots"))?;
    let snapshots = of_each(answer.snapshots(), |snapshot| of_snapshot(client, snapshot)).await?;
    Ok(Page { content: json!({"Snapshots": snapshots}), next: token(answer.next_token()) })
}

async fn of_snapshot(client: &Client, snapshot: &Snapshot) -> PortResult<Value> {
    let call = client.describe_snapshot_attribute().set_snapshot_id(snapshot.snapshot_id().map(str::to_owned));
    let answer = call.attribute(SnapshotAttributeName::CreateVolumePermission).send().await;
    let shared = answer.map_err(map("ec2:DescribeSnapshotAttribute")).map(|answer| {
        let with = answer.create_volume_permissions().iter();
        let with = with.map(|one| match (one.group(), one.user_id()) {
            (Some(group), _) => json!({"Group": group.as_str()}),
            (None, user) => json!({"UserId": user}),
        });
        Value::Array(with.collect())
    });
    Ok(json!({
        "SnapshotId": snapshot.snapshot_id(), "VolumeId": snapshot.volume_id(), "Encrypted": snapshot.encrypted(),
        "KmsKeyId": snapshot.kms_key_id(), "OwnerId": snapshot.owner_id(), "CreateVolumePermissions": member(shared)?,
    }))
}

/// EC2 says the end with an empty token, too.
fn token(token: Option<&str>) -> Option<String> {
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}
