//! What IAM, KMS and a Region's services say of who may do what, in the forms in which AWS's command line prints it.

mod details;
mod disks;
mod identities;
mod keys;
mod last_accessed;
mod services;
mod storage;

use crate::error::map;
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::Client as S3;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use futures::future::join_all;
use ports::{AccessReader, ErrorKind, Page, PortError, PortResult, Section};
use serde_json::{Value, json};

/// Entries whose own calls are made at once.
const AT_ONCE: usize = 8;

/// Reads with the credentials' permissions, in their account and Region.
pub(crate) struct AwsAccess {
    iam: aws_sdk_iam::Client,
    kms: aws_sdk_kms::Client,
    ec2: aws_sdk_ec2::Client,
    s3: S3,
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    lambda: aws_sdk_lambda::Client,
    region: Option<String>,
}

impl AwsAccess {
    pub(crate) fn new(config: &SdkConfig, s3: S3) -> Self {
        Self {
            iam: aws_sdk_iam::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            s3,
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            region: config.region().map(ToString::to_string),
        }
    }
}

#[async_trait]
impl AccessReader for AwsAccess {
    async fn page(&self, section: Section, after: Option<&str>) -> PortResult<Page> {
        match section {
            Section::AuthorizationDetails => details::page(&self.iam, after).await,
            Section::CredentialReport => identities::credential_report(&self.iam).await,
            Section::AccountSummary => identities::account_summary(&self.iam).await,
            Section::PasswordPolicy => identities::password_policy(&self.iam).await,
            Section::Keys => keys::page(&self.kms, after).await,
            Section::LastAccessed => last_accessed::page(&self.iam, after).await,
            Section::Ebs => disks::defaults(&self.ec2).await,
            Section::Volumes => disks::volumes(&self.ec2, after).await,
            Section::Snapshots => disks::snapshots(&self.ec2, after).await,
            Section::Buckets => storage::buckets(&self.s3, self.region.as_deref(), after).await,
            Section::Tables => storage::tables(&self.dynamodb, after).await,
            Section::Topics => services::topics(&self.sns, after).await,
            Section::Queues => services::queues(&self.sqs, after).await,
            Section::Functions => services::functions(&self.lambda, after).await,
        }
    }
}

/// The one page of what has no more.
fn whole(content: Value) -> Page {
    Page { content, next: None }
}

/// What was read of each entry, in the entries' order, a few at a time.
async fn of_each<T, F>(entries: impl IntoIterator<Item = T>, read: impl Fn(T) -> F) -> PortResult<Vec<Value>>
where
    F: Future<Output = PortResult<Value>>,
{
    let mut entries = entries.into_iter().fuse();
    let mut all = Vec::new();
    loop {
        let answers = join_all(entries.by_ref().take(AT_ONCE).map(&read)).await;
        if answers.is_empty() {
            return Ok(all);
        }
        for answer in answers {
            all.push(answer?);
        }
    }
}

/// A member of an entry: null where AWS has none. What a repetition may mend fails the page, so that it is asked for again;
/// what it doesn't is told in the member's place.
fn member(answer: PortResult<Value>) -> PortResult<Value> {
    match answer {
        Err(error) if error.kind == ErrorKind::Gone => Ok(Value::Null),
        Err(error) if error.kind.is_temporary() => Err(error),
        Err(error) => Ok(unread(&error)),
        read => read,
    }
}

fn unread(error: &PortError) -> Value {
    json!({"Unread": error.to_string()})
}

/// RFC 3339; null where there is none.
fn moment(at: Option<&DateTime>) -> Value {
    at.and_then(|at| at.fmt(Format::DateTime).ok()).map_or(Value::Null, Value::String)
}
