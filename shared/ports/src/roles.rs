use crate::PortResult;
use async_trait::async_trait;
use containment::ids::IncidentId;

/// What revoke-credentials answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The deny was written and read back.
    Revoked { role: String, policy: String },
    /// The role may not be written to: it isn't listed, or others than EC2 may assume it, or it has no room left.
    NotRevocable { why: String },
}

/// The door to revoke-credentials, which alone may write IAM.
#[async_trait]
pub trait Credentials: Send + Sync {
    async fn revoke(&self, incident: &IncidentId) -> PortResult<Revocation>;

    /// Takes the incident's deny away again. Finding none is success.
    async fn restore(&self, incident: &IncidentId) -> PortResult<()>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedRole {
    pub name: String,
    pub arn: String,
    /// `AROA…`, the first half of `aws:userid` in the role's sessions.
    pub unique_id: String,
    pub trust_policy: String,
}

/// What revoke-credentials itself needs of IAM.
#[async_trait]
pub trait Roles: Send + Sync {
    /// The role of an instance profile.
    async fn of_profile(&self, profile_arn: &str) -> PortResult<Option<ObservedRole>>;

    async fn put_inline_policy(&self, role: &str, policy: &str, document: &str) -> PortResult<()>;

    /// Finding none is success.
    async fn delete_inline_policy(&self, role: &str, policy: &str) -> PortResult<()>;

    /// The document as IAM holds it, percent-decoded.
    async fn inline_policy(&self, role: &str, policy: &str) -> PortResult<Option<String>>;
}
