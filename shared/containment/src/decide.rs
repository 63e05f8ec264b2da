//! The decision: only what passes here can enter a plan.

use crate::authority::{self, Authority, Mode, StandaloneEntry};
use crate::breaker::Breaker;
use crate::guards::{self, Freeze, Limits, Surroundings};
use crate::judged::Judged;
use crate::observed::{
    Alarming, Membership, ObservedGroup, ObservedInstance, ObservedInterface, PowerState, Protection,
};
use crate::prior::PriorState;
use crate::refusal::Refusal;
use crate::verify::VerifiedAlarm;
use signal::InstanceId;
use time::OffsetDateTime;

/// What AWS answered about the nominated instance.
#[derive(Debug, Clone)]
pub struct Subject {
    pub instance: Option<ObservedInstance>,
    pub interfaces: Vec<ObservedInterface>,
    pub protection: Protection,
    pub membership: Option<Membership>,
    /// The group that `membership` names.
    pub group: Option<ObservedGroup>,
    pub standalone: Option<StandaloneEntry>,
}

/// What the guards look at besides the subject.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    pub alarming: Alarming,
    pub group_breaker: Breaker,
    pub account_breaker: Breaker,
    pub freeze: Option<Freeze>,
    pub released_at: Option<OffsetDateTime>,
}

/// An instance that was verified or asked for, may be contained, and has passed the guards. It cannot be made in any
/// other way than [`authorize`] and [`crate::request::authorize_request`], so a plan for anything else does not compile.
#[derive(Debug, Clone)]
pub struct AuthorizedInstance {
    authority: Authority,
    mode: Mode,
    hold: bool,
    untrack: bool,
    instance: ObservedInstance,
    interfaces: Vec<ObservedInterface>,
    protection: Protection,
    membership: Option<Membership>,
    group: Option<ObservedGroup>,
}

impl AuthorizedInstance {
    pub(crate) fn new(instance: ObservedInstance, authority: Authority, mode: Mode, subject: &Subject) -> Self {
        Self {
            authority,
            mode,
            hold: false,
            untrack: false,
            instance,
            interfaces: subject.interfaces.clone(),
            protection: subject.protection,
            membership: subject.membership.clone(),
            group: subject.group.clone(),
        }
    }
    /// Whoever is not held is stopped, which cuts every connection: then nothing is opened for it.
    pub(crate) fn held(self, hold: bool, untrack: bool) -> Self {
        Self { hold, untrack: hold && untrack, ..self }
    }
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
    /// For what an alarm nominated, the weaker of the deployment's and the group's mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }
    /// Whether it is to be kept running, isolated.
    pub fn is_held(&self) -> bool {
        self.hold
    }
    /// Whether its tracked connections are to be cut by the two-step group swap. Never for what an alarm nominated.
    pub fn is_untracked(&self) -> bool {
        self.untrack
    }
    pub fn instance(&self) -> &ObservedInstance {
        &self.instance
    }
    pub fn interfaces(&self) -> &[ObservedInterface] {
        &self.interfaces
    }
    pub fn membership(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }
    pub fn group(&self) -> Option<&ObservedGroup> {
        self.group.as_ref()
    }
    pub fn prior_state(&self) -> PriorState {
        PriorState::of(&self.instance, &self.interfaces, self.protection, self.membership(), self.group())
    }
}

/// Decides about one verified nomination at `now`. `judged` is the verdict on its traffic; only a drill, which has none
/// of its own, goes on without.
pub fn authorize(
    verified: &VerifiedAlarm,
    judged: Option<&Judged>,
    subject: &Subject,
    standing: &Standing,
    limits: &Limits,
    deployment_mode: Mode,
    now: OffsetDateTime,
) -> Result<AuthorizedInstance, Refusal> {
    let instance = subject.instance.clone().ok_or(Refusal::InstanceNotFound)?;
    let authority = authority::of(subject).ok_or(Refusal::NotOptedIn)?;
    if verified.drill {
        may_drill(&authority)?;
    }
    is_containable(&instance)?;
    match judged {
        _ if verified.drill => {}
        Some(judged) => judged.allows()?,
        None => return Err(Refusal::InDoubt { why: "its traffic was not judged".to_owned() }),
    }
    if let Some(refusal) = guards::refusal(limits, &around(&instance.id, &authority, subject, standing, now)) {
        return Err(refusal);
    }
    let mode = deployment_mode.min(authority.mode);
    Ok(AuthorizedInstance::new(instance, authority, mode, subject))
}

/// What the guards look at.
pub(crate) fn around<'a>(
    instance: &'a InstanceId,
    authority: &Authority,
    subject: &'a Subject,
    standing: &'a Standing,
    now: OffsetDateTime,
) -> Surroundings<'a> {
    Surroundings {
        now,
        instance,
        group: subject.group.as_ref(),
        protected: authority.protected || subject.standalone.as_ref().is_some_and(|entry| entry.protected),
        alarming: &standing.alarming,
        group_breaker: &standing.group_breaker,
        account_breaker: &standing.account_breaker,
        freeze: standing.freeze.as_ref(),
        released_at: standing.released_at,
    }
}

/// Whether the deployment allows drills at all was settled when the alarm was verified.
fn may_drill(authority: &Authority) -> Result<(), Refusal> {
    if authority.drills_allowed {
        return Ok(());
    }
    Err(Refusal::DrillNotAllowed { why: "its group is not tagged cordon:drills = allowed".to_owned() })
}

pub(crate) fn is_containable(instance: &ObservedInstance) -> Result<(), Refusal> {
    let why = match instance.state {
        PowerState::Terminated => "it is terminated",
        _ if instance.operator_managed => {
            "a service provider manages it (Operator.Managed); ask that service to isolate it"
        }
        _ => return Ok(()),
    };
    Err(Refusal::NotContainable { why: why.to_owned() })
}
