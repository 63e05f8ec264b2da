//! What functions say about themselves: JSON log lines and metrics in CloudWatch's embedded metric format.

mod metrics;

pub use metrics::{Metric, Unit, emit};

use tracing_subscriber::EnvFilter;

/// One JSON object a line on standard output, so that no logged text can forge a second line. Level by `RUST_LOG`,
/// `info` by default; the AWS SDK's own chatter stays at `warn`, because it may hold request bodies.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new("info,aws_config=warn,aws_smithy_runtime=warn,hyper=warn,lambda_runtime=warn")
    });
    tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_env_filter(filter).init();
}
