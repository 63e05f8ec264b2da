//! One run, and what it has to say.

use crate::config::Config;
use engine::{AccessAudit, AuditError, AuditOutcome};
use lambda_runtime::{Context, Diagnostic};
use ports::AuditPorts;
use telemetry::{Metric, emit};
use time::OffsetDateTime;

pub(crate) struct Handler {
    ports: AuditPorts,
    config: Config,
}

/// Lambda's error document: a stable type to filter by, and the message.
#[derive(Debug)]
pub(crate) struct Failed(AuditError);

impl From<Failed> for Diagnostic {
    fn from(Failed(error): Failed) -> Self {
        let error_type = match &error {
            AuditError::Unread(_) => "AccountUnread",
            AuditError::Unkept(_) | AuditError::Unwritten(_) => "AuditUnkept",
            AuditError::Untold(_) => "ChangesUntold",
            AuditError::Unimported(_) => "FindingsUnimported",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Handler {
    pub(crate) fn new(ports: AuditPorts, config: Config) -> Self {
        Self { ports, config }
    }

    /// An error of a run fails the function, whose alarm tells people; how old the last audit is, is told in any case.
    pub(crate) async fn handle(&self, context: &Context) -> Result<AuditOutcome, Failed> {
        if !self.config.audits {
            return Ok(AuditOutcome::NotDue);
        }
        let deadline = OffsetDateTime::from_unix_timestamp_nanos(i128::from(context.deadline) * 1_000_000);
        let audit = AccessAudit {
            ports: self.ports.clone(),
            account: self.config.account.clone(),
            region: self.config.region.clone(),
            partition: self.config.partition.clone(),
            stack: self.config.stack.clone(),
            every: self.config.every,
            deadline: deadline.unwrap_or(OffsetDateTime::UNIX_EPOCH),
        };
        let outcome = audit.run().await;
        // What can't be told counts as overdue.
        let overdue = audit.is_overdue().await.unwrap_or(true);
        let count = |name, value: usize| Metric { value: value as f64, ..Metric::count(name) };
        let mut metrics = vec![count("AuditOverdue", usize::from(overdue))];
        match &outcome {
            Ok(AuditOutcome::Audited(summary)) => {
                tracing::info!(summary = %serde_json::json!(summary), "audited");
                metrics.extend([
                    count("AuditFindings", summary.failing),
                    count("AuditFindingsNew", summary.new),
                    count("AuditFindingsOwn", summary.own),
                ]);
            }
            Ok(outcome) => tracing::info!(outcome = %serde_json::json!(outcome), "nothing to tell yet"),
            Err(error) => tracing::error!(%error, "the audit could not go on"),
        }
        emit(&metrics, &[]);
        outcome.map_err(Failed)
    }
}
