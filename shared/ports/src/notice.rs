use crate::PortResult;
use async_trait::async_trait;
use containment::ids::IncidentId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// For the record.
    Info,
    /// An instance was contained, or would have been.
    Action,
    /// Somebody must look now.
    Page,
}

/// What people are told. `details` is JSON for machines; `text` is for people and holds no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub incident: IncidentId,
    pub severity: Severity,
    pub subject: String,
    pub text: String,
    pub details: String,
}

#[async_trait]
pub trait Notifier: Send + Sync {
    async fn notify(&self, notice: &Notice) -> PortResult<()>;
}
