use crate::error::map;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ServerSideEncryption};
use ports::{Evidence, PortResult, Resources};
use signal::AccountId;

pub(crate) struct EvidenceBucket {
    client: Client,
    bucket: String,
    /// S3 refuses what is meant for another owner's bucket: a name is anybody's once its bucket is deleted.
    owner: AccountId,
    key_arn: String,
}

impl EvidenceBucket {
    pub(crate) fn new(client: Client, resources: &Resources) -> Self {
        Self {
            client,
            bucket: resources.evidence_bucket.clone(),
            owner: resources.evidence_account.clone(),
            key_arn: resources.evidence_key_arn.clone(),
        }
    }
}

#[async_trait]
impl Evidence for EvidenceBucket {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> PortResult<()> {
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .expected_bucket_owner(self.owner.as_str())
            .key(key)
            // The bucket's policy refuses an object that names no key or another one.
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(&self.key_arn)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(ByteStream::from(bytes));
        call.send().await.map(|_| ()).map_err(map("s3:PutObject"))
    }
}
