//! One operator's request. Alarms are none of this function's business, whoever sends them.

use engine::{Config, Engine, EngineError, Invocation, Outcome};
use lambda_runtime::{Context, Diagnostic};
use ports::Ports;
use signal::{Expectation, Signal, SignalError};
use telemetry::{Metric, emit};
use thiserror::Error;

pub(crate) struct Handler {
    ports: Ports,
    config: Config,
}

#[derive(Debug, Error)]
pub(crate) enum HandlerError {
    #[error("failed to read the request: {0}")]
    Signal(#[from] SignalError),
    #[error("only an operator's request is taken here")]
    NotARequest,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Lambda's error document: a stable type to filter by, and the message.
impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Signal(_) | HandlerError::NotARequest => "SignalRejected",
            HandlerError::Engine(error) => error.type_name(),
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Handler {
    pub(crate) fn new(ports: Ports, config: Config) -> Self {
        Self { ports, config }
    }

    pub(crate) async fn handle(&self, event: &[u8], context: &Context) -> Result<Outcome, HandlerError> {
        let expectation = Expectation { partition: &self.config.deployment.partition };
        let request = match signal::parse(event, &expectation)?.pop() {
            Some(Ok(Signal::Operator(request))) => request,
            Some(Err(error)) => return Err(error.into()),
            _ => return Err(HandlerError::NotARequest),
        };
        let invocation = Invocation {
            function: "release-instance",
            function_arn: &context.invoked_function_arn,
            request_id: &context.request_id,
            deadline: context.deadline,
        };
        let engine = Engine::of_invocation(self.ports.clone(), self.config.clone(), &invocation);
        let outcome = engine.release(&request).await.inspect_err(of_error)?;
        tracing::info!(outcome = %serde_json::json!(outcome), digest = %request.digest, "handled");
        of_outcome(&outcome);
        Ok(outcome)
    }
}

fn of_outcome(outcome: &Outcome) {
    match outcome {
        Outcome::Released { incident, state, .. } => {
            let fields = [("incident", incident.to_string()), ("state", state.name().to_owned())];
            emit(&[Metric::count(state.name())], &fields);
        }
        Outcome::HandedOver { incident, .. } => {
            emit(&[Metric::count("HandedOver")], &[("incident", incident.to_string())])
        }
        Outcome::Frozen { dry_run: false, .. } => emit(&[Metric::count("Frozen")], &[]),
        Outcome::Unfrozen { dry_run: false } => emit(&[Metric::count("Unfrozen")], &[]),
        _ => {}
    }
}

fn of_error(error: &EngineError) {
    tracing::error!(%error, "a request was not carried out");
    let name = match error {
        EngineError::Unproved(_) => "OperatorUnproved",
        error if error.is_of_the_journal() => "JournalFailed",
        _ => "ReleaseFailed",
    };
    emit(&[Metric::count(name)], &[]);
}
