//! One Lambda event: every signal in it is handled, whatever the others are like.

use crate::metrics;
use engine::{Config, Engine, EngineError, Invocation, Outcome};
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
}

/// Lambda's error document: a stable type to filter by, and the message.
impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Signal(_) => "SignalRejected",
            HandlerError::Engine(error) => error.type_name(),
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
        match signal? {
            Signal::Alarm(alarm) => self.handle_alarm(engine, &alarm).await,
            Signal::LookAgain => {
                let outcomes = engine.look_again().await.inspect_err(metrics::of_error)?;
                for outcome in &outcomes {
                    tracing::info!(outcome = %serde_json::json!(outcome), "handled on a second look");
                    metrics::of_outcome(outcome, None);
                }
                Ok(outcomes)
            }
            Signal::Operator(request) => {
                let outcome = engine.operate(&request).await.inspect_err(metrics::of_error)?;
                tracing::info!(outcome = %serde_json::json!(outcome), digest = %request.digest, "handled");
                metrics::of_outcome(&outcome, None);
                Ok(vec![outcome])
            }
        }
    }

    async fn handle_alarm(&self, engine: &Engine, alarm: &AlarmSignal) -> Result<Vec<Outcome>, HandlerError> {
        let outcomes = engine.handle(alarm).await.inspect_err(metrics::of_error)?;
        for outcome in &outcomes {
            tracing::info!(outcome = %serde_json::json!(outcome), alarm = %Quoted(&alarm.alarm.to_string()), digest = %alarm.digest, "handled");
            metrics::of_outcome(outcome, Some(alarm));
        }
        Ok(outcomes)
    }

    fn engine(&self, context: &Context) -> Engine {
        let invocation = Invocation {
            function: "contain-instance",
            function_arn: &context.invoked_function_arn,
            request_id: &context.request_id,
            deadline: context.deadline,
        };
        Engine::of_invocation(self.ports.clone(), self.config.clone(), &invocation)
    }
}

fn reject(error: &SignalError, event: &[u8]) {
    tracing::error!(%error, code = error.code(), digest = %signal::digest(event), "the event is no signal");
    metrics::of_rejection(error);
}
