use crate::{
    Alarms, Callers, Clock, Credentials, Evidence, Exhibits, Findings, Groups, Instances, Journal, Network, Notifier,
    Signer, Snapshots, Targets, Traffic,
};
use signal::AccountId;
use std::sync::Arc;

/// Everything that containing and reconciling need, each behind its own trait so that a test can replace any.
#[derive(Clone)]
pub struct Ports {
    pub alarms: Arc<dyn Alarms>,
    pub instances: Arc<dyn Instances>,
    pub network: Arc<dyn Network>,
    pub groups: Arc<dyn Groups>,
    pub targets: Arc<dyn Targets>,
    pub traffic: Arc<dyn Traffic>,
    pub snapshots: Arc<dyn Snapshots>,
    pub credentials: Arc<dyn Credentials>,
    pub evidence: Arc<dyn Evidence>,
    pub exhibits: Arc<dyn Exhibits>,
    pub signer: Arc<dyn Signer>,
    pub notifier: Arc<dyn Notifier>,
    /// `None` where the deployment imports none.
    pub findings: Option<Arc<dyn Findings>>,
    pub journal: Arc<dyn Journal>,
    pub callers: Arc<dyn Callers>,
    pub clock: Arc<dyn Clock>,
}

/// The deployment's resources by name or ARN, as the template passes them on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    pub table: String,
    pub evidence_bucket: String,
    /// The account that owns the bucket: a bucket of that name in any other is somebody else's.
    pub evidence_account: AccountId,
    pub evidence_key_arn: String,
    /// The asymmetric key that signs the record.
    pub signing_key_arn: String,
    pub notification_topic_arn: String,
    /// Name or ARN of revoke-credentials.
    pub revoke_function: String,
    /// Whether incidents are imported into Security Hub.
    pub security_hub: bool,
}
