use crate::PortResult;
use async_trait::async_trait;
use notice::{Finding, Notice};

#[async_trait]
pub trait Notifier: Send + Sync {
    async fn notify(&self, notice: &Notice) -> PortResult<()>;
}

/// Security Hub, for those who bring findings.
#[async_trait]
pub trait Findings: Send + Sync {
    /// Creates the finding, or updates the one of the same id.
    async fn import(&self, finding: &Finding) -> PortResult<()>;
}
