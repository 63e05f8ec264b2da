//! What the reconciler does with one open incident: look what AWS shows, write down what changed, take the steps that
//! are missing. A killed run, a failed step and slow draining are all the same to it.

use crate::apply::{Facts, apply, settle_state};
use crate::capture::sign_head;
use crate::journal_writer::{JournalWriter, RunEnd};
use crate::locks;
use crate::news::{import, tell};
use crate::outcome::{EngineError, Outcome};
use crate::put_back::{begin_with_quarantine, left_open};
use crate::untrack;
use crate::{Engine, LEASE};
use containment::assess::{Seen, status};
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::{Event, EventBody, SealedEvent, replay};
use containment::observed::Target;
use containment::prior::PriorState;
use containment::step::Step;
use containment::untracking;
use ports::{AppendError, Lease, PortResult};
use signal::InstanceId;
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// A lease of 45 seconds, a tick of the reconciler, and as much again.
const TAKEN_UP_WITHIN: time::Duration = time::Duration::minutes(5);

impl Engine {
    /// Incidents with work now, oldest first.
    pub async fn open_incidents(&self) -> Result<Vec<IncidentId>, EngineError> {
        self.ports.journal.open_incidents(self.ports.clock.now()).await.map_err(EngineError::Unread)
    }

    /// Brings one open incident nearer to contained. Believes the journal's events only if their chain holds.
    pub async fn settle(&self, id: &IncidentId) -> Result<Outcome, EngineError> {
        let now = self.ports.clock.now();
        let lease = Lease { owner: self.actor.clone(), expires_at: now + LEASE };
        match self.ports.journal.take_lease(id, &lease, now).await {
            Ok(()) => {}
            Err(AppendError::LeaseLost) => {
                return Ok(Outcome::HandedOver { incident: id.clone(), why: "another run is at it".to_owned() });
            }
            Err(AppendError::Port(error)) => return Err(EngineError::Unread(error)),
        }
        let writer = self.reopen(id).await?;
        match self.settle_held(&writer).await {
            Ok(()) => Ok(Outcome::of(&writer.close().await)),
            Err(RunEnd::LeaseLost) => {
                Ok(Outcome::HandedOver { incident: id.clone(), why: "another run took it over".to_owned() })
            }
            Err(RunEnd::Failed(error)) => {
                writer.close().await;
                Err(error)
            }
        }
    }

    pub(crate) async fn reopen(&self, id: &IncidentId) -> Result<JournalWriter, EngineError> {
        let missing =
            || EngineError::BrokenJournal { incident: id.clone(), fault: containment::journal::JournalFault::Empty };
        let stored = self.ports.journal.load(id).await.map_err(EngineError::Unread)?.ok_or_else(missing)?;
        let events = self.ports.journal.events(id).await.map_err(EngineError::Unread)?;
        let incident = replay(&events, &stored.head)
            .map_err(|fault| EngineError::BrokenJournal { incident: id.clone(), fault })?;
        let writer = JournalWriter::new(self.ports.clone(), self.actor.clone(), incident, stored.head);
        Ok(if self.is_long_signed(&events) { writer.signed_so_far() } else { writer })
    }

    /// Whether the last event is older than any run that may have died before it signed: such a run is taken up within two
    /// minutes. An incident that waits for hours is not signed again each minute.
    fn is_long_signed(&self, events: &[SealedEvent]) -> bool {
        let last = events.last().and_then(|sealed| serde_json::from_str::<Event>(&sealed.document).ok());
        last.is_some_and(|event| self.ports.clock.now() - event.at > TAKEN_UP_WITHIN)
    }

    async fn settle_held(&self, writer: &JournalWriter) -> Result<(), RunEnd> {
        let incident = writer.incident().await;
        let (Some(instance), Some(prior)) = (&incident.instance, &incident.prior) else { return Ok(()) };
        if !incident.is_open() {
            return Ok(());
        }
        if incident.is_released() {
            // Nothing of it is the reconciler's but a finding that was not imported.
            return writer.append(import(self, &incident).await.into_iter().collect()).await;
        }
        // First of all, before it is even looked at: what a group swap may have left open.
        let resume = untracking::resume(&incident);
        let back = begin_with_quarantine(self, writer, resume, instance, prior).await;
        let seen = match self.see(instance, prior, &incident.id).await {
            Ok(seen) => seen,
            Err(error) => {
                if let Err(why) = &back {
                    settle_state(writer, vec![left_open(why)]).await?;
                    tell(self, writer).await?;
                }
                return Err(RunEnd::Failed(EngineError::Unread(error)));
            }
        };
        let back = if seen.is_gone() { Ok(()) } else { back };
        let said = match &back {
            Ok(()) => resume.end(seen.is_gone()).map(|status| untrack::report(status, None)),
            Err(why) => Some(left_open(why)),
        };
        let now = self.ports.clock.now();
        let mut known = incident.clone();
        said.iter().for_each(|said| known.apply(said, now));
        let mut events: Vec<EventBody> = said.into_iter().collect();
        events.extend(changes(&known, prior, &seen, back.is_ok()));
        let mut missing = missing_steps(&known, &seen, now);
        if incident.is_later_capture_due(now) {
            missing.insert(Step::CaptureMetadata);
        }
        if missing.is_empty() {
            let snapshots = seen.snapshots.as_deref().unwrap_or_default();
            let locked = locks::lock(&self.ports, &incident, snapshots).await;
            locks::report(&incident, &mut events, locked);
            settle_state(writer, events).await?;
            tell(self, writer).await?;
            sign_head(self, writer).await;
            return Ok(());
        }
        events.push(EventBody::Resumed);
        writer.append(events).await?;
        let facts = self.facts(instance.clone(), prior, seen, &incident).await;
        apply(self, writer, facts, &missing).await
    }

