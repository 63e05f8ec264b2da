//! What is left when the instance is cut off: its tag, and telling people.

use crate::Engine;
use crate::notices;
use containment::incident::{Incident, StepStatus};
use containment::journal::EventBody;
use containment::step::Step;
use ports::PortResult;
use std::collections::BTreeSet;

pub(crate) async fn tag(engine: &Engine, incident: &Incident, steps: &BTreeSet<Step>) -> Option<EventBody> {
    let instance = incident.instance.as_ref().filter(|_| steps.contains(&Step::TagInstance))?;
    let status = match engine.ports.instances.tag(instance, &incident.id).await {
        Ok(()) => StepStatus::waiting("accepted, not read back yet"),
        Err(error) => StepStatus::failed(error),
    };
    Some(EventBody::reported(Step::TagInstance, status, None))
}

/// Tells people what became of the incident so far; the report says whether they could be told.
pub(crate) async fn announce(engine: &Engine, incident: &Incident) -> EventBody {
    let status = match engine.ports.notifier.notify(&notices::of(incident, &engine.config)).await {
        Ok(()) => StepStatus::Done,
        Err(error) => StepStatus::failed(error),
    };
    EventBody::reported(Step::Notify, status, None)
}

impl Engine {
    /// Tells people of a refusal or an observation, which is on record already.
    pub(crate) async fn announce_decision(&self, incident: &Incident) -> PortResult<()> {
        let told = self.ports.notifier.notify(&notices::of(incident, &self.config)).await;
        told.inspect_err(
            |error| tracing::error!(incident = %incident.id, %error, "the notice of this decision was not sent"),
        )
    }
}
