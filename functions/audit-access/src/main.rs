//! audit-access: on a schedule, who can do what in the account, and what changed since the last time. Nothing of its event is
//! read: whoever may invoke it has it look whether an audit is due.

mod config;
mod handler;

use config::Config;
use handler::Handler;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env().inspect_err(|error| tracing::error!(%error, "audit-access cannot start"))?;
    let clients = aws_adapters::connect().await;
    let handler = &Handler::new(aws_adapters::audit_ports(&clients, &config.places), config);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| handler.handle(&event.context).await))
        .await
}