    pub(crate) async fn see(
        &self,
        instance: &InstanceId,
        prior: &PriorState,
        incident: &IncidentId,
    ) -> PortResult<Seen> {
        let ports = &self.ports;
        let prior_targets = prior.targets.as_deref().unwrap_or_default();
        let target_groups: Vec<_> = prior_targets.iter().map(|target| target.group.clone()).collect();
        let (described, interfaces, quarantine_groups, membership, protection, snapshots, targets) = tokio::join!(
            ports.instances.describe(instance),
            ports.network.interfaces(instance),
            ports.network.quarantine_groups(),
            ports.groups.membership(instance),
            ports.instances.protection(instance),
            ports.snapshots.of_incident(incident),
            async {
                if target_groups.is_empty() {
                    return Ok(Vec::new());
                }
                ports.targets.registrations(instance, &target_groups).await
            },
        );
        // What tells of one step alone may fail without holding up the others.
        Ok(Seen {
            instance: described?,
            interfaces: interfaces?,
            quarantine_groups: quarantine_groups?,
            membership: membership?,
            protection: logged(protection),
            snapshots: logged(snapshots),
            targets: logged(targets).map(|targets| only_prior(targets, prior_targets)),
            ..Seen::default()
        })
    }

    async fn facts(&self, id: InstanceId, prior: &PriorState, seen: Seen, incident: &Incident) -> Facts {
        // A run that was killed, or failed, before it had looked the registrations up.
        let never_looked = incident.steps.contains_key(&Step::DeregisterTargets) && prior.targets.is_none();
        Facts {
            id,
            instance: seen.instance,
            interfaces: seen.interfaces,
            quarantine_groups: seen.quarantine_groups,
            membership: seen.membership,
            protection: seen.protection.unwrap_or_default(),
            snapshots: seen.snapshots.unwrap_or_default(),
            own_target_groups: prior.group.as_ref().map(|group| group.target_groups.clone()).unwrap_or_default(),
            target_groups: if never_looked { Some(self.ports.targets.groups().await) } else { None },
        }
    }
}

fn logged<T>(read: PortResult<T>) -> Option<T> {
    read.inspect_err(|error| tracing::warn!(%error, "one step of an incident cannot be judged now")).ok()
}

/// A target group may hold the instance on a port that was registered after the containment; that one isn't ours.
fn only_prior(targets: Vec<Target>, prior: &[Target]) -> Vec<Target> {
    let was_prior = |target: &Target| {
        prior.iter().any(|known| known.group == target.group && known.id == target.id && known.port == target.port)
    };
    targets.into_iter().filter(was_prior).collect()
}

/// What AWS shows that the journal doesn't say yet. Where an interface may be open, no read counts as quarantine.
fn changes(incident: &Incident, prior: &PriorState, seen: &Seen, closed: bool) -> Vec<EventBody> {
    let mut events = Vec::new();
    let volumes = seen.instance.as_ref().map(|instance| instance.volumes.clone()).unwrap_or_default();
    if prior.clone().extend(&seen.interfaces, &volumes) {
        events.push(EventBody::PriorExtended { interfaces: seen.interfaces.clone(), volumes });
    }
    for (step, record) in incident.steps.iter().filter(|(step, _)| closed || **step != Step::QuarantineNetwork) {
        let Some(shown) = status(*step, incident, seen) else { continue };
        let known_to_fail = matches!(shown, StepStatus::Failed { .. })
            && matches!(record.status, StepStatus::Failed { .. } | StepStatus::Planned);
        if shown != record.status && !known_to_fail {
            events.push(EventBody::reported(*step, shown.clone(), None));
        }
        if *step == Step::QuarantineNetwork && shown == StepStatus::Done && incident.awaits_isolation() {
            events.push(EventBody::StateChanged { state: IncidentState::Isolated });
        }
    }
    if seen.is_severed() && incident.severed_at.is_none() {
        events.push(EventBody::Severed);
    }
    events
}

/// Steps that AWS or the journal shows undone and that are due. Where the instance is to leave its group now, the stop
/// that waits for it is tried in the same run.
fn missing_steps(incident: &Incident, seen: &Seen, now: OffsetDateTime) -> BTreeSet<Step> {
    let undone = |step: &Step, recorded: &StepStatus| match status(*step, incident, seen) {
        Some(shown) => matches!(shown, StepStatus::Failed { .. }),
        None => *recorded != StepStatus::Done,
    };
    let is_missing = |step: &Step| {
        incident.status(*step).is_some_and(|recorded| undone(step, recorded)) && incident.is_due(*step, now)
    };
    // Telling people comes after the steps, whatever they are; a group swap is never taken by whoever resumes.
    let steps = incident.steps.keys().filter(|step| !matches!(step, Step::Notify | Step::UntrackConnections));
    let mut missing: BTreeSet<Step> = steps.copied().filter(is_missing).collect();
    if missing.contains(&Step::DetachFromGroup) && incident.steps.contains_key(&Step::StopInstance) {
        missing.insert(Step::StopInstance);
    }
    missing
}
