use crate::error::map;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ServerSideEncryption};
use ports::{AuditStore, ErrorKind, PortError, PortResult};
use signal::AccountId;

const GET: &str = "s3:GetObject";

/// A bucket of audits: everything under a key of our own.
pub(crate) struct AuditBucket {
    client: Client,
    bucket: String,
    /// S3 refuses another owner's bucket: a name is anybody's once its bucket is deleted.
    owner: AccountId,
    key_arn: String,
}

impl AuditBucket {
    pub(crate) fn new(client: Client, bucket: &str, owner: &AccountId, key_arn: &str) -> Self {
        Self { client, bucket: bucket.to_owned(), owner: owner.clone(), key_arn: key_arn.to_owned() }
    }
}

#[async_trait]
impl AuditStore for AuditBucket {
    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        let call = self.client.get_object().bucket(&self.bucket).expected_bucket_owner(self.owner.as_str()).key(key);
        let answer = match call.send().await.map_err(map(GET)) {
            Ok(answer) => answer,
            Err(error) if error.kind == ErrorKind::Gone => return Ok(None),
            Err(error) => return Err(error),
        };
        let bytes = answer.body.collect().await.map_err(|error| {
            PortError::new(GET, ErrorKind::Transient, None, &format!("the object could not be read: {error}"))
        })?;
        Ok(Some(bytes.to_vec()))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> PortResult<()> {
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .expected_bucket_owner(self.owner.as_str())
            .key(key)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(&self.key_arn)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(ByteStream::from(bytes));
        call.send().await.map(|_| ()).map_err(map("s3:PutObject"))
    }
}
