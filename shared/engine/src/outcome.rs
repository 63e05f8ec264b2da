use crate::identity::ProofFault;
use containment::ids::{GroupName, IncidentId};
use containment::incident::{Incident, IncidentState, Release};
use containment::journal::JournalFault;
use containment::plan::Plan;
use containment::prior::PriorState;
use containment::refusal::Refusal;
use containment::release::{ReleasePlan, ReleaseRefusal};
use containment::request::ApprovalFault;
use ports::PortError;
use serde::{Deserialize, Serialize};
use signal::InstanceId;
use thiserror::Error;
use time::OffsetDateTime;

/// What became of one nomination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// A dry run: what would be done. Nothing was written.
    Planned(Box<ContainmentPlan>),
    /// A dry run: why nothing would be done.
    WouldRefuse {
        instance: InstanceId,
        reason: Refusal,
    },
    /// The instance is protected: a second person must approve.
    ApprovalNeeded {
        request: String,
        #[serde(with = "time::serde::rfc3339")]
        expires_at: OffsetDateTime,
    },
    NotApproved {
        request: String,
        #[serde(flatten)]
        fault: ApprovalFault,
    },
    Frozen {
        #[serde(with = "time::serde::rfc3339")]
        until: OffsetDateTime,
        dry_run: bool,
    },
    Unfrozen {
        dry_run: bool,
    },
    ReleasePlanned {
        incident: IncidentId,
        plan: ReleasePlan,
    },
    /// Nothing was changed.
    ReleaseRefused {
        incident: IncidentId,
        reason: ReleaseRefusal,
    },
    /// Whole or in part: the state says which.
    Released {
        incident: IncidentId,
        state: IncidentState,
        release: Option<Box<Release>>,
    },
    /// The incident was committed, and another run took it over or this one ran out of time.
    HandedOver {
        incident: IncidentId,
        why: String,
    },
}

/// What a dry run answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainmentPlan {
    pub instance: InstanceId,
    pub group: Option<GroupName>,
    pub plan: Plan,
    /// What a release would bring back.
    pub prior: PriorState,
}

impl EngineError {
    /// A stable name to filter Lambda's error documents by.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Unproved(_) => "OperatorUnproved",
            Self::NotOffered { .. } => "ActionNotOffered",
            Self::UnknownGuard { .. } => "GuardUnknown",
            Self::UntrackingNotAllowed => "UntrackingNotAllowed",
            Self::UnknownIncident { .. } => "IncidentUnknown",
            Self::BrokenJournal { .. } => "JournalBroken",
            Self::Unread(_)
            | Self::Uncommitted(_)
            | Self::Unrecorded(_)
            | Self::Untold(_)
            | Self::Unjournaled { .. }
            | Self::Unwritable(_) => "EngineFailed",
        }
    }

    /// Whether the journal is the reason, rather than a read of what a decision needs.
    pub fn is_of_the_journal(&self) -> bool {
        match self {
            Self::Unread(_)
            | Self::Uncommitted(_)
            | Self::Untold(_)
            | Self::Unproved(_)
            | Self::NotOffered { .. }
            | Self::UnknownGuard { .. }
            | Self::UntrackingNotAllowed
            | Self::UnknownIncident { .. } => false,
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
    #[error("the request does not prove who sends it: {0}")]
    Unproved(ProofFault),
    #[error("that is not done here; ask {function}")]
    NotOffered { function: &'static str },
    #[error(
        "{name} is no guard that can be overridden; these can: freeze, cool-down, fleet-event, group-limit, account-limit, healthy-floor"
    )]
    UnknownGuard { name: String },
    #[error(
        "this deployment does not open an instance for a group swap; nothing was changed. Deploy it with AllowUntracking=true, or ask again without --untrack"
    )]
    UntrackingNotAllowed,
    #[error("there is no incident {incident} here; list them with cordon incidents")]
    UnknownIncident { incident: IncidentId },
}
