//! The one command for each thing that a reader may want to do now.

use containment::guards::Guard;
use containment::incident::{Incident, IncidentState};
use containment::refusal::Refusal;
use containment::release::can_be_released;

/// What stands for the reason in a command that people copy.
const REASON: &str = "--reason \"WHY\"";

/// Whether `id` is one plain word in every shell. It comes from the journal, and people paste the command.
pub fn can_be_typed(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
}

pub(crate) fn show(incident: &Incident) -> Option<String> {
    typed(incident).map(|id| format!("cordon show {id}"))
}

pub(crate) fn release(incident: &Incident) -> Option<String> {
    typed(incident).filter(|_| can_be_released(incident)).map(|id| format!("cordon release {id} {REASON}"))
}

/// Where the alarm is true and the instance goes on running. Never for a signal that AWS did not confirm.
pub(crate) fn contain(incident: &Incident) -> Option<String> {
    let instance = incident.instance.as_ref()?;
    match &incident.state {
        IncidentState::Observed
        | IncidentState::Refused { reason: Refusal::Guarded { guard: Guard::Protected, .. } } => {
            Some(format!("cordon contain {instance} {REASON}"))
        }
        IncidentState::Refused { reason: Refusal::Guarded { guard, .. } } => {
            Some(format!("cordon contain {instance} {REASON} --override {guard}"))
        }
        _ => None,
    }
}

fn typed(incident: &Incident) -> Option<&str> {
    Some(incident.id.as_str()).filter(|id| can_be_typed(id))
}
