//! One tick: every open incident once, a few at a time, none able to hold up the others.

use containment::ids::IncidentId;
use containment::incident::IncidentState;
use engine::{Config, Engine, EngineError, Invocation, Outcome};
use futures::stream::{self, StreamExt};
use lambda_runtime::{Context, Diagnostic};
use ports::Ports;
use serde::Serialize;
use telemetry::{Metric, emit};
use thiserror::Error;

/// Enough to settle a whole breaker window's incidents within a tick without being throttled.
const AT_ONCE: usize = 8;

pub(crate) struct Handler {
    ports: Ports,
    config: Config,
}

#[derive(Debug, Serialize)]
pub(crate) struct Response {
    outcomes: Vec<Outcome>,
}

#[derive(Debug, Error)]
pub(crate) enum HandlerError {
    #[error("failed to list the open incidents: {0}")]
    Unlisted(EngineError),
    #[error("failed to settle {failed} of {of} incidents, among them {first}: {error}")]
    Unsettled { failed: usize, of: usize, first: IncidentId, error: EngineError },
}

/// Lambda's error document: a stable type to filter by, and the message.
impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Unlisted(_) => "IncidentsUnlisted",
            HandlerError::Unsettled { .. } => "IncidentsUnsettled",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Handler {
    pub(crate) fn new(ports: Ports, config: Config) -> Self {
        Self { ports, config }
    }

    pub(crate) async fn handle(&self, context: &Context) -> Result<Response, HandlerError> {
        let (ports, config) = (self.ports.clone(), self.config.clone());
        let invocation = Invocation {
            function: "reconcile-incidents",
            function_arn: &context.invoked_function_arn,
            request_id: &context.request_id,
            deadline: context.deadline,
        };
        let engine = &Engine::of_invocation(ports, config, &invocation);
        let open = engine.open_incidents().await.map_err(HandlerError::Unlisted)?;
        let of = open.len();
        let settled: Vec<_> = stream::iter(open)
            .map(async |id| {
                let settled = engine.settle(&id).await;
                report(&id, &settled);
                (id, settled)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut outcomes = Vec::new();
        let mut errors = Vec::new();
        for (id, settled) in settled {
            match settled {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => errors.push((id, error)),
            }
        }
        let failed = errors.len();
        match errors.into_iter().next() {
            Some((first, error)) => Err(HandlerError::Unsettled { failed, of, first, error }),
            None => Ok(Response { outcomes }),
        }
    }
}

fn report(id: &IncidentId, settled: &Result<Outcome, EngineError>) {
    let fields = [("incident", id.to_string())];
    match settled {
        Ok(outcome) => {
            tracing::info!(outcome = %serde_json::json!(outcome), "settled");
            match outcome {
                Outcome::Contained { state: IncidentState::Contained, .. } => {
                    emit(&[Metric::count("Contained")], &fields)
                }
                Outcome::Contained { state: IncidentState::Partial { .. }, .. } => {
                    emit(&[Metric::count("ContainmentPartial")], &fields);
                }
                _ => {}
            }
        }
        Err(error) => {
            tracing::error!(incident = %id, %error, "an incident was not settled");
            let name = if error.is_of_the_journal() { "JournalFailed" } else { "SettleFailed" };
            emit(&[Metric::count(name)], &fields);
        }
    }
}
