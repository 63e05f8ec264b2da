//! The SDK's clients, made once a process.

use crate::access::AwsAccess;
use crate::alarms::CloudWatchAlarms;
use crate::audit_store::AuditBucket;
use crate::caller_identity::SecurityTokenService;
use crate::coverage::AccountCoverage;
use crate::credentials::RevokeFunction;
use crate::deployed::StackReader;
use crate::enrolments::EnrolmentItem;
use crate::evidence::EvidenceBucket;
use crate::evidence_reader::EvidenceReader;
use crate::exhibits::AwsExhibits;
use crate::findings::SecurityHub;
use crate::fleet_metric::CloudWatchFleetMetric;
use crate::functions::Functions;
use crate::groups::AutoScalingGroups;
use crate::instances::Ec2Instances;
use crate::journal::JournalTable;
use crate::network::Ec2Network;
use crate::notifier::NotificationTopic;
use crate::roles::IamRoles;
use crate::signer::KmsSigner;
use crate::snapshots::Ec2Snapshots;
use crate::system_clock::SystemClock;
use crate::targets::LoadBalancerTargets;
use crate::traffic::CloudWatchTraffic;
use crate::watches::AwsWatches;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use ports::{
    AccessReader, Alarms, AuditPorts, Clock, Coverage, EnrolmentPorts, Findings, FleetPorts, Groups, Journal, Ports,
    Resources, Roles, Traffic,
};
use signal::AccountId;
use std::sync::Arc;
use std::time::Duration;

/// The environment's credentials, Region and endpoint.
pub struct Clients {
    config: SdkConfig,
}

impl Clients {
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The Region's code, where the environment or the profile names one.
    pub fn region(&self) -> Option<String> {
        self.config.region().map(ToString::to_string).filter(|region| !region.is_empty())
    }
}

/// A call that takes longer than this is of no use to a containment; a lease outlasts them all.
const OPERATION: Duration = Duration::from_secs(10);

/// Reads the environment.
pub async fn connect() -> Clients {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts(Duration::from_secs(5)))
        .load()
        .await;
    Clients { config }
}

fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(1500))
        .operation_attempt_timeout(attempt)
        .operation_timeout(OPERATION)
        .build()
}

pub fn ports(clients: &Clients, resources: &Resources) -> Ports {
    let config = &clients.config;
    let ec2 = aws_sdk_ec2::Client::new(config);
    Ports {
        alarms: Arc::new(CloudWatchAlarms::new(aws_sdk_cloudwatch::Client::new(config))),
        instances: Arc::new(Ec2Instances::new(ec2.clone())),
        network: Arc::new(Ec2Network::new(ec2.clone())),
        groups: Arc::new(AutoScalingGroups::new(aws_sdk_autoscaling::Client::new(config))),
        traffic: Arc::new(CloudWatchTraffic::new(aws_sdk_cloudwatch::Client::new(config))),
        targets: Arc::new(LoadBalancerTargets::new(aws_sdk_elasticloadbalancingv2::Client::new(config))),
        snapshots: Arc::new(Ec2Snapshots::new(ec2)),
        credentials: Arc::new(RevokeFunction::new(lambda(config), &resources.revoke_function)),
        evidence: Arc::new(EvidenceBucket::new(s3(config), resources)),
        exhibits: Arc::new(AwsExhibits::new(config)),
        signer: Arc::new(KmsSigner::new(aws_sdk_kms::Client::new(config), &resources.signing_key_arn)),
        notifier: Arc::new(NotificationTopic::new(aws_sdk_sns::Client::new(config), &resources.notification_topic_arn)),
        findings: resources.security_hub.then(|| Arc::new(SecurityHub::new(config)) as Arc<dyn Findings>),
        journal: journal(clients, &resources.table),
        callers: Arc::new(SecurityTokenService::new(config)),
        clock: Arc::new(SystemClock),
    }
}

