//! A deployment as a viewer reads it: what its stack made, and what became of that. Each read is one permission, so that a
//! missing one hides one answer and no other.

mod keys;
mod lambda;
mod messages;
mod storage;

pub use keys::DeployedKey;
pub use lambda::{DeployedFunction, FunctionMetric};
pub use messages::{DeployedQueue, DeployedTopic, Subscription};
pub use storage::{Bucket, DeployedTable};

use crate::error::map;
use aws_config::SdkConfig;
use ports::{ErrorKind, PortError, PortResult};

const RESOURCES: &str = "cloudformation:ListStackResources";

/// Names are the physical ids that [`StackReader::resources`] gives.
pub struct StackReader {
    cloudformation: aws_sdk_cloudformation::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    events: aws_sdk_eventbridge::Client,
    kms: aws_sdk_kms::Client,
    lambda: aws_sdk_lambda::Client,
    s3: aws_sdk_s3::Client,
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackResource {
    pub logical_id: String,
    /// Absent while it is being made, and after that failed.
    pub physical_id: Option<String>,
    /// `AWS::SQS::Queue`
    pub resource_type: String,
    /// `CREATE_COMPLETE`
    pub status: String,
}

impl StackReader {
    pub(crate) fn new(config: &SdkConfig, s3: aws_sdk_s3::Client) -> Self {
        Self {
            cloudformation: aws_sdk_cloudformation::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            s3,
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
        }
    }

    /// Everything that the stack made. A stack that does not exist is [`ErrorKind::Gone`].
    pub async fn resources(&self, stack: &str) -> PortResult<Vec<StackResource>> {
        let mut pages = self.cloudformation.list_stack_resources().stack_name(stack).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(RESOURCES)).map_err(unknown_stack)?;
            for resource in page.stack_resource_summaries() {
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                found.push(StackResource {
                    logical_id: text(resource.logical_resource_id()),
                    physical_id: resource.physical_resource_id().map(ToOwned::to_owned),
                    resource_type: text(resource.resource_type()),
                    status: text(resource.resource_status().map(|status| status.as_str())),
                });
            }
        }
        Ok(found)
    }
}

/// CloudFormation has no code of its own for a stack that isn't there.
fn unknown_stack(error: PortError) -> PortError {
    let unknown = error.code.as_deref() == Some("ValidationError") && error.message.contains("does not exist");
    if unknown { PortError { kind: ErrorKind::Gone, ..error } } else { error }
}

/// `None` where AWS says that the setting does not exist.
fn absent_is_none<T>(read: PortResult<T>) -> PortResult<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == ErrorKind::Gone => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::unknown_stack;
    use ports::{ErrorKind, PortError};

    #[test]
    fn only_a_stack_that_does_not_exist_is_gone() {
        let refused = |message| PortError::new("x", ErrorKind::Rejected, Some("ValidationError"), message);
        assert_eq!(unknown_stack(refused("Stack with id x does not exist")).kind, ErrorKind::Gone);
        assert_eq!(unknown_stack(refused("1 validation error detected")).kind, ErrorKind::Rejected);
    }
}
