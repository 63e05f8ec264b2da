//! What is left when the instance is cut off: its tag, and telling people.

use crate::Engine;
use crate::notices;
use containment::incident::{Incident, StepStatus};
use containment::journal::EventBody;
use containment::step::Step;
use std::collections::BTreeSet;

pub(crate) async fn tag(engine: &Engine, incident: &Incident, steps: &BTreeSet<Step>) -> Option<EventBody> {
    let instance = incident.instance.as_ref().filter(|_| steps.contains(&Step::TagInstance))?;
    let status = match engine.ports.instances.tag(instance, &incident.id).await {
        Ok(()) => StepStatus::waiting("accepted, not read back yet"),
        Err(error) => StepStatus::failed(error),
    };
    Some(EventBody::StepReported { step: Step::TagInstance, status, detail: None })
}

/// Tells people what became of the incident so far; the report says whether they could be told.
pub(crate) async fn announce(engine: &Engine, incident: &Incident) -> EventBody {
    let status = match engine.ports.notifier.notify(&notices::of(incident, &engine.config)).await {
        Ok(()) => StepStatus::Done,
        Err(error) => StepStatus::failed(error),
    };
    EventBody::StepReported { step: Step::Notify, status, detail: None }
}

impl Engine {
    /// Tells people of a refusal or an observation. It is on record already; a notice that can't be sent is logged.
    pub(crate) async fn announce_decision(&self, incident: &Incident) {
        let notice = notices::of(incident, &self.config);
        if let Err(error) = self.ports.notifier.notify(&notice).await {
            tracing::error!(incident = %incident.id, %error, "the notice of this decision was not sent");
        }
    }
}
