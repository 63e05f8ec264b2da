//! One signal's way: nominate, verify, decide, commit, apply.

use crate::Engine;
use crate::apply::{Facts, apply};
use crate::commit::Commit;
use crate::journal_writer::{JournalWriter, RunEnd};
use crate::observe::Observation;
use crate::outcome::{EngineError, Outcome};
use crate::retry::persist;
use containment::authority::Mode;
use containment::decide::{AuthorizedInstance, authorize};
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, Opening, Received, seal};
use containment::plan::{Plan, plan};
use containment::refusal::Refusal;
use containment::verify::{VerifiedAlarm, nominated_by_children, verify};
use ports::PortError;
use signal::{AlarmSignal, AlarmState, InstanceId, Quoted, Via};
use std::collections::BTreeSet;

/// How often a fresh signal is compared with what AWS shows before it is refused.
const LOOKS: u32 = 4;
const LOOK_PAUSE: std::time::Duration = std::time::Duration::from_millis(400);
const FRESH: time::Duration = time::Duration::minutes(2);

impl Engine {
    /// Handles one alarm signal; one outcome for each instance it nominates.
    pub async fn handle(&self, signal: &AlarmSignal) -> Result<Vec<Outcome>, EngineError> {
        if signal.transition.to != AlarmState::Alarm {
            tracing::info!(alarm = %Quoted(&signal.alarm.to_string()), to = %signal.transition.to, "transition noted");
            return Ok(vec![Outcome::Noted { to: signal.transition.to.to_string() }]);
        }
        let mut nominated = signal.nominated.clone();
        if nominated.is_empty() && !signal.triggering_children.is_empty() {
            nominated = nominated_by_children(&self.observe_alarms(signal).await?.alarms);
        }
        if nominated.is_empty() {
            return Ok(vec![self.refuse_unverified(signal, None, Refusal::NothingNominated).await?]);
        }
        let mut outcomes = Vec::with_capacity(nominated.len());
        let mut failed = None;
        for instance in &nominated {
            match self.handle_nomination(signal, instance).await {
                Ok(outcome) => outcomes.push(outcome),
                // The others must not wait for Lambda's retry; what is done already is found done by it.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(outcomes),
        }
    }

    async fn handle_nomination(&self, signal: &AlarmSignal, instance: &InstanceId) -> Result<Outcome, EngineError> {
        let mut observation = self.observe(signal, instance).await?;
        let mut looks = 1;
        let verified = loop {
            match verify(signal, instance, &observation.evidence, &self.config.deployment) {
                Ok(verified) => break verified,
                Err(refusal) if looks < LOOKS && self.may_be_stale(signal, &refusal) => {
                    self.ports.clock.sleep(LOOK_PAUSE).await;
                    observation = self.observe(signal, instance).await?;
                    looks += 1;
                }
                Err(refusal) => return self.refuse_unverified(signal, Some(instance), refusal).await,
            }
        };
        let id = IncidentId::of(instance, &verified.alarm, verified.transitioned_at);
        match self.commit(signal, &verified, &id, &mut observation).await? {
            Commit::Decided(outcome) => Ok(outcome),
            Commit::Committed { incident, head } => {
                self.run(*incident, head, Facts::of(observation, instance.clone())).await
            }
        }
    }

    /// CloudWatch sends its message once. A read that lags behind it must not turn a true alarm away for good.
    fn may_be_stale(&self, signal: &AlarmSignal, refusal: &Refusal) -> bool {
        let lags = matches!(refusal, Refusal::AlarmNotFound | Refusal::NotInAlarm { .. } | Refusal::NotAContributor);
        lags && (self.ports.clock.now() - signal.transition.at).abs() < FRESH && self.has_time()
    }

    /// From here on the incident exists: whatever fails is journaled, and the reconciler goes on.
    async fn run(&self, incident: Incident, head: Head, facts: Facts) -> Result<Outcome, EngineError> {
        let id = incident.id.clone();
        let steps: BTreeSet<_> = incident.plan.steps.iter().copied().collect();
        let writer = JournalWriter::new(self.ports.clone(), self.actor.clone(), incident, head);
        match apply(self, &writer, facts, &steps).await {
            Ok(()) => Ok(Outcome::of(&writer.close().await)),
            Err(RunEnd::LeaseLost) => {
                Ok(Outcome::HandedOver { incident: id, why: "another run took it over".to_owned() })
            }
            Err(RunEnd::Failed(error)) => Err(error),
        }
    }

    /// Decides by what is known now; asked again after every lost race.
    pub(crate) fn decide(
        &self,
        verified: &VerifiedAlarm,
        id: &IncidentId,
        observation: &Observation,
    ) -> Result<AuthorizedInstance, Refusal> {
        if let Some(holder) = observation.glance.held_by.as_ref().filter(|holder| *holder != id) {
            return Err(Refusal::AlreadyContained { incident: holder.clone() });
        }
        let now = self.ports.clock.now();
        authorize(
            verified.clone(),
            &observation.subject,
            &observation.standing,
            &self.config.limits,
            self.config.mode,
            now,
        )
    }

    /// A signal that AWS did not confirm gets an id of its own, which no true incident can have.
    async fn refuse_unverified(
        &self,
        signal: &AlarmSignal,
        instance: Option<&InstanceId>,
        reason: Refusal,
    ) -> Result<Outcome, EngineError> {
        let opening = Opening {
            id: IncidentId::of_unverified(signal.transition.at, instance, &signal.digest),
            instance: instance.cloned(),
            alarm: Some(signal.alarm.clone()),
            group: None,
            authority: None,
            mode: None,
            drill: false,
            transitioned_at: None,
            received: received(signal),
            state: IncidentState::Refused { reason },
            plan: Plan::default(),
            prior: None,
        };
        self.record(opening).await
    }

    /// Records a refusal or an observation, and tells people once.
    pub(crate) async fn record(&self, opening: Opening) -> Result<Outcome, EngineError> {
        let now = self.ports.clock.now();
        let incident = Incident::opened(&opening, now);
        let body = EventBody::Opened(Box::new(opening));
        let (event, head) =
            seal(&incident.id, &Head::start(), now, &self.actor, body).map_err(EngineError::Unwritable)?;
        let new = persist(
            &*self.ports.clock,
            |error: &PortError| Some(error),
            async || self.ports.journal.record(&incident, &event, &head).await,
        )
        .await
        .map_err(EngineError::Unrecorded)?;
        // A page that may not have been sent is sent again; a notice for the record is sent once.
        let pages = matches!(&incident.state, IncidentState::Refused { reason } if reason.pages());
        if new || pages {
            let told = self.announce_decision(&incident).await;
            if let (true, Err(error)) = (pages, told) {
                return Err(EngineError::Untold(error));
            }
        }
        Ok(match incident.state {
            IncidentState::Refused { reason } => Outcome::Refused { incident: incident.id, reason, new },
            _ => Outcome::Observed { incident: incident.id, new },
        })
    }

    /// What the journal's first event says of a verified nomination.
    pub(crate) fn opening(
        &self,
        signal: &AlarmSignal,
        verified: &VerifiedAlarm,
        id: &IncidentId,
        decided: &Result<AuthorizedInstance, Refusal>,
    ) -> Opening {
        let target = decided.as_ref().ok();
        Opening {
            id: id.clone(),
            instance: Some(verified.instance.clone()),
            alarm: Some(verified.alarm.clone()),
            group: target.and_then(|target| target.membership()).map(|membership| membership.group.clone()),
            authority: target.map(|target| target.authority().clone()),
            mode: target.map(AuthorizedInstance::mode),
            drill: verified.drill,
            transitioned_at: Some(verified.transitioned_at),
            received: received(signal),
            state: match decided {
                Err(reason) => IncidentState::Refused { reason: reason.clone() },
                Ok(target) if target.mode() == Mode::Observe => IncidentState::Observed,
                Ok(_) => IncidentState::Committed,
            },
            plan: target.map(plan).unwrap_or_default(),
            prior: target.map(AuthorizedInstance::prior_state),
        }
    }
}

fn received(signal: &AlarmSignal) -> Received {
    let (via, published_at) = match &signal.via {
        Via::Sns { topic, published_at, .. } => (topic.to_string(), Some(*published_at)),
        Via::EventBridge { event_id } => (format!("EventBridge {event_id}"), None),
        Via::LambdaAction => ("alarm's Lambda action".to_owned(), None),
    };
    Received { via, digest: signal.digest.clone(), published_at }
}
