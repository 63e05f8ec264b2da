//! Alarms that ring while nobody is contained: their message was lost, or the traffic was not yet beyond doubt when it came.
//! CloudWatch sends its message once; so Cordon looks at them again until they end or hold an incident.

use crate::Engine;
use crate::nomination::Nomination;
use crate::outcome::{EngineError, Outcome};
use containment::ids::IncidentId;
use containment::incident::IncidentState;
use containment::observed::ObservedAlarm;
use containment::refusal::Refusal;
use containment::verify::verify;
use signal::{AlarmKind, AlarmSignal, AlarmState, InstanceId, Transition, Via};
use time::Duration;

/// CloudWatch's own message, and Lambda's first repetition of it, go first.
const GRACE: Duration = Duration::seconds(90);

impl Engine {
    /// One outcome for each instance that was acted on. What the traffic does not bear out is left as it is, and nobody is
    /// told anew.
    pub async fn look_again(&self) -> Result<Vec<Outcome>, EngineError> {
        let mut ringing = Vec::new();
        for topic in &self.config.deployment.alarm_topics {
            ringing.extend(self.ports.alarms.ringing(topic).await.map_err(EngineError::Unread)?);
        }
        let latest = self.ports.clock.now().checked_sub(GRACE).unwrap_or(self.ports.clock.now());
        let (mut outcomes, mut failed) = (Vec::new(), None);
        for alarm in ringing.iter().filter(|alarm| alarm.transitioned_at <= latest) {
            if !self.has_time() {
                break;
            }
            if let Err(error) = self.look_at_alarm(alarm, &mut outcomes).await {
                // The others must not wait for it.
                failed = failed.or(Some(error));
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(outcomes),
        }
    }

    async fn look_at_alarm(&self, alarm: &ObservedAlarm, outcomes: &mut Vec<Outcome>) -> Result<(), EngineError> {
        let nominees = self.nominated_by(alarm).await.map_err(EngineError::Unread)?;
        let mut failed = None;
        for instance in &nominees.instances {
            if !self.has_time() {
                break;
            }
            match self.look_at(alarm, instance, nominees.standing_out()).await {
                Ok(outcome) => outcomes.extend(outcome),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn look_at(
        &self,
        alarm: &ObservedAlarm,
        instance: &InstanceId,
        standing_out: &[InstanceId],
    ) -> Result<Option<Outcome>, EngineError> {
        let Some(id) = self.open_id(alarm, instance).await? else { return Ok(None) };
        let signal = again(alarm, instance);
        let observation = self.observe(&signal, instance, standing_out).await?;
        if observation.glance.held_by.is_some() {
            return Ok(None);
        }
        let Ok(verified) = verify(&signal, instance, &observation.evidence, &self.config.deployment) else {
            return Ok(None);
        };
        let judged = self.judge(&verified, &observation).await.map_err(EngineError::Unread)?;
        if judged.as_ref().is_none_or(|judged| judged.allows().is_err()) {
            return Ok(None);
        }
        let nomination = Nomination::Alarm { signal: &signal, verified, judged };
        self.commit_and_run(&nomination, &id, observation).await.map(Some)
    }

    /// The id that an incident of this transition would have now; `None` where one was decided for good.
    async fn open_id(&self, alarm: &ObservedAlarm, instance: &InstanceId) -> Result<Option<IncidentId>, EngineError> {
        let load = async |id: &IncidentId| self.ports.journal.load(id).await.map_err(EngineError::Unread);
        let first = IncidentId::of(instance, &alarm.arn, alarm.transitioned_at);
        let Some(stored) = load(&first).await? else { return Ok(Some(first)) };
        let by_verdict = matches!(
            stored.incident.state,
            IncidentState::Refused { reason: Refusal::NotUnusual { .. } | Refusal::InDoubt { .. } }
        );
        let later = IncidentId::of_later_look(instance, &alarm.arn, alarm.transitioned_at);
        Ok(if by_verdict && load(&later).await?.is_none() { Some(later) } else { None })
    }
}

/// The message that CloudWatch sent of this transition, as far as it names anything.
fn again(alarm: &ObservedAlarm, instance: &InstanceId) -> AlarmSignal {
    AlarmSignal {
        alarm: alarm.arn.clone(),
        kind: AlarmKind::Metric,
        transition: Transition { from: None, to: AlarmState::Alarm, at: alarm.transitioned_at },
        nominated: vec![instance.clone()],
        triggering_children: Vec::new(),
        contributor: None,
        metric_accounts: Vec::new(),
        via: Via::EventBridge { event_id: "look-again".to_owned() },
        digest: signal::digest(alarm.arn.to_string().as_bytes()),
    }
}
