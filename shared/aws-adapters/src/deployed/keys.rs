use super::StackReader;
use crate::error::map;
use aws_sdk_kms::types::KeySpec;
use ports::PortResult;

const DESCRIBE: &str = "kms:DescribeKey";
const ROTATION: &str = "kms:GetKeyRotationStatus";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedKey {
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: String,
    /// KMS rotates no other.
    pub symmetric: bool,
}

impl StackReader {
    pub async fn key(&self, id: &str) -> PortResult<DeployedKey> {
        let answer = self.kms.describe_key().key_id(id).send().await.map_err(map(DESCRIBE))?;
        let key = answer.key_metadata();
        Ok(DeployedKey {
            state: key.and_then(|key| key.key_state()).map_or("(not said)", |state| state.as_str()).to_owned(),
            symmetric: key.and_then(|key| key.key_spec()) == Some(&KeySpec::SymmetricDefault),
        })
    }

    pub async fn key_rotates(&self, id: &str) -> PortResult<bool> {
        let answer = self.kms.get_key_rotation_status().key_id(id).send().await.map_err(map(ROTATION))?;
        Ok(answer.key_rotation_enabled())
    }
}
