use crate::error::map;
use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use ports::{PortError, PortResult, Signer};

const SIGN: &str = "kms:Sign";

pub(crate) struct KmsSigner {
    client: Client,
    key_arn: String,
}

impl KmsSigner {
    pub(crate) fn new(client: Client, key_arn: &str) -> Self {
        Self { client, key_arn: key_arn.to_owned() }
    }
}

#[async_trait]
impl Signer for KmsSigner {
    async fn sign(&self, digest: [u8; 32]) -> PortResult<Vec<u8>> {
        let call = self
            .client
            .sign()
            .key_id(&self.key_arn)
            .message(Blob::new(digest))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256);
        let answer = call.send().await.map_err(map(SIGN))?;
        let signature = answer.signature().ok_or_else(|| PortError::unreadable(SIGN, "no signature"))?;
        Ok(signature.as_ref().to_vec())
    }
}
