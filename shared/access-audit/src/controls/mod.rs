//! The controls: one file, one test and one section of `docs/CONTROLS.md` each, which `cargo xtask tidy` counts.

mod administrators;
mod credential_rows;
mod ebs_default;
mod ebs_shared;
mod ebs_volumes;
#[cfg(test)]
mod fixture;
mod inline_policies;
mod kms_conditions;
mod kms_customer_policies;
mod kms_every_key;
mod kms_grants;
mod kms_inline_policies;
mod kms_no_administrator;
mod kms_pending_deletion;
mod kms_public_key;
mod kms_rotation;
mod kms_unused;
mod kms_wildcard_policy;
mod old_access_keys;
mod pass_role;
mod password_policy;
mod privilege_escalation;
mod resource_external;
mod resource_own_key;
mod resource_public;
mod root_access_key;
mod root_hardware_mfa;
mod root_mfa;
mod root_used;
mod s3_acl;
mod service_wildcards;
mod trust_anyone;
mod trust_external;
mod trust_oidc;
mod trust_service;
mod two_access_keys;
mod unused_credentials;
mod unused_permissions;
mod unused_roles;
mod user_mfa;
mod user_policies;

use crate::account::Account;
use crate::credentials::{CredentialReport, PasswordPolicy};
use crate::decrypt::Access;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};
use crate::keys::Keys;
use crate::region::Exposure;
use crate::root::Root;
use crate::usage::Usage;
use iam_policy::Statement;
use time::OffsetDateTime;

/// One thing that is looked for.
pub struct Control {
    /// As findings and documents name it.
    pub id: &'static str,
    /// What is found, in a few words.
    pub title: &'static str,
    /// Of its worst finding.
    pub severity: Severity,
    pub(crate) look: Look,
}

type Findings = Vec<Finding>;

/// What a control looks at.
pub(crate) enum Look {
    Principals(fn(&Account<'_>, &Graph) -> Findings),
    Keys(fn(&Keys, Option<OffsetDateTime>) -> Findings),
    Access(fn(&Access<'_>, Option<OffsetDateTime>) -> Findings),
    Credentials(fn(&CredentialReport, OffsetDateTime) -> Findings),
    Exposure(fn(&Exposure<'_>) -> Findings),
    Root(fn(&Root) -> Findings),
    PasswordPolicy(fn(&PasswordPolicy) -> Findings),
    Usage(fn(&Usage<'_>, OffsetDateTime) -> Findings),
}

impl Look {
    pub(crate) fn file(&self) -> &'static str {
        match self {
            Self::Principals(_) => "the authorization details",
            Self::Keys(_) => "--kms FILE",
            Self::Access(_) => "--kms FILE beside the authorization details",
            Self::Credentials(_) => "--credential-report FILE",
            Self::Exposure(_) => "--resources FILE beside the authorization details",
            Self::Root(_) => "--credential-report FILE or --account-summary FILE",
            Self::PasswordPolicy(_) => "--password-policy FILE",
            Self::Usage(_) => "--last-accessed FILE beside the authorization details",
        }
    }
}

/// All of them.
pub static CONTROLS: &[Control] = &[
    administrators::CONTROL,
    ebs_default::CONTROL,
    ebs_shared::CONTROL,
    ebs_volumes::CONTROL,
    inline_policies::CONTROL,
    kms_conditions::CONTROL,
    kms_customer_policies::CONTROL,
    kms_every_key::CONTROL,
    kms_grants::CONTROL,
    kms_inline_policies::CONTROL,
    kms_no_administrator::CONTROL,
    kms_pending_deletion::CONTROL,
    kms_public_key::CONTROL,
    kms_rotation::CONTROL,
    kms_unused::CONTROL,
    kms_wildcard_policy::CONTROL,
    old_access_keys::CONTROL,
    pass_role::CONTROL,
    password_policy::CONTROL,
    privilege_escalation::CONTROL,
    resource_external::CONTROL,
    resource_own_key::CONTROL,
    resource_public::CONTROL,
    root_access_key::CONTROL,
    root_hardware_mfa::CONTROL,
    root_mfa::CONTROL,
    root_used::CONTROL,
    s3_acl::CONTROL,
    service_wildcards::CONTROL,
    trust_anyone::CONTROL,
    trust_external::CONTROL,
    trust_oidc::CONTROL,
    trust_service::CONTROL,
    two_access_keys::CONTROL,
    unused_credentials::CONTROL,
    unused_permissions::CONTROL,
    unused_roles::CONTROL,
    user_mfa::CONTROL,
    user_policies::CONTROL,
];

/// Each statement of a trust policy that lets somebody assume a role, with the role's ARN. Those of service-linked roles are
/// AWS's.
fn trusts<'a>(account: &'a Account<'_>) -> impl Iterator<Item = (&'a str, &'a Statement)> {
    let roles = account.subjects.iter().filter(|one| !one.is_service_linked());
    roles.flat_map(|role| {
        let trust = role.principal.trust.as_ref().and_then(|trust| trust.as_ref().ok());
        let allows = trust.map_or(&[][..], |trust| trust.document.allows());
        let assumes = allows.iter().filter(|one| ASSUMING.iter().any(|action| one.covers_action(action)));
        assumes.map(|statement| (role.principal.arn.as_str(), statement))
    })
}

const ASSUMING: [&str; 3] = ["sts:assumerole", "sts:assumerolewithwebidentity", "sts:assumerolewithsaml"];
