//! One Lambda event: every signal in it is handled, whatever the others are like.

use crate::metrics;
use engine::{Config, Engine, EngineError, Outcome};
use lambda_runtime::{Context, Diagnostic};
use ports::Ports;
use serde::Serialize;
use signal::{AlarmSignal, Expectation, Quoted, Signal, SignalError};
use thiserror::Error;

pub(crate) struct Handler {
    ports: Ports,
    config: Config,
}

#[derive(Debug, Serialize)]
pub(crate) struct Response {
    outcomes: Vec<Outcome>,
}

/// Fails the invocation: Lambda repeats it, and then keeps the event in the dead-letter queue, so that nothing is lost.
#[derive(Debug, Error)]
pub(crate) enum HandlerError {
    #[error("failed to read the signal: {0}")]
    Signal(#[from] SignalError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("operator requests are not accepted: this version cannot prove who sends them")]
    OperatorRequest,
}

/// Lambda's error document: a stable type to filter by, and the message.
impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Signal(_) => "SignalRejected",
            HandlerError::Engine(_) => "EngineFailed",
            HandlerError::OperatorRequest => "OperatorRequestRefused",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Handler {
    pub(crate) fn new(ports: Ports, config: Config) -> Self {
        Self { ports, config }
    }

    pub(crate) async fn handle(&self, event: &[u8], context: &Context) -> Result<Response, HandlerError> {
        let engine = self.engine(context);
        let expectation = Expectation { partition: &self.config.deployment.partition };
        let signals = signal::parse(event, &expectation).inspect_err(|error| reject(error, event))?;
        let mut outcomes = Vec::new();
        let mut failed = None;
        for signal in signals {
            match self.handle_signal(&engine, signal).await {
                Ok(of_signal) => outcomes.extend(of_signal),
                Err(error) => {
                    tracing::error!(%error, request = %context.request_id, "a signal was not handled");
                    if let HandlerError::Signal(error) = &error {
                        reject(error, event);
                    }
                    failed = failed.or(Some(error));
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(Response { outcomes }),
        }
    }

    async fn handle_signal(
        &self,
        engine: &Engine,
        signal: Result<Signal, SignalError>,
    ) -> Result<Vec<Outcome>, HandlerError> {
        let alarm: AlarmSignal = match signal? {
            Signal::Alarm(alarm) => alarm,
            Signal::Operator(_) => return Err(HandlerError::OperatorRequest),
        };
        let outcomes = engine.handle(&alarm).await.inspect_err(metrics::of_error)?;
        for outcome in &outcomes {
            tracing::info!(outcome = %serde_json::json!(outcome), alarm = %Quoted(&alarm.alarm.to_string()), digest = %alarm.digest, "handled");
            metrics::of_outcome(outcome, &alarm);
        }
        Ok(outcomes)
    }

    fn engine(&self, context: &Context) -> Engine {
        let mut config = self.config.clone();
        config.deployment.function_arn = Some(unqualified(&context.invoked_function_arn));
        Engine::of_invocation(self.ports.clone(), config, "contain-instance", &context.request_id, context.deadline)
    }
}

fn reject(error: &SignalError, event: &[u8]) {
    tracing::error!(%error, code = error.code(), digest = %signal::digest(event), "the event is no signal");
    metrics::of_rejection(error);
}

/// `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME`, without a version or alias.
fn unqualified(arn: &str) -> String {
    arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::unqualified;

    #[test]
    fn a_qualifier_is_taken_off_the_function_arn() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:contain-instance";
        assert_eq!(unqualified(arn), arn);
        assert_eq!(unqualified(&format!("{arn}:live")), arn);
    }
}
