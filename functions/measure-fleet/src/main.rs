//! measure-fleet: each five minutes, what every instance of every opted-in group sends against its peers, as a metric of
//! each group. Nothing of its event is read: whoever may invoke it has it measure once more.

mod handler;

use handler::handle;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let clients = aws_adapters::connect().await;
    let ports = &aws_adapters::fleet_ports(&clients);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| handle(ports, &event.context).await)).await
}
