//! The commit: incident, intent, hold on the instance and breaker slots in one transaction, on condition that nothing
//! is frozen. Whoever loses a race reads again and decides again.

use crate::nomination::Nomination;
use crate::observe::Observation;
use crate::outcome::{EngineError, Outcome};
use crate::{Engine, LEASE};
use containment::attack::newest;
use containment::breaker::Slot;
use containment::decide::AuthorizedInstance;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, Opening, seal};
use ports::{BreakerWrite, CommitError, ErrorKind, Intent, Lease, Wanted};
use std::time::Duration;

pub(crate) enum Commit {
    /// Nothing to apply: refused, observed, or recorded before.
    Decided(Outcome),
    Committed {
        incident: Box<Incident>,
        head: Head,
    },
}

/// Every race lost means that somebody else won a slot, and slots are few; contention that wins nobody a slot is what
/// this bounds.
const MAX_RACES: u32 = 64;

impl Engine {
    pub(crate) async fn commit(
        &self,
        nomination: &Nomination<'_>,
        id: &IncidentId,
        observation: &mut Observation,
    ) -> Result<Commit, EngineError> {
        let mut races = 0;
        loop {
            if observation.glance.held_by.as_ref() == Some(id) {
                return self.already_recorded(id).await;
            }
            let decided = self.decide(nomination, id, observation);
            let opening = self.opening(nomination, id, &decided, observation);
            let target = match decided {
                Ok(target) if opening.state == IncidentState::Committed => target,
                _ => return self.record(opening).await.map(Commit::Decided),
            };
            let intent = self.intent(opening, &target, observation, nomination.goes_through_freeze())?;
            let error = match self.ports.journal.commit(&intent).await {
                Ok(()) => return Ok(Commit::Committed { incident: Box::new(intent.incident), head: intent.head }),
                Err(CommitError::AlreadyRecorded) => return self.already_recorded(id).await,
                Err(error) => error,
            };
            races += 1;
            self.may_race_again(error, races).await?;
            let wanted = Wanted { instance: nomination.instance().clone(), group: group_of(observation) };
            observation.refresh(self.ports.journal.glance(&wanted).await.map_err(EngineError::Unread)?);
        }
    }

    /// Another delivery's incident, or this run's own: its commit succeeded and the answer was lost.
    async fn already_recorded(&self, id: &IncidentId) -> Result<Commit, EngineError> {
        let stored = self.ports.journal.load(id).await.map_err(EngineError::Unread)?;
        let ours = stored.filter(|stored| stored.lease.as_ref().is_some_and(|lease| lease.owner == self.actor));
        Ok(match ours {
            Some(stored) => Commit::Committed { incident: Box::new(stored.incident), head: stored.head },
            None => Commit::Decided(Outcome::Duplicate { incident: id.clone() }),
        })
    }

    /// Errors that a second look can settle are worth one; the pause grows and differs from process to process.
    async fn may_race_again(&self, error: CommitError, races: u32) -> Result<(), EngineError> {
        match error {
            CommitError::Port(error) if races >= MAX_RACES || !error.kind.is_temporary() => {
                return Err(EngineError::Uncommitted(error));
            }
            CommitError::Port(error) if error.kind != ErrorKind::Conflict => {}
            _ if races >= MAX_RACES => {
                let message = format!("lost {races} races: {error}");
                let error = ports::PortError::new("dynamodb:TransactWriteItems", ErrorKind::Conflict, None, &message);
                return Err(EngineError::Uncommitted(error));
            }
            // The first race lost is repeated at once: most often nobody else is left.
            _ if races == 1 => return Ok(()),
            _ => {}
        }
        let spread: u64 = self.actor.bytes().map(u64::from).sum::<u64>() % 40;
        self.ports.clock.sleep(Duration::from_millis(10 + spread + u64::from(races.min(10)) * 10)).await;
        Ok(())
    }

    fn intent(
        &self,
        opening: Opening,
        target: &AuthorizedInstance,
        observation: &Observation,
        through_freeze: bool,
    ) -> Result<Intent, EngineError> {
        let now = self.ports.clock.now();
        let incident = Incident::opened(&opening, now);
        let slot = Slot { incident: incident.id.clone(), instance: target.instance().id.clone(), at: now };
        let breaker = BreakerWrite {
            group: group_of(observation),
            group_breaker: observation.standing.group_breaker.with(slot.clone(), now),
            account_breaker: observation.standing.account_breaker.with(slot, now),
        };
        let body = EventBody::Opened(Box::new(opening));
        let (event, head) =
            seal(&incident.id, &Head::start(), now, &self.actor, body).map_err(EngineError::Unwritable)?;
        let lease = Lease { owner: self.actor.clone(), expires_at: now + LEASE };
        let attacks = newest(&observation.glance.attacks);
        Ok(Intent { incident, event, head, lease, breaker, now, through_freeze, attacks })
    }
}

pub(crate) fn group_of(observation: &Observation) -> Option<containment::ids::GroupName> {
    observation.subject.membership.as_ref().map(|membership| membership.group.clone())
}
