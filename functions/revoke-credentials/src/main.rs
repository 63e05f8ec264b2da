//! revoke-credentials: the only function that may write a role's policy. It takes an incident's id and nothing else,
//! reads the incident from the journal, and writes one fixed document.

mod config;
mod handler;

use config::Config;
use handler::Handler;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let clients = aws_adapters::connect().await;
    let journal = aws_adapters::journal(&clients, &config.table);
    let handler = &Handler::new(journal, aws_adapters::roles(&clients), config);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| handler.handle(&event.payload).await)).await
}
