//! A containment that a person asks for. Guards apply to people too; which of them may be overridden, and when a second
//! person is needed, is decided here.

use crate::authority::{self, Authority, AuthoritySource, Mode};
use crate::decide::{AuthorizedInstance, Standing, Subject, around, is_containable};
use crate::guards::{self, Guard, Limits};
use crate::operator::Operator;
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};

/// How long a second person has to approve.
pub const APPROVAL_TIME: Duration = Duration::minutes(15);

/// Which instances operators may contain (the template's `ManualScope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManualScope {
    /// Those that alarms may contain.
    OptedIn,
    /// Every instance of the account and Region.
    Account,
}

impl ManualScope {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "opted-in" => Some(Self::OptedIn),
            "account" => Some(Self::Account),
            _ => None,
        }
    }
}

/// Who asked for a containment, why, and on which terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    pub by: Operator,
    pub reason: String,
    /// Keep the instance running, isolated, so that its memory can be captured.
    pub hold: bool,
    /// Take its interfaces through the allow-all group, so that tracked connections are cut too. Only with `hold`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untrack: bool,
    pub overrides: BTreeSet<Guard>,
    /// The second person, for a protected instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Operator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_reason: Option<String>,
}

impl Requested {
    /// Whether a guard that stands does not stand in this request's way. Protection is never overridden: a second,
    /// different person lifts it.
    fn lifts(&self, guard: Guard) -> bool {
        match guard {
            Guard::Protected => self.approved_by.as_ref().is_some_and(|second| second.differs_from(&self.by)),
            Guard::Freeze
            | Guard::CoolDown
            | Guard::FleetEvent
            | Guard::GroupLimit
            | Guard::AccountLimit
            | Guard::HealthyFloor => self.overrides.contains(&guard),
        }
    }
}

/// A request that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingApproval {
    /// `req-…`
    pub id: String,
    pub instance: signal::InstanceId,
    pub requested: Requested,
    /// SHA-256 of the request's bytes.
    pub digest: String,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ApprovalFault {
    #[error("no request of this name waits for approval; it may have been approved, or have expired")]
    Unknown,
    #[error("the request expired; ask again with cordon contain")]
    Expired,
    #[error("the same principal ({principal}) asked for it; a different user or role must approve")]
    SamePrincipal { principal: String },
}

impl PendingApproval {
    /// The request with its second person.
    pub fn approved(&self, by: &Operator, reason: &str, now: OffsetDateTime) -> Result<Requested, ApprovalFault> {
        if now >= self.expires_at {
            return Err(ApprovalFault::Expired);
        }
        if !by.differs_from(&self.requested.by) {
            return Err(ApprovalFault::SamePrincipal { principal: by.principal() });
        }
        let (approved_by, approval_reason) = (Some(by.clone()), Some(reason.to_owned()));
        Ok(Requested { approved_by, approval_reason, ..self.requested.clone() })
    }
}

/// Decides about one request at `now`. What a person asks for is carried out in both modes: a mode binds signals.
pub fn authorize_request(
    requested: &Requested,
    subject: &Subject,
    standing: &Standing,
    limits: &Limits,
    scope: ManualScope,
    now: OffsetDateTime,
) -> Result<AuthorizedInstance, Refusal> {
    let instance = subject.instance.clone().ok_or(Refusal::InstanceNotFound)?;
    let authority = match (authority::of(subject), scope) {
        (Some(authority), _) => authority,
        (None, ManualScope::Account) => operators_own(subject),
        (None, ManualScope::OptedIn) => return Err(Refusal::NotOptedIn),
    };
    is_containable(&instance)?;
    let around = around(&instance.id, &authority, subject, standing, now);
    let mut standing = guards::standing(limits, &around).into_iter().filter(|(guard, _)| !requested.lifts(*guard));
    // Protection is answered last: a second person is asked only where nothing else stands in the way.
    let mut protected = None;
    for (guard, why) in standing.by_ref() {
        let refusal = Refusal::Guarded { guard, why };
        if guard != Guard::Protected {
            return Err(refusal);
        }
        protected = Some(refusal);
    }
    if let Some(refusal) = protected {
        return Err(refusal);
    }
    Ok(AuthorizedInstance::new(instance, authority, Mode::Enforce, subject).held(requested.hold, requested.untrack))
}

/// The authority of `ManualScope` = `account` over an instance that nobody opted in. A protection tag counts all the same.
fn operators_own(subject: &Subject) -> Authority {
    let protected = subject.group.as_ref().is_some_and(authority::is_protected)
        || subject.standalone.as_ref().is_some_and(|entry| entry.protected);
    Authority { source: AuthoritySource::ManualScope, mode: Mode::Enforce, protected, drills_allowed: false }
}
