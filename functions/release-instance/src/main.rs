//! release-instance: undoes a containment at an operator's request. Its role cannot contain.

mod handler;

use engine::Config;
use handler::Handler;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let clients = aws_adapters::connect().await;
    let ports = aws_adapters::ports(&clients, &config.resources);
    let handler = &Handler::new(ports, config);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        handler.handle(event.payload.get().as_bytes(), &event.context).await
    }))
    .await
}
