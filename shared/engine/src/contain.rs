//! One signal's way: nominate, verify, decide, commit, apply.

use crate::Engine;
use crate::apply::{Facts, apply};
use crate::commit::Commit;
use crate::journal_writer::{JournalWriter, RunEnd};
use crate::nomination::{Nomination, received};
use crate::observe::Observation;
use crate::outcome::{EngineError, Outcome};
use crate::retry::persist;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, Opening, seal};
use containment::plan::Plan;
use containment::refusal::Refusal;
use containment::verify::verify;
use ports::PortError;
use signal::{AlarmSignal, AlarmState, InstanceId, Quoted};
use std::collections::BTreeSet;

/// How often a fresh signal is compared with what AWS shows before it is refused.
pub(crate) const LOOKS: u32 = 4;
pub(crate) const LOOK_PAUSE: std::time::Duration = std::time::Duration::from_millis(400);
const FRESH: time::Duration = time::Duration::minutes(2);

impl Engine {
    /// Handles one alarm signal; one outcome for each instance it nominates.
    pub async fn handle(&self, signal: &AlarmSignal) -> Result<Vec<Outcome>, EngineError> {
        if signal.transition.to != AlarmState::Alarm {
            tracing::info!(alarm = %Quoted(&signal.alarm.to_string()), to = %signal.transition.to, "transition noted");
            return Ok(vec![Outcome::Noted { to: signal.transition.to.to_string() }]);
        }
        let nominees = match self.nominees(signal).await? {
            Ok(nominees) => nominees,
            Err(refusal) => return Ok(vec![self.refuse_unverified(signal, None, refusal).await?]),
        };
        let mut outcomes = Vec::with_capacity(nominees.instances.len());
        let mut failed = None;
        for instance in &nominees.instances {
            match self.handle_nomination(signal, instance, nominees.standing_out()).await {
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

    async fn handle_nomination(
        &self,
        signal: &AlarmSignal,
        instance: &InstanceId,
        standing_out: &[InstanceId],
    ) -> Result<Outcome, EngineError> {
        let mut observation = self.observe(signal, instance, standing_out).await?;
        let mut looks = 1;
        let verified = loop {
            match verify(signal, instance, &observation.evidence, &self.config.deployment) {
                Ok(verified) => break verified,
                Err(refusal) if looks < LOOKS && self.may_be_stale(signal, &refusal) => {
                    self.ports.clock.sleep(LOOK_PAUSE).await;
                    observation = self.observe(signal, instance, standing_out).await?;
                    looks += 1;
                }
                Err(refusal) => return self.refuse_unverified(signal, Some(instance), refusal).await,
            }
        };
        let id = IncidentId::of(instance, &verified.alarm, verified.transitioned_at);
        let judged = self.judge(&verified, &observation).await.map_err(EngineError::Unread)?;
        self.commit_and_run(&Nomination::Alarm { signal, verified, judged }, &id, observation).await
    }

    pub(crate) async fn commit_and_run(
        &self,
        nomination: &Nomination<'_>,
        id: &IncidentId,
        mut observation: Observation,
    ) -> Result<Outcome, EngineError> {
        match self.commit(nomination, id, &mut observation).await? {
            Commit::Decided(outcome) => Ok(outcome),
            Commit::Committed { incident, head } => {
                self.run(*incident, head, Facts::of(observation, nomination.instance().clone())).await
            }
        }
    }

    /// CloudWatch sends its message once. A read that lags behind it must not turn a true alarm away for good.
    pub(crate) fn may_be_stale(&self, signal: &AlarmSignal, refusal: &Refusal) -> bool {
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
            requested: None,
            figure: None,
            judged: None,
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
        // A page that may not have been sent is sent again; a notice for the record is sent once. Who asked by hand has
        // the answer already.
        let asked = incident.requested.is_some();
        let pages = matches!(&incident.state, IncidentState::Refused { reason } if reason.pages() && !asked);
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
}
