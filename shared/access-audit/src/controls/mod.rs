//! The controls: one file, one test and one section of `docs/CONTROLS.md` each, which `cargo xtask tidy` counts.

mod administrators;
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
mod privilege_escalation;

use crate::account::Account;
use crate::credentials::{AccountSummary, CredentialReport, PasswordPolicy};
use crate::decrypt::Access;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};
use crate::keys::Keys;
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
    Credentials(fn(&CredentialReport, Option<OffsetDateTime>) -> Findings),
    Summary(fn(&AccountSummary) -> Findings),
    PasswordPolicy(fn(&PasswordPolicy) -> Findings),
}

impl Look {
    pub(crate) fn file(&self) -> &'static str {
        match self {
            Self::Principals(_) => "the authorization details",
            Self::Keys(_) => "--kms FILE",
            Self::Access(_) => "--kms FILE beside the authorization details",
            Self::Credentials(_) => "--credential-report FILE",
            Self::Summary(_) => "--account-summary FILE",
            Self::PasswordPolicy(_) => "--password-policy FILE",
        }
    }
}

/// All of them.
pub static CONTROLS: &[Control] = &[
    privilege_escalation::CONTROL,
    administrators::CONTROL,
    kms_public_key::CONTROL,
    kms_wildcard_policy::CONTROL,
    kms_customer_policies::CONTROL,
    kms_inline_policies::CONTROL,
    kms_every_key::CONTROL,
    kms_grants::CONTROL,
    kms_conditions::CONTROL,
    kms_no_administrator::CONTROL,
    kms_rotation::CONTROL,
    kms_pending_deletion::CONTROL,
    kms_unused::CONTROL,
];
