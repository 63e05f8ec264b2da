//! How people take a containment back: the exact command, what it undoes and what it cannot bring back.

use crate::words;
use containment::incident::{Incident, IncidentState, StepStatus};
use notice::can_be_typed;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Release {
    /// What to know first, or why there is nothing to release.
    pub note: String,
    /// Prints what would be undone, and changes nothing.
    pub look: Option<String>,
    pub command: Option<String>,
    /// What the command does.
    pub undoes: Vec<String>,
    /// What the plan warned of: a release cannot bring back what a stop took.
    pub limits: Vec<String>,
}

pub(crate) fn release(incident: &Incident) -> Release {
    let none = |note: &str| Release {
        note: note.to_owned(),
        look: None,
        command: None,
        undoes: Vec::new(),
        limits: Vec::new(),
    };
    let note = match incident.state {
        IncidentState::Observed | IncidentState::Refused { .. } => {
            return none("Nothing was touched, so there is nothing to release.");
        }
        IncidentState::Released => return none("It is released already."),
        IncidentState::ReleasePartial { .. } => "The release is not finished. The same command goes on with it.",
        IncidentState::Contained => "Release it only once you know why the alarm went off. Look first:",
        IncidentState::Committed
        | IncidentState::Isolated
        | IncidentState::Settling
        | IncidentState::Partial { .. } => {
            "The containment is not finished. A release may have to wait for it. Look first:"
        }
    };
    let id = incident.id.as_str();
    if !can_be_typed(id) {
        return none("The incident's id is none that Cordon makes, so no command is given here: it could do anything.");
    }
    let touched = incident.steps.iter().filter(|(_, record)| record.status != StepStatus::Planned);
    Release {
        note: note.to_owned(),
        look: Some(format!("cordon release {id} --reason \"WHY\" --dry-run")),
        command: Some(format!("cordon release {id} --reason \"WHY\"")),
        undoes: touched.filter_map(|(step, _)| words::undo(*step)).map(ToOwned::to_owned).collect(),
        limits: incident.plan.warnings.iter().cloned().chain(kept(incident)).collect(),
    }
}

/// What a release leaves as it is.
fn kept(incident: &Incident) -> impl Iterator<Item = String> {
    let locked = incident.locks.snapshots.iter().filter(|lock| !lock.is_missing());
    locked.map(|lock| format!("snapshot {lock}, and a release leaves it so"))
}
