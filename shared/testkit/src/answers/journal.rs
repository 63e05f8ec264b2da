use crate::cloud::Cloud;
use crate::operations::{APPEND, COMMIT, EVENTS, GIVE_LEASE_BACK, GLANCE, LOAD, OPEN_INCIDENTS, RECORD, TAKE_LEASE};
use async_trait::async_trait;
use containment::ids::IncidentId;
use containment::incident::Incident;
use containment::journal::{Head, SealedEvent};
use ports::{
    AppendError, CommitError, Glance, Intent, Journal, Lease, PortError, PortResult, StoredIncident, Transaction,
    Wanted,
};
use time::OffsetDateTime;

#[async_trait]
impl Journal for Cloud {
    async fn glance(&self, wanted: &Wanted) -> PortResult<Glance> {
        self.call(GLANCE, format!("{wanted:?}"), |world| Ok::<_, PortError>(world.table.glance(wanted))).await
    }

    async fn commit(&self, intent: &Intent) -> Result<(), CommitError> {
        self.call(COMMIT, intent.incident.id.to_string(), |world| world.table.commit(intent)).await
    }

    async fn record(&self, incident: &Incident, event: &SealedEvent, head: &Head) -> PortResult<bool> {
        self.call(RECORD, incident.id.to_string(), |world| {
            Ok::<_, PortError>(world.table.record(incident, event, head))
        })
        .await
    }

    async fn append(&self, transaction: &Transaction) -> Result<(), AppendError> {
        let arguments = format!("{} to {}", transaction.incident.id, transaction.head.sequence);
        self.call(APPEND, arguments, |world| world.table.append(transaction)).await
    }

    async fn take_lease(&self, id: &IncidentId, lease: &Lease, now: OffsetDateTime) -> Result<(), AppendError> {
        self.call(TAKE_LEASE, format!("{id} for {}", lease.owner), |world| world.table.take_lease(id, lease, now)).await
    }

    async fn give_lease_back(&self, id: &IncidentId, owner: &str) -> PortResult<()> {
        self.call(GIVE_LEASE_BACK, format!("{id} by {owner}"), |world| {
            world.table.give_lease_back(id, owner);
            Ok::<_, PortError>(())
        })
        .await
    }

    async fn load(&self, id: &IncidentId) -> PortResult<Option<StoredIncident>> {
        self.call(LOAD, id.to_string(), |world| Ok::<_, PortError>(world.table.load(id))).await
    }

    async fn events(&self, id: &IncidentId) -> PortResult<Vec<SealedEvent>> {
        self.call(EVENTS, id.to_string(), |world| Ok::<_, PortError>(world.table.events_of(id))).await
    }

    async fn open_incidents(&self) -> PortResult<Vec<IncidentId>> {
        self.call(OPEN_INCIDENTS, String::new(), |world| Ok::<_, PortError>(world.table.open_incidents())).await
    }
}
