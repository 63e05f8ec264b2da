use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::journal::JournalFault;
use containment::refusal::Refusal;
use ports::PortError;
use serde::Serialize;
use thiserror::Error;

/// What became of one nomination.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// A transition to OK or INSUFFICIENT_DATA: recorded, nothing to do.
    Noted {
        to: String,
    },
    Refused {
        incident: IncidentId,
        reason: Refusal,
        new: bool,
    },
    Observed {
        incident: IncidentId,
        new: bool,
    },
    /// This transition already has an incident.
    Duplicate {
        incident: IncidentId,
    },
    Contained {
        incident: IncidentId,
        state: IncidentState,
        isolated: bool,
    },
    /// The incident was committed, and another run took it over or this one ran out of time.
    HandedOver {
        incident: IncidentId,
        why: String,
    },
}

impl EngineError {
    /// Whether the journal is the reason, rather than a read of what a decision needs.
    pub fn is_of_the_journal(&self) -> bool {
        match self {
            Self::Unread(_) | Self::Uncommitted(_) | Self::Untold(_) => false,
            Self::Unrecorded(_) | Self::Unjournaled { .. } | Self::BrokenJournal { .. } | Self::Unwritable(_) => true,
        }
    }
}

impl Outcome {
    pub(crate) fn of(incident: &Incident) -> Self {
        Self::Contained {
            incident: incident.id.clone(),
            state: incident.state.clone(),
            isolated: incident.isolated_at.is_some(),
        }
    }
}

/// Cordon could not decide, or could not write down what it did. Never a refusal and never a success: the
/// invocation fails, and Lambda's retries, the dead-letter queue or the reconciler take it up.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EngineError {
    #[error("failed to read what the decision needs: {0}")]
    Unread(PortError),
    #[error("failed to commit the intent: {0}")]
    Uncommitted(PortError),
    #[error("failed to record the decision: {0}")]
    Unrecorded(PortError),
    #[error("failed to tell people that an alarming instance was left running: {0}")]
    Untold(PortError),
    #[error("failed to journal incident {incident}: {error}")]
    Unjournaled { incident: IncidentId, error: PortError },
    #[error("the journal of incident {incident} does not hold together: {fault}")]
    BrokenJournal { incident: IncidentId, fault: JournalFault },
    #[error("an event could not be written: {0}")]
    Unwritable(JournalFault),
}
