use super::{StackReader, absent_is_none};
use crate::error::map;
use aws_sdk_dynamodb::types::PointInTimeRecoveryStatus;
use aws_sdk_s3::types::{BucketVersioningStatus, ObjectLockEnabled};
use ports::PortResult;

const TABLE: &str = "dynamodb:DescribeTable";
const BACKUPS: &str = "dynamodb:DescribeContinuousBackups";
const VERSIONING: &str = "s3:GetBucketVersioning";
const LOCK: &str = "s3:GetBucketObjectLockConfiguration";
const PUBLIC: &str = "s3:GetBucketPublicAccessBlock";
const ENCRYPTION: &str = "s3:GetEncryptionConfiguration";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedTable {
    /// The ARN of the KMS key; `None` where DynamoDB's own key encrypts it.
    pub key: Option<String>,
    pub deletion_protected: bool,
}

/// A bucket that must be `owner`'s, where that account is known.
#[derive(Debug, Clone, Copy)]
pub struct Bucket<'a> {
    pub name: &'a str,
    pub owner: Option<&'a str>,
}

impl Bucket<'_> {
    fn owner(&self) -> Option<String> {
        self.owner.map(ToOwned::to_owned)
    }
}

impl StackReader {
    pub async fn table(&self, name: &str) -> PortResult<DeployedTable> {
        let answer = self.dynamodb.describe_table().table_name(name).send().await.map_err(map(TABLE))?;
        let table = answer.table();
        let encryption = table.and_then(|table| table.sse_description());
        Ok(DeployedTable {
            key: encryption.and_then(|encryption| encryption.kms_master_key_arn()).map(ToOwned::to_owned),
            deletion_protected: table.and_then(|table| table.deletion_protection_enabled()).unwrap_or_default(),
        })
    }

    /// Whether the table can be restored to a point in time.
    pub async fn table_recoverable(&self, name: &str) -> PortResult<bool> {
        let call = self.dynamodb.describe_continuous_backups().table_name(name);
        let answer = call.send().await.map_err(map(BACKUPS))?;
        let backups = answer.continuous_backups_description();
        let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description());
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status());
        Ok(status == Some(&PointInTimeRecoveryStatus::Enabled))
    }

    pub async fn bucket_versioned(&self, bucket: &Bucket<'_>) -> PortResult<bool> {
        let call = self.s3.get_bucket_versioning().bucket(bucket.name).set_expected_bucket_owner(bucket.owner());
        let answer = call.send().await.map_err(map(VERSIONING))?;
        Ok(answer.status() == Some(&BucketVersioningStatus::Enabled))
    }

    /// Whether objects are locked by default when they are stored.
    pub async fn bucket_locked(&self, bucket: &Bucket<'_>) -> PortResult<bool> {
        let call =
            self.s3.get_object_lock_configuration().bucket(bucket.name).set_expected_bucket_owner(bucket.owner());
        let answer = absent_is_none(call.send().await.map_err(map(LOCK)))?;
        let lock = answer.and_then(|answer| answer.object_lock_configuration);
        let retention = |lock: &aws_sdk_s3::types::ObjectLockConfiguration| {
            let rule = lock.rule().and_then(|rule| rule.default_retention());
            rule.is_some_and(|rule| rule.mode().is_some() && (rule.days().is_some() || rule.years().is_some()))
        };
        Ok(lock.is_some_and(|lock| lock.object_lock_enabled() == Some(&ObjectLockEnabled::Enabled) && retention(&lock)))
    }

    /// Whether all four of its blocks of public access are on.
    pub async fn bucket_private(&self, bucket: &Bucket<'_>) -> PortResult<bool> {
        let call = self.s3.get_public_access_block().bucket(bucket.name).set_expected_bucket_owner(bucket.owner());
        let answer = absent_is_none(call.send().await.map_err(map(PUBLIC)))?;
        let block = answer.and_then(|answer| answer.public_access_block_configuration);
        Ok(block.is_some_and(|block| {
            let all = [
                block.block_public_acls(),
                block.ignore_public_acls(),
                block.block_public_policy(),
                block.restrict_public_buckets(),
            ];
            all.iter().all(|on| on.unwrap_or_default())
        }))
    }

    /// The KMS key of its default encryption; `None` where S3's own key encrypts.
    pub async fn bucket_key(&self, bucket: &Bucket<'_>) -> PortResult<Option<String>> {
        let call = self.s3.get_bucket_encryption().bucket(bucket.name).set_expected_bucket_owner(bucket.owner());
        let answer = absent_is_none(call.send().await.map_err(map(ENCRYPTION)))?;
        let configuration = answer.and_then(|answer| answer.server_side_encryption_configuration);
        Ok(configuration.and_then(|configuration| {
            let rule = configuration.rules.into_iter().find_map(|rule| rule.apply_server_side_encryption_by_default);
            rule.and_then(|rule| rule.kms_master_key_id)
        }))
    }
}
