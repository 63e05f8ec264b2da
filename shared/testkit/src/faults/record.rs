//! The ports onto what is written down and told, and onto the time, with faults.

use super::{Faulty, Phase};
use crate::operations as op;
use async_trait::async_trait;
use containment::ids::IncidentId;
use containment::incident::Incident;
use containment::journal::{Head, SealedEvent};
use ports::{
    AppendError, Clock, CommitError, Credentials, Evidence, EvidenceObject, Glance, Intent, Journal, Lease, Notice,
    Notifier, PortResult, Revocation, StoredIncident, Transaction, Wanted,
};
use std::time::Duration;
use time::OffsetDateTime;

#[async_trait]
impl Journal for Faulty<dyn Journal> {
    async fn glance(&self, wanted: &Wanted) -> PortResult<Glance> {
        self.call(op::GLANCE, self.inner.glance(wanted)).await
    }

    async fn commit(&self, intent: &Intent) -> Result<(), CommitError> {
        self.call(op::COMMIT, self.inner.commit(intent)).await
    }

    async fn record(&self, incident: &Incident, event: &SealedEvent, head: &Head) -> PortResult<bool> {
        self.call(op::RECORD, self.inner.record(incident, event, head)).await
    }

    async fn append(&self, transaction: &Transaction) -> Result<(), AppendError> {
        self.call(op::APPEND, self.inner.append(transaction)).await
    }

    async fn take_lease(&self, id: &IncidentId, lease: &Lease, now: OffsetDateTime) -> Result<(), AppendError> {
        self.call(op::TAKE_LEASE, self.inner.take_lease(id, lease, now)).await
    }

    async fn give_lease_back(&self, id: &IncidentId, owner: &str) -> PortResult<()> {
        self.call(op::GIVE_LEASE_BACK, self.inner.give_lease_back(id, owner)).await
    }

    async fn load(&self, id: &IncidentId) -> PortResult<Option<StoredIncident>> {
        self.call(op::LOAD, self.inner.load(id)).await
    }

    async fn events(&self, id: &IncidentId) -> PortResult<Vec<SealedEvent>> {
        self.call(op::EVENTS, self.inner.events(id)).await
    }

    async fn open_incidents(&self) -> PortResult<Vec<IncidentId>> {
        self.call(op::OPEN_INCIDENTS, self.inner.open_incidents()).await
    }
}

#[async_trait]
impl Evidence for Faulty<dyn Evidence> {
    async fn put(&self, incident: &IncidentId, name: &str, bytes: Vec<u8>) -> PortResult<EvidenceObject> {
        self.call(op::PUT_EVIDENCE, self.inner.put(incident, name, bytes)).await
    }
}

#[async_trait]
impl Notifier for Faulty<dyn Notifier> {
    async fn notify(&self, notice: &Notice) -> PortResult<()> {
        self.call(op::NOTIFY, self.inner.notify(notice)).await
    }
}

#[async_trait]
impl Credentials for Faulty<dyn Credentials> {
    async fn revoke(&self, incident: &IncidentId) -> PortResult<Revocation> {
        self.call(op::REVOKE_CREDENTIALS, self.inner.revoke(incident)).await
    }
}

/// Time is no call and never fails; but a process that is stopped or dead doesn't wake up.
#[async_trait]
impl Clock for Faulty<dyn Clock> {
    fn now(&self) -> OffsetDateTime {
        self.inner.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.faults.until(Phase::Running).await;
        self.inner.sleep(duration).await;
        self.faults.until(Phase::Running).await;
    }
}
