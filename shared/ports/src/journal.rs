use crate::{PortError, PortResult};
use async_trait::async_trait;
use containment::attack::TimeRange;
use containment::authority::StandaloneEntry;
use containment::breaker::Breaker;
use containment::guards::Freeze;
use containment::ids::{GroupName, IncidentId};
use containment::incident::Incident;
use containment::journal::{Head, SealedEvent};
use containment::request::PendingApproval;
use signal::InstanceId;
use std::collections::BTreeSet;
use thiserror::Error;
use time::{Date, OffsetDateTime};

/// What one consistent read of the table is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub instance: InstanceId,
    /// `None` for a standalone instance or a group not known yet: the breaker of standalone instances is read.
    pub group: Option<GroupName>,
}

/// What the table says around an instance.
#[derive(Debug, Clone, Default)]
pub struct Glance {
    pub freeze: Option<Freeze>,
    pub group_breaker: Breaker,
    pub account_breaker: Breaker,
    pub standalone: Option<StandaloneEntry>,
    /// The incident that holds the instance.
    pub held_by: Option<IncidentId>,
    pub released_at: Option<OffsetDateTime>,
    /// When it was attacked before, by incidents that were released.
    pub attacks: BTreeSet<TimeRange>,
}

/// A breaker as it shall be, written on condition that its version is still one less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerWrite {
    pub group: Option<GroupName>,
    pub group_breaker: Breaker,
    pub account_breaker: Breaker,
}

/// The right to act on an incident, until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Function, request and a random part: no two runs share it.
    pub owner: String,
    pub expires_at: OffsetDateTime,
}

/// The transaction that commits an intent: incident, first event, hold on the instance, breaker slots, and "not
/// frozen" as a condition, or nothing of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    pub incident: Incident,
    pub event: SealedEvent,
    pub head: Head,
    pub lease: Lease,
    pub breaker: BreakerWrite,
    /// When the commit happens; a freeze that expired before doesn't count.
    pub now: OffsetDateTime,
    /// A person overrode the freeze: it is no condition then.
    pub through_freeze: bool,
    /// Earlier attacks on the instance, which stay on record.
    pub attacks: BTreeSet<TimeRange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommitError {
    #[error("this transition already has an incident")]
    AlreadyRecorded,
    #[error("another incident holds the instance")]
    InstanceHeld,
    #[error("another containment took a breaker slot first")]
    BreakerMoved,
    #[error("containment is frozen")]
    Frozen,
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Events to append, and the incident as they leave it. Written on condition that `lease.owner` still holds the
/// lease and that `before` is still the head; renews the lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    pub incident: Incident,
    pub before: Head,
    pub events: Vec<SealedEvent>,
    pub head: Head,
    pub lease: Lease,
    pub lets_go: Option<LettingGo>,
}

/// The incident lets go of its instance: the hold ends in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LettingGo {
    pub instance: InstanceId,
    pub at: OffsetDateTime,
    /// When the attack was, if it was one.
    pub attack: Option<TimeRange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AppendError {
    /// Another process has taken the incident over: stop, it goes on.
    #[error("the lease on the incident was lost")]
    LeaseLost,
    #[error(transparent)]
    Port(#[from] PortError),
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoredIncident {
    pub incident: Incident,
    pub head: Head,
    /// The owner of the lease, expired or not.
    pub lease: Option<Lease>,
}

/// One incident in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedIncident {
    pub id: IncidentId,
    pub opened_at: OffsetDateTime,
    /// The name of its state.
    pub state: String,
    pub instance: Option<String>,
    pub group: Option<String>,
    /// Who released it said that the alarm was wrong.
    pub false_alarm: bool,
}

#[async_trait]
pub trait Journal: Send + Sync {
    /// One strongly consistent read of everything around an instance.
    async fn glance(&self, wanted: &Wanted) -> PortResult<Glance>;

    async fn commit(&self, intent: &Intent) -> Result<(), CommitError>;

    /// Records a refusal or an observation, unless the incident exists. Answers whether it was new.
    async fn record(&self, incident: &Incident, event: &SealedEvent, head: &Head) -> PortResult<bool>;

    async fn append(&self, transaction: &Transaction) -> Result<(), AppendError>;

    /// Takes the lease if nobody holds an unexpired one at `now`.
    async fn take_lease(&self, id: &IncidentId, lease: &Lease, now: OffsetDateTime) -> Result<(), AppendError>;

    /// Gives the lease back, so that the next run needn't wait for its expiry. Losing it meanwhile is no error.
    async fn give_lease_back(&self, id: &IncidentId, owner: &str) -> PortResult<()>;

    async fn load(&self, id: &IncidentId) -> PortResult<Option<StoredIncident>>;

    /// All events in order, strongly consistent.
    async fn events(&self, id: &IncidentId) -> PortResult<Vec<SealedEvent>>;

    /// Incidents with work at `now`, oldest first. They may lag a moment behind.
    async fn open_incidents(&self, now: OffsetDateTime) -> PortResult<Vec<IncidentId>>;

    /// At most `limit` incidents that were opened in a month (UTC, first day given), newest first.
    async fn opened_in(&self, month: Date, limit: usize) -> PortResult<Vec<ListedIncident>>;

    /// Takes a nonce for ever (at least until `until`). `false` where it was taken before.
    async fn claim_nonce(&self, nonce: &str, until: OffsetDateTime) -> PortResult<bool>;

    async fn put_approval(&self, pending: &PendingApproval) -> PortResult<()>;

    /// A request that waits for a second person; it may have expired.
    async fn approval(&self, id: &str) -> PortResult<Option<PendingApproval>>;

    async fn freeze(&self, freeze: &Freeze) -> PortResult<()>;

    async fn unfreeze(&self) -> PortResult<()>;
}
