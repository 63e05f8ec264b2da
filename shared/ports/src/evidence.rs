use crate::PortResult;
use async_trait::async_trait;
use containment::ids::IncidentId;

/// Where a stored object lies and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceObject {
    pub key: String,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
}

#[async_trait]
pub trait Evidence: Send + Sync {
    /// Stores `bytes` as `evidence/INCIDENT/NAME`, encrypted with the evidence key.
    async fn put(&self, incident: &IncidentId, name: &str, bytes: Vec<u8>) -> PortResult<EvidenceObject>;
}