pub fn enrolment_ports(clients: &Clients, table: &str) -> EnrolmentPorts {
    let config = &clients.config;
    EnrolmentPorts {
        groups: groups(clients),
        watches: Arc::new(AwsWatches::new(config)),
        enrolments: Arc::new(EnrolmentItem::new(aws_sdk_dynamodb::Client::new(config), table)),
        network: Arc::new(Ec2Network::new(aws_sdk_ec2::Client::new(config))),
        clock: Arc::new(SystemClock),
    }
}

pub fn fleet_ports(clients: &Clients) -> FleetPorts {
    FleetPorts {
        groups: groups(clients),
        traffic: traffic(clients),
        metric: Arc::new(CloudWatchFleetMetric::new(aws_sdk_cloudwatch::Client::new(&clients.config))),
        clock: Arc::new(SystemClock),
    }
}

pub fn journal(clients: &Clients, table: &str) -> Arc<dyn Journal> {
    Arc::new(JournalTable::new(aws_sdk_dynamodb::Client::new(&clients.config), table))
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Who may do what, in the credentials' account and Region.
pub fn access_reader(clients: &Clients) -> Arc<dyn AccessReader> {
    Arc::new(AwsAccess::new(&clients.config, s3(&clients.config)))
}

/// Where audits are kept, and who is told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPlaces {
    pub bucket: String,
    /// The account that owns the bucket.
    pub owner: AccountId,
    pub key_arn: String,
    pub topic_arn: String,
    /// Whether findings are imported into Security Hub.
    pub security_hub: bool,
}

pub fn audit_ports(clients: &Clients, places: &AuditPlaces) -> AuditPorts {
    let config = &clients.config;
    AuditPorts {
        reader: access_reader(clients),
        store: Arc::new(AuditBucket::new(s3(config), &places.bucket, &places.owner, &places.key_arn)),
        notifier: Arc::new(NotificationTopic::new(aws_sdk_sns::Client::new(config), &places.topic_arn)),
        findings: places.security_hub.then(|| Arc::new(SecurityHub::new(config)) as Arc<dyn Findings>),
        clock: clock(),
    }
}

/// The door to Cordon's functions for people.
pub fn functions(clients: &Clients) -> Functions {
    Functions::new(&clients.config)
}

pub fn coverage(clients: &Clients, table: &str) -> Arc<dyn Coverage> {
    Arc::new(AccountCoverage::new(&clients.config, table))
}

pub fn traffic(clients: &Clients) -> Arc<dyn Traffic> {
    Arc::new(CloudWatchTraffic::new(aws_sdk_cloudwatch::Client::new(&clients.config)))
}

/// The bucket must be `owner`'s, where that account is known.
pub fn evidence_reader(clients: &Clients, bucket: &str, owner: Option<&str>) -> EvidenceReader {
    EvidenceReader::new(&clients.config, s3(&clients.config), bucket, owner)
}

pub fn stack_reader(clients: &Clients) -> StackReader {
    StackReader::new(&clients.config, s3(&clients.config))
}

pub fn groups(clients: &Clients) -> Arc<dyn Groups> {
    Arc::new(AutoScalingGroups::new(aws_sdk_autoscaling::Client::new(&clients.config)))
}

pub fn alarms(clients: &Clients) -> Arc<dyn Alarms> {
    Arc::new(CloudWatchAlarms::new(aws_sdk_cloudwatch::Client::new(&clients.config)))
}

pub fn roles(clients: &Clients) -> Arc<dyn Roles> {
    Arc::new(IamRoles::new(aws_sdk_iam::Client::new(&clients.config)))
}

/// An attempt is given all the time there is: after a shorter one a second invocation would run beside the first.
fn lambda(config: &SdkConfig) -> aws_sdk_lambda::Client {
    let config = aws_sdk_lambda::config::Builder::from(config).timeout_config(timeouts(OPERATION));
    aws_sdk_lambda::Client::from_conf(config.build())
}

/// A local endpoint has no name for each bucket.
fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let local = config.endpoint_url().is_some();
    aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(local).build())
}
