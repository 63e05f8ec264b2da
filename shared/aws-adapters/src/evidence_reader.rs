//! The evidence bucket for those who look: every version of every object, which is what Object Lock keeps.

use crate::error::map;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use ports::PortResult;

const LIST: &str = "s3:ListBucketVersions";
const GET: &str = "s3:GetObjectVersion";

pub struct EvidenceReader {
    s3: Client,
    kms: aws_sdk_kms::Client,
    bucket: String,
    owner: Option<String>,
}

/// One version of an object. Delete markers are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVersion {
    pub key: String,
    pub version_id: String,
    /// Milliseconds since 1970.
    pub stored_at_ms: i64,
}

impl EvidenceReader {
    pub(crate) fn new(config: &SdkConfig, s3: Client, bucket: &str, owner: Option<&str>) -> Self {
        let (bucket, owner) = (bucket.to_owned(), owner.map(ToOwned::to_owned));
        Self { s3, kms: aws_sdk_kms::Client::new(config), bucket, owner }
    }

    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    pub async fn versions(&self, prefix: &str) -> PortResult<Vec<StoredVersion>> {
        let mut found = Vec::new();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let call = self.s3.list_object_versions().bucket(&self.bucket).prefix(prefix);
            let call = call.set_expected_bucket_owner(self.owner.clone());
            let call = call.set_key_marker(key_marker).set_version_id_marker(version_marker);
            let page = call.send().await.map_err(map(LIST))?;
            for version in page.versions() {
                let (Some(key), Some(version_id)) = (version.key(), version.version_id()) else { continue };
                let stored_at = version.last_modified().and_then(|at| at.to_millis().ok()).unwrap_or_default();
                let (key, version_id) = (key.to_owned(), version_id.to_owned());
                found.push(StoredVersion { key, version_id, stored_at_ms: stored_at });
            }
            if !page.is_truncated().unwrap_or_default() {
                return Ok(found);
            }
            key_marker = page.next_key_marker().map(ToOwned::to_owned);
            version_marker = page.next_version_id_marker().map(ToOwned::to_owned);
        }
    }

    pub async fn read(&self, version: &StoredVersion) -> PortResult<Vec<u8>> {
        let call = self.s3.get_object().bucket(&self.bucket).key(&version.key).version_id(&version.version_id);
        let answer = call.set_expected_bucket_owner(self.owner.clone()).send().await.map_err(map(GET))?;
        let body = answer.body.collect().await.map_err(|error| ports::PortError::unreadable(GET, error))?;
        Ok(body.into_bytes().to_vec())
    }

    /// The public half of the signing key, as DER.
    pub async fn public_key(&self, key_arn: &str) -> PortResult<Vec<u8>> {
        const PUBLIC_KEY: &str = "kms:GetPublicKey";
        let answer = self.kms.get_public_key().key_id(key_arn).send().await.map_err(map(PUBLIC_KEY))?;
        let der = answer.public_key().ok_or_else(|| ports::PortError::unreadable(PUBLIC_KEY, "no key"))?;
        Ok(der.as_ref().to_vec())
    }
}
