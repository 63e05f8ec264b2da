//! What is left when the instance is cut off: its tag.

use crate::Engine;
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
    Some(EventBody::reported(Step::TagInstance, status, None))
}
