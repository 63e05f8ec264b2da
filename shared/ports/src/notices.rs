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
    /// Creates each finding, or updates the one of the same id. Others' failure is no reason to leave one out.
    ///
    /// # Errors
    /// The first that failed.
    async fn import(&self, findings: &[Finding]) -> PortResult<()>;
}
