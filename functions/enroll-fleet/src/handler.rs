//! One event: what it nominates, one run, and what the run has to say.

use crate::config::Config;
use engine::{EnrolError, Enrolment, Invocation};
use enrolment::{EventError, Nomination, Report, Stopped, nomination};
use lambda_runtime::{Context, Diagnostic};
use ports::EnrolmentPorts;
use telemetry::{Metric, emit};
use thiserror::Error;

/// What is unwatched, of which a log line names so many: CloudWatch Logs cuts long lines. The answer has them all.
const NAMED: usize = 100;

pub(crate) struct Handler {
    ports: EnrolmentPorts,
    config: Config,
}

#[derive(Debug, Error)]
pub(crate) enum HandlerError {
    #[error("the event nominates nothing: {0}")]
    Event(#[from] EventError),
    #[error(transparent)]
    Run(#[from] EnrolError),
    #[error("{failed} calls failed for good, the first of them {call} of {about}: {error}")]
    Failed { failed: usize, call: String, about: String, error: String },
}

/// Lambda's error document: a stable type to filter by, and the message.
impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Event(_) => "EventMalformed",
            HandlerError::Run(EnrolError::Record(_)) => "RecordFailed",
            HandlerError::Run(EnrolError::Unread(_)) => "FleetUnread",
            HandlerError::Failed { .. } => "EnrolmentFailed",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Handler {
    pub(crate) fn new(ports: EnrolmentPorts, config: Config) -> Self {
        Self { ports, config }
    }

    pub(crate) async fn handle(&self, event: &str, context: &Context) -> Result<Report, HandlerError> {
        let Config { account, region, settings, enrols, .. } = &self.config;
        let nominated = nomination(event, account.as_ref(), region.as_ref()).inspect_err(|error| {
            tracing::error!(%error, "an event nominates nothing");
        })?;
        if !enrols {
            tracing::info!("enrolment is off in this deployment");
            return Ok(Report { schema: Report::SCHEMA, ..Report::default() });
        }
        let invocation = Invocation {
            function: "enroll-fleet",
            function_arn: &context.invoked_function_arn,
            request_id: &context.request_id,
            deadline: context.deadline,
        };
        let run = Enrolment::of_invocation(self.ports.clone(), settings.clone(), &invocation);
        let first = match &nominated {
            Nomination::Everything => None,
            Nomination::Group(group) => Some(group),
        };
        let report = run.run(first).await.inspect_err(|error| tracing::error!(%error, "enrolment failed"))?;
        tell(&report);
        let first = report.lasting().next().cloned();
        match first {
            Some(first) => Err(HandlerError::Failed {
                failed: report.lasting().count(),
                call: first.call,
                about: first.about,
                error: first.error,
            }),
            None => Ok(report),
        }
    }
}

/// One line for every run but one that found another under way, and metrics that alarms may watch.
fn tell(report: &Report) {
    if report.stopped == Some(Stopped::Busy) {
        tracing::info!("another run is under way");
        return;
    }
    let unwatched = report.unwatched.len();
    let mut logged = report.clone();
    logged.unwatched.truncate(NAMED);
    tracing::info!(unwatched, report = %serde_json::json!(logged), "enrolled");
    for failure in &report.failures {
        tracing::warn!(call = %failure.call, about = %failure.about, error = %failure.error, "a call failed");
    }
    let count = |name, count: usize| Metric { value: count as f64, ..Metric::count(name) };
    emit(&[count("InstancesUnwatched", report.unwatched.len()), count("EnrolmentLeft", report.left)], &[]);
}
