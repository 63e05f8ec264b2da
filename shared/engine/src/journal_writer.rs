//! The only way a run writes its incident. Every append is conditional on the lease and on the head, and renews the lease.

use crate::LEASE;
use crate::outcome::EngineError;
use crate::retry::persist;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, seal};
use ports::{AppendError, Lease, LettingGo, Ports, Transaction};
use tokio::sync::Mutex;

/// Why a run must stop before its plan is done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RunEnd {
    /// Another run holds the incident now; it goes on.
    LeaseLost,
    Failed(EngineError),
}

pub(crate) struct JournalWriter {
    ports: Ports,
    owner: String,
    written: Mutex<Written>,
}

struct Written {
    incident: Incident,
    head: Head,
    /// The state changed since the head was signed.
    unsigned: bool,
}

impl JournalWriter {
    pub(crate) fn new(ports: Ports, owner: String, incident: Incident, head: Head) -> Self {
        Self { ports, owner, written: Mutex::new(Written { incident, head, unsigned: true }) }
    }

    /// Nothing of the journal is left to sign: only what is appended from here on.
    pub(crate) fn signed_so_far(mut self) -> Self {
        self.written.get_mut().unsigned = false;
        self
    }

    pub(crate) async fn incident(&self) -> Incident {
        self.written.lock().await.incident.clone()
    }

    pub(crate) async fn head(&self) -> Head {
        self.written.lock().await.head.clone()
    }

    /// The incident and its head, if the state changed since a head was signed.
    pub(crate) async fn unsigned(&self) -> Option<(Incident, Head)> {
        let written = self.written.lock().await;
        written.unsigned.then(|| (written.incident.clone(), written.head.clone()))
    }

    /// `head` was signed. A state that was entered meanwhile stays unsigned.
    pub(crate) async fn signed(&self, head: &Head) {
        let mut written = self.written.lock().await;
        if written.head == *head {
            written.unsigned = false;
        }
    }

    /// A conditional write that changes nothing but the lease: before a mutation that has no event of its own yet.
    pub(crate) async fn renew(&self) -> Result<(), RunEnd> {
        self.append(Vec::new()).await
    }

    /// Appends one event for each body, in one transaction.
    pub(crate) async fn append(&self, bodies: Vec<EventBody>) -> Result<(), RunEnd> {
        let mut written = self.written.lock().await;
        let transaction = self.transaction(&written, bodies)?;
        let journal = &self.ports.journal;
        let appended = persist(
            &*self.ports.clock,
            |error: &AppendError| match error {
                AppendError::Port(error) => Some(error),
                AppendError::LeaseLost => None,
            },
            async || journal.append(&transaction).await,
        );
        match appended.await {
            Ok(()) => {
                let changed = transaction.incident.state != written.incident.state;
                let unsigned = written.unsigned || changed;
                *written = Written { incident: transaction.incident, head: transaction.head, unsigned };
                Ok(())
            }
            Err(AppendError::LeaseLost) => Err(RunEnd::LeaseLost),
            Err(AppendError::Port(error)) => {
                Err(RunEnd::Failed(EngineError::Unjournaled { incident: written.incident.id.clone(), error }))
            }
        }
    }

    fn transaction(&self, written: &Written, bodies: Vec<EventBody>) -> Result<Transaction, RunEnd> {
        let now = self.ports.clock.now();
        let mut incident = written.incident.clone();
        let mut head = written.head.clone();
        let ends = |body: &EventBody| matches!(body, EventBody::StateChanged { state: IncidentState::Released });
        let is_over = bodies.iter().any(ends);
        let mut events = Vec::with_capacity(bodies.len());
        for body in bodies {
            incident.apply(&body, now);
            let (event, next) = seal(&incident.id, &head, now, &self.owner, body)
                .map_err(|fault| RunEnd::Failed(EngineError::Unwritable(fault)))?;
            events.push(event);
            head = next;
        }
        let let_go = |instance| LettingGo { instance, at: now, attack: incident.attack() };
        let lets_go = incident.instance.clone().filter(|_| is_over).map(let_go);
        Ok(Transaction {
            incident,
            before: written.head.clone(),
            events,
            head,
            lease: Lease { owner: self.owner.clone(), expires_at: now + LEASE },
            lets_go,
        })
    }

    /// Ends the run. A lease that can't be given back expires by itself.
    pub(crate) async fn close(self) -> Incident {
        let incident = self.written.into_inner().incident;
        give_back(&self.ports, &incident.id, &self.owner).await;
        incident
    }
}

async fn give_back(ports: &Ports, incident: &IncidentId, owner: &str) {
    if let Err(error) = ports.journal.give_lease_back(incident, owner).await {
        tracing::warn!(%incident, %error, "the lease was not given back; it expires by itself");
    }
}
