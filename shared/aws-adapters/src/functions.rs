//! Cordon's functions as people reach them: a synchronous invocation, and what a function was deployed with.

use crate::error::map;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use ports::{PortError, PortResult};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

const INVOKE: &str = "lambda:InvokeFunction";
const CONFIGURATION: &str = "lambda:GetFunctionConfiguration";
/// A little longer than any function may run.
const PATIENCE: Duration = Duration::from_secs(320);

pub struct Functions {
    client: Client,
}

/// What a function answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Invoked {
    Answered(Value),
    /// It failed: Lambda's error document.
    Failed {
        error_type: String,
        message: String,
    },
}

impl Functions {
    /// Never repeats an invocation: a proof counts once.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        // Both: what is not set here is taken from the connection's own, which is short.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(PATIENCE)
            .operation_timeout(PATIENCE)
            .build();
        let config = aws_sdk_lambda::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        Self { client: Client::from_conf(config.build()) }
    }

    pub async fn invoke(&self, function: &str, payload: &Value) -> PortResult<Invoked> {
        let call = self.client.invoke().function_name(function).payload(Blob::new(payload.to_string()));
        let answer = call.send().await.map_err(map(INVOKE))?;
        let bytes = answer.payload().map(AsRef::as_ref).unwrap_or_default();
        let payload: Value = serde_json::from_slice(bytes).map_err(|error| PortError::unreadable(INVOKE, error))?;
        if answer.function_error().is_none() {
            return Ok(Invoked::Answered(payload));
        }
        let text = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or("(not said)").to_owned();
        Ok(Invoked::Failed { error_type: text("errorType"), message: text("errorMessage") })
    }

    /// The environment variables that a function was deployed with.
    pub async fn variables(&self, function: &str) -> PortResult<BTreeMap<String, String>> {
        let call = self.client.get_function_configuration().function_name(function);
        let answer = call.send().await.map_err(map(CONFIGURATION))?;
        let variables = answer.environment().and_then(|environment| environment.variables());
        Ok(variables.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}
