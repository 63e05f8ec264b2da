//! One run, and what it has to say.

use engine::{MeasureError, MeasureReport, Measurement};
use lambda_runtime::{Context, Diagnostic};
use ports::FleetPorts;
use telemetry::{Metric, emit};
use time::OffsetDateTime;

/// Lambda's error document: a stable type to filter by, and the message.
#[derive(Debug)]
pub(crate) struct Failed(MeasureError);

impl From<Failed> for Diagnostic {
    fn from(Failed(error): Failed) -> Self {
        let error_type = match &error {
            MeasureError::Unread(_) => "FleetUnread",
            MeasureError::Unpublished(_) => "MetricUnpublished",
            MeasureError::OutOfTime { .. } => "OutOfTime",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

pub(crate) async fn handle(ports: &FleetPorts, context: &Context) -> Result<MeasureReport, Failed> {
    let deadline = OffsetDateTime::from_unix_timestamp_nanos(i128::from(context.deadline) * 1_000_000);
    let deadline = deadline.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let measured = Measurement { ports: ports.clone(), deadline }.run().await;
    let report =
        measured.inspect_err(|error| tracing::error!(%error, "the fleets were not measured")).map_err(Failed)?;
    tracing::info!(report = %serde_json::json!(report), "measured");
    let (abstained, measured): (Vec<_>, Vec<_>) = report.groups.iter().partition(|group| group.largest.is_empty());
    let count = |name, count: usize| Metric { value: count as f64, ..Metric::count(name) };
    emit(&[count("FleetsMeasured", measured.len()), count("FleetsAbstained", abstained.len())], &[]);
    Ok(report)
}
