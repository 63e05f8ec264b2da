//! What points at an instance: an alarm that AWS confirmed, or a person whom AWS identified. From here on both go the
//! same way.

use crate::Engine;
use crate::commit::group_of;
use crate::observe::Observation;
use containment::authority::Mode;
use containment::decide::{AuthorizedInstance, authorize};
use containment::guards::Guard;
use containment::ids::IncidentId;
use containment::incident::IncidentState;
use containment::journal::{Opening, Received};
use containment::judged::Judged;
use containment::plan::plan;
use containment::refusal::Refusal;
use containment::request::{Requested, authorize_request};
use containment::verify::VerifiedAlarm;
use signal::{AlarmSignal, InstanceId, Via};

pub(crate) enum Nomination<'a> {
    Alarm {
        signal: &'a AlarmSignal,
        verified: VerifiedAlarm,
        /// `None` of a drill, which has no traffic of its own.
        judged: Option<Judged>,
    },
    Request {
        instance: InstanceId,
        requested: Requested,
        /// SHA-256 of the request's text.
        digest: String,
    },
}

impl Nomination<'_> {
    pub(crate) fn instance(&self) -> &InstanceId {
        match self {
            Self::Alarm { verified, .. } => &verified.instance,
            Self::Request { instance, .. } => instance,
        }
    }

    fn verified(&self) -> Option<&VerifiedAlarm> {
        match self {
            Self::Alarm { verified, .. } => Some(verified),
            Self::Request { .. } => None,
        }
    }

    fn judged(&self) -> Option<&Judged> {
        match self {
            Self::Alarm { judged, .. } => judged.as_ref(),
            Self::Request { .. } => None,
        }
    }

    fn requested(&self) -> Option<&Requested> {
        match self {
            Self::Alarm { .. } => None,
            Self::Request { requested, .. } => Some(requested),
        }
    }

    pub(crate) fn goes_through_freeze(&self) -> bool {
        self.requested().is_some_and(|requested| requested.overrides.contains(&Guard::Freeze))
    }

    fn received(&self) -> Received {
        match self {
            Self::Alarm { signal, .. } => received(signal),
            Self::Request { digest, .. } => {
                Received { via: "operator's request".to_owned(), digest: digest.clone(), published_at: None }
            }
        }
    }
}

impl Engine {
    /// Decides by what is known now; asked again after every lost race.
    pub(crate) fn decide(
        &self,
        nomination: &Nomination<'_>,
        id: &IncidentId,
        observation: &Observation,
    ) -> Result<AuthorizedInstance, Refusal> {
        if let Some(holder) = observation.glance.held_by.as_ref().filter(|holder| *holder != id) {
            return Err(Refusal::AlreadyContained { incident: holder.clone() });
        }
        let now = self.ports.clock.now();
        let (subject, standing, config) = (&observation.subject, &observation.standing, &self.config);
        match nomination {
            Nomination::Alarm { verified, judged, .. } => {
                authorize(verified, judged.as_ref(), subject, standing, &config.limits, config.mode, now)
            }
            Nomination::Request { requested, .. } => {
                authorize_request(requested, subject, standing, &config.limits, config.manual_scope, now)
            }
        }
    }

    /// What the journal's first event says of a nomination.
    pub(crate) fn opening(
        &self,
        nomination: &Nomination<'_>,
        id: &IncidentId,
        decided: &Result<AuthorizedInstance, Refusal>,
        observation: &Observation,
    ) -> Opening {
        let target = decided.as_ref().ok();
        let verified = nomination.verified();
        Opening {
            id: id.clone(),
            instance: Some(nomination.instance().clone()),
            alarm: verified.map(|verified| verified.alarm.clone()),
            group: group_of(observation),
            authority: target.map(|target| target.authority().clone()),
            mode: target.map(AuthorizedInstance::mode),
            drill: verified.is_some_and(|verified| verified.drill),
            transitioned_at: verified.map(|verified| verified.transitioned_at),
            received: nomination.received(),
            state: match decided {
                Err(reason) => IncidentState::Refused { reason: reason.clone() },
                Ok(target) if target.mode() == Mode::Observe => IncidentState::Observed,
                Ok(_) => IncidentState::Committed,
            },
            plan: target.map(|target| plan(target, self.config.snapshot_lock)).unwrap_or_default(),
            prior: target.map(AuthorizedInstance::prior_state),
            requested: nomination.requested().cloned(),
            figure: verified.and_then(|verified| verified.figure.clone()),
            judged: nomination.judged().cloned(),
        }
    }
}

pub(crate) fn received(signal: &AlarmSignal) -> Received {
    let (via, published_at) = match &signal.via {
        Via::Sns { topic, published_at, .. } => (topic.to_string(), Some(*published_at)),
        Via::EventBridge { event_id } => (format!("EventBridge {event_id}"), None),
        Via::LambdaAction => ("alarm's Lambda action".to_owned(), None),
    };
    Received { via, digest: signal.digest.clone(), published_at }
}
