//! A release: load what was done, look what AWS shows, plan, journal, undo. Only ever at an operator's request.

use crate::capture::sign_head;
use crate::journal_writer::{JournalWriter, RunEnd};
use crate::outcome::{EngineError, Outcome};
use crate::undo::undo;
use crate::{Engine, LEASE};
use containment::assess::Seen;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::{EventBody, replay, up_to};
use containment::operator::Operator;
use containment::release::{ReleasePlan, ReleaseRefusal, plan_release, steps_to_undo};
use containment::step::Step;
use ports::{AppendError, Lease};
use signal::{OperatorAction, OperatorRequest};
use std::collections::BTreeSet;

/// Who asks for a release, and how.
struct Asked {
    by: Operator,
    reason: String,
    accept_drift: bool,
    false_alarm: bool,
}

impl Engine {
    /// Handles one request to release-instance. Nothing is done before AWS has said who asks.
    pub async fn release(&self, request: &OperatorRequest) -> Result<Outcome, EngineError> {
        let (reason, dry_run) = (&request.reason, request.dry_run);
        match &request.action {
            OperatorAction::Release { incident, accept_drift, false_alarm } => {
                let by = self.identify(request).await?;
                let id = IncidentId::new(incident.clone());
                if dry_run {
                    return self.plan_only(&id, *accept_drift).await;
                }
                let asked =
                    Asked { by, reason: reason.clone(), accept_drift: *accept_drift, false_alarm: *false_alarm };
                self.release_incident(id, asked).await
            }
            OperatorAction::Freeze { minutes } => {
                let by = self.identify(request).await?;
                self.freeze(&by, reason, *minutes, dry_run).await
            }
            OperatorAction::Unfreeze => {
                let by = self.identify(request).await?;
                self.unfreeze(&by, reason, dry_run).await
            }
            OperatorAction::Contain { .. } | OperatorAction::Approve { .. } => {
                Err(EngineError::NotOffered { function: "contain-instance" })
            }
        }
    }

    async fn release_incident(&self, id: IncidentId, asked: Asked) -> Result<Outcome, EngineError> {
        let now = self.ports.clock.now();
        let lease = Lease { owner: self.actor.clone(), expires_at: now + LEASE };
        // Whether the incident exists is found out first: a lease on none cannot be told from a lost one.
        if self.ports.journal.load(&id).await.map_err(EngineError::Unread)?.is_none() {
            return Err(EngineError::UnknownIncident { incident: id });
        }
        match self.ports.journal.take_lease(&id, &lease, now).await {
            Ok(()) => {}
            Err(AppendError::LeaseLost) => {
                return Ok(Outcome::ReleaseRefused { incident: id, reason: ReleaseRefusal::InProgress });
            }
            Err(AppendError::Port(error)) => return Err(EngineError::Unread(error)),
        }
        let writer = self.reopen(&id).await?;
        let released = self.release_held(&writer, asked).await;
        sign_head(self, &writer).await;
        let incident = writer.close().await;
        match released {
            Ok(Some(reason)) => Ok(Outcome::ReleaseRefused { incident: id, reason }),
            Ok(None) => {
                Ok(Outcome::Released { incident: id, state: incident.state, release: incident.release.map(Box::new) })
            }
            Err(RunEnd::LeaseLost) => {
                Ok(Outcome::HandedOver { incident: id, why: "another run took it over".to_owned() })
            }
            Err(RunEnd::Failed(error)) => Err(error),
        }
    }

    async fn plan_only(&self, id: &IncidentId, accept_drift: bool) -> Result<Outcome, EngineError> {
        let stored = self.ports.journal.load(id).await.map_err(EngineError::Unread)?;
        let stored = stored.ok_or_else(|| EngineError::UnknownIncident { incident: id.clone() })?;
        let events = self.ports.journal.events(id).await.map_err(EngineError::Unread)?;
        let incident = replay(&up_to(events, &stored.head), &stored.head)
            .map_err(|fault| EngineError::BrokenJournal { incident: id.clone(), fault })?;
        let (_, planned) = self.plan_release(&incident, accept_drift).await?;
        Ok(match planned {
            Ok(plan) => Outcome::ReleasePlanned { incident: id.clone(), plan },
            Err(reason) => Outcome::ReleaseRefused { incident: id.clone(), reason },
        })
    }

    async fn plan_release(
        &self,
        incident: &Incident,
        accept_drift: bool,
    ) -> Result<(Seen, Result<ReleasePlan, ReleaseRefusal>), EngineError> {
        let (Some(instance), Some(prior)) = (&incident.instance, &incident.prior) else {
            let nothing = ReleaseRefusal::NothingContained { state: incident.state.name().to_owned() };
            return Ok((Seen::default(), Err(nothing)));
        };
        let group = async {
            match &prior.membership {
                Some(membership) => self.ports.groups.describe(&membership.group).await,
                None => Ok(None),
            }
        };
        let former: BTreeSet<_> = prior.interfaces.iter().flat_map(|interface| interface.groups.clone()).collect();
        let asked: Vec<_> = former.iter().cloned().collect();
        let (seen, group, existing) =
            tokio::join!(self.see(instance, prior, &incident.id), group, self.ports.network.existing(&asked));
        let mut seen = seen.map_err(EngineError::Unread)?;
        let existing = existing.map_err(EngineError::Unread)?;
        seen.gone_groups = former.difference(&existing).cloned().collect();
        let group = group.map_err(EngineError::Unread)?;
        let planned = plan_release(incident, &seen, group.as_ref(), accept_drift);
        Ok((seen, planned))
    }

    /// `Some` where the release was refused and nothing was changed.
    async fn release_held(&self, writer: &JournalWriter, asked: Asked) -> Result<Option<ReleaseRefusal>, RunEnd> {
        let Asked { by, reason, accept_drift, false_alarm } = asked;
        let incident = writer.incident().await;
        let (seen, planned) = self.plan_release(&incident, accept_drift).await.map_err(RunEnd::Failed)?;
        let plan = match planned {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Some(refusal)),
        };
        // From here on the reconciler leaves the incident alone, and whatever fails is a partial release.
        let left = steps_to_undo(&incident, &plan, &seen);
        let begun = EventBody::ReleaseBegun { by, reason, plan, false_alarm };
        let state = IncidentState::ReleasePartial { steps: left.clone() };
        writer.append(vec![begun, EventBody::StateChanged { state }]).await?;
        self.undo_in_order(writer, seen, &left).await?;
        self.finish_release(writer).await?;
        Ok(None)
    }

    /// One step after the other: each is only safe once those before it are seen undone.
    async fn undo_in_order(&self, writer: &JournalWriter, mut seen: Seen, steps: &[Step]) -> Result<(), RunEnd> {
        for step in steps {
            if !self.has_time() {
                return Ok(());
            }
            let incident = writer.incident().await;
            let undone = undo(self, writer, *step, &incident, &mut seen).await?;
            let done = undone.status == StepStatus::Done;
            let report = EventBody::UndoReported { step: *step, status: undone.status, detail: undone.detail };
            writer.append(vec![report]).await?;
            if !done {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn finish_release(&self, writer: &JournalWriter) -> Result<(), RunEnd> {
        let incident = writer.incident().await;
        let left = incident.release.as_ref().map(|release| release.left()).unwrap_or_default();
        let state =
            if left.is_empty() { IncidentState::Released } else { IncidentState::ReleasePartial { steps: left } };
        writer.append(vec![EventBody::StateChanged { state }]).await?;
        let told = self.announce_release(&writer.incident().await).await;
        writer.append(told).await
    }
}
