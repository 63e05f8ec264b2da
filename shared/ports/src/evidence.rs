use crate::PortResult;
use async_trait::async_trait;
use containment::ids::{GroupName, SecurityGroupId, VpcId};
use signal::{AlarmArn, InstanceId};
use time::OffsetDateTime;

/// The evidence bucket, for whoever writes: nothing can be read back or removed.
#[async_trait]
pub trait Evidence: Send + Sync {
    /// Stores `bytes` under `key`, encrypted with the evidence key.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> PortResult<()>;
}

/// The key that vouches for manifests and for the journal's heads.
#[async_trait]
pub trait Signer: Send + Sync {
    /// An ECDSA signature on P-256 over a SHA-256 digest, as ASN.1 DER.
    async fn sign(&self, digest: [u8; 32]) -> PortResult<Vec<u8>>;
}

/// One thing that AWS showed, as it answered, or why it did not.
#[derive(Debug, Clone, PartialEq)]
pub struct Exhibit {
    /// A file name: what it shows, and the answer's form.
    pub name: &'static str,
    pub answer: PortResult<Vec<u8>>,
}

/// Whom a capture is about.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptureSubject {
    pub instance: InstanceId,
    pub vpc: Option<VpcId>,
    /// The groups of its interfaces before they were moved.
    pub security_groups: Vec<SecurityGroupId>,
    pub profile_arn: Option<String>,
    pub group: Option<GroupName>,
    pub alarm: Option<AlarmArn>,
    /// The metric that alarmed, where it is known.
    pub metric: Option<String>,
    /// Whom it is compared with.
    pub peers: Vec<InstanceId>,
    /// The containment's own time: metrics, history and CloudTrail are read around it.
    pub at: OffsetDateTime,
}

/// What is kept of an instance beside its disks.
#[async_trait]
pub trait Exhibits: Send + Sync {
    /// What only a running instance shows: its console. One call each, made at once.
    async fn console(&self, instance: &InstanceId) -> Vec<Exhibit>;

    /// Everything else, read at once.
    async fn surroundings(&self, subject: &CaptureSubject) -> Vec<Exhibit>;
}
