use crate::error::map;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ServerSideEncryption};
use ports::{Evidence, PortResult};

pub(crate) struct EvidenceBucket {
    client: Client,
    bucket: String,
    key_arn: String,
}

impl EvidenceBucket {
    pub(crate) fn new(client: Client, bucket: &str, key_arn: &str) -> Self {
        Self { client, bucket: bucket.to_owned(), key_arn: key_arn.to_owned() }
    }
}

#[async_trait]
impl Evidence for EvidenceBucket {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> PortResult<()> {
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            // The bucket's policy refuses an object that names no key or another one.
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(&self.key_arn)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(ByteStream::from(bytes));
        call.send().await.map(|_| ()).map_err(map("s3:PutObject"))
    }
}
