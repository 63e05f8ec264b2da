//! KMS keys with their policies and grants.

use crate::MAX_FILE_BYTES;
use crate::finding::Problem;
use iam_policy::{Document, DocumentKind, Grant, Policy, PolicyError, json};
use serde_json::Value;

/// `{"keys": [{"KeyMetadata", "Policy", "KeyRotationEnabled", "Grants"}]}`: what DescribeKey, GetKeyPolicy,
/// GetKeyRotationStatus and ListGrants say of each.
#[derive(Debug)]
pub struct Keys {
    pub(crate) keys: Vec<Key>,
    /// Keys, or parts of them, that can't be read.
    pub(crate) unread: Vec<Problem>,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub(crate) state: String,
    /// `CUSTOMER`, or `AWS`.
    pub(crate) manager: String,
    /// `SYMMETRIC_DEFAULT`, …
    pub(crate) spec: String,
    /// `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`.
    pub(crate) origin: String,
    pub(crate) deletion: Option<String>,
    pub(crate) rotates: Option<bool>,
    pub(crate) policy: Policy,
    pub(crate) grants: Vec<Grant>,
    /// As ListGrants gave them.
    pub(crate) listed: Vec<Value>,
}

impl Keys {
    /// # Errors
    /// No JSON, or no list of keys. What of one key can't be read is kept apart.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "kms";
        let mut file = json::read(bytes, MAX_FILE_BYTES, name)?;
        let Some(Value::Array(entries)) = file.get_mut("keys").map(Value::take) else {
            return Err(PolicyError::new(name, "expected an object with a list keys"));
        };
        let mut read = Self { keys: Vec::new(), unread: Vec::new() };
        for (index, entry) in entries.into_iter().enumerate() {
            let arn = entry.pointer("/KeyMetadata/Arn").and_then(Value::as_str);
            let at = arn.map_or_else(|| format!("keys[{index}]"), str::to_owned);
            match key(&entry) {
                Ok(key) => read.keys.push(key),
                Err(error) => read
                    .unread
                    .push(Problem { at, problem: format!("{error}; who may use the key could not be judged") }),
            }
        }
        Ok(read)
    }
}

fn key(entry: &Value) -> Result<Key, PolicyError> {
    let text = |name: &str| entry.pointer(&format!("/KeyMetadata/{name}")).and_then(Value::as_str).map(str::to_owned);
    let arn = text("Arn").ok_or_else(|| PolicyError::new("KeyMetadata", "has no Arn"))?;
    let policy = entry.get("Policy").ok_or_else(|| PolicyError::new("Policy", "missing; every key has one"))?;
    let document = Document::from_value(policy, DocumentKind::Resource).map_err(|error| error.within("Policy"))?;
    let listed = match entry.get("Grants") {
        Some(Value::Array(grants)) => grants.clone(),
        Some(Value::Null) | None => return Err(PolicyError::new("Grants", "missing; write [] where the key has none")),
        Some(_) => return Err(PolicyError::new("Grants", "expected a list")),
    };
    let grants = listed.iter().map(Grant::from_value).collect::<Result<_, _>>()?;
    let rotates = match entry.get("KeyRotationEnabled") {
        Some(Value::Bool(rotates)) => Some(*rotates),
        Some(Value::Null) | None => None,
        Some(_) => return Err(PolicyError::new("KeyRotationEnabled", "expected true or false")),
    };
    Ok(Key {
        state: text("KeyState").unwrap_or_default(),
        manager: text("KeyManager").unwrap_or_default(),
        spec: text("KeySpec").unwrap_or_default(),
        origin: text("Origin").unwrap_or_default(),
        deletion: text("DeletionDate"),
        policy: Policy::new("key policy", document),
        arn,
        rotates,
        grants,
        listed,
    })
}
