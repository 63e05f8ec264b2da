use crate::PortResult;
use async_trait::async_trait;
use signal::Proof;

/// What sts:GetCallerIdentity says of whoever signed a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    pub arn: String,
    pub account: String,
    pub user_id: String,
}

#[async_trait]
pub trait Callers: Send + Sync {
    /// Forwards the proof to the Region's own STS, with the digest of the request that it must be bound to. `Denied` where
    /// STS does not accept the signature.
    async fn identify(&self, proof: &Proof, digest: &str) -> PortResult<CallerIdentity>;
}
