//! enroll-fleet: each minute, and when Auto Scaling launches or terminates an instance, gives every instance of every
//! opted-in group its anomaly detectors and alarms, and takes away those of instances that are gone.

mod config;
mod handler;

use config::Config;
use handler::Handler;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let clients = aws_adapters::connect().await;
    let ports = aws_adapters::enrolment_ports(&clients, &config.table);
    let handler = &Handler::new(ports, config);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        handler.handle(event.payload.get(), &event.context).await
    }))
    .await
}
