use crate::{Clock, Findings, Notifier, PortResult};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// One part of what an account holds, which one permission or a few let read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// `{"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"}`
    AuthorizationDetails,
    /// `{"Content"}`: CSV.
    CredentialReport,
    /// `{"SummaryMap"}`
    AccountSummary,
    /// `{"PasswordPolicy"}`
    PasswordPolicy,
    /// `{"keys"}`
    Keys,
    /// `{"principals"}`
    LastAccessed,
    /// `{"EbsEncryptionByDefault", "EbsDefaultKmsKeyId"}`
    Ebs,
    /// `{"Volumes"}`
    Volumes,
    /// `{"Snapshots"}`
    Snapshots,
    /// `{"Buckets"}`: those of the Region.
    Buckets,
    /// `{"Topics"}`
    Topics,
    /// `{"Queues"}`
    Queues,
    /// `{"Tables"}`
    Tables,
    /// `{"Functions"}`
    Functions,
}

impl Section {
    /// The most important first: if the time is short, it is these that are there.
    pub const ALL: [Self; 14] = [
        Self::AuthorizationDetails,
        Self::AccountSummary,
        Self::PasswordPolicy,
        Self::CredentialReport,
        Self::Keys,
        Self::Ebs,
        Self::Buckets,
        Self::Topics,
        Self::Queues,
        Self::Tables,
        Self::Functions,
        Self::Volumes,
        Self::Snapshots,
        Self::LastAccessed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizationDetails => "authorization-details",
            Self::CredentialReport => "credential-report",
            Self::AccountSummary => "account-summary",
            Self::PasswordPolicy => "password-policy",
            Self::Keys => "keys",
            Self::LastAccessed => "last-accessed",
            Self::Ebs => "ebs",
            Self::Volumes => "volumes",
            Self::Snapshots => "snapshots",
            Self::Buckets => "buckets",
            Self::Topics => "topics",
            Self::Queues => "queues",
            Self::Tables => "tables",
            Self::Functions => "functions",
        }
    }
}

/// A page of a section, in the form that the section's description gives. Where one entry of a page could not be read, a
/// member `Unread` of the entry says why; where one of its members could not, the member is `{"Unread": why}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub content: Value,
    /// What the next page is asked for with; `None`: this is the last.
    pub next: Option<String>,
}

/// Reads, and nothing else, who holds which permissions.
#[async_trait]
pub trait AccessReader: Send + Sync {
    /// The page after that which gave `after`, with everything that belongs to its entries. A page stays within some hundred
    /// calls.
    async fn page(&self, section: Section, after: Option<&str>) -> PortResult<Page>;
}

/// Where audits are kept.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// `None`: there is none.
    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>>;

    /// Replaces what is there.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> PortResult<()>;
}

/// Everything that an audit needs.
#[derive(Clone)]
pub struct AuditPorts {
    pub reader: Arc<dyn AccessReader>,
    pub store: Arc<dyn AuditStore>,
    pub notifier: Arc<dyn Notifier>,
    /// `None` where the deployment imports none.
    pub findings: Option<Arc<dyn Findings>>,
    pub clock: Arc<dyn Clock>,
}

/// What audit-access may do: read everybody's access, keep what it found, and tell of it.
pub const AUDIT_ACTIONS: &[&str] = &[
    "dynamodb:DescribeTable",
    "dynamodb:GetResourcePolicy",
    "dynamodb:ListTables",
    "ec2:DescribeSnapshotAttribute",
    "ec2:DescribeSnapshots",
    "ec2:DescribeVolumes",
    "ec2:GetEbsDefaultKmsKeyId",
    "ec2:GetEbsEncryptionByDefault",
    "iam:GenerateCredentialReport",
    "iam:GenerateServiceLastAccessedDetails",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountPasswordPolicy",
    "iam:GetAccountSummary",
    "iam:GetCredentialReport",
    "iam:GetServiceLastAccessedDetails",
    "iam:ListRoles",
    "iam:ListUsers",
    "kms:DescribeKey",
    "kms:GetKeyLastUsage",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeys",
    "lambda:GetPolicy",
    "lambda:ListFunctions",
    "s3:GetBucketAcl",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
    "s3:GetObject",
    "s3:ListAllMyBuckets",
    "s3:ListBucket",
    "s3:PutObject",
    "securityhub:BatchImportFindings",
    "sns:GetTopicAttributes",
    "sns:ListTopics",
    "sns:Publish",
    "sqs:GetQueueAttributes",
    "sqs:ListQueues",
];
