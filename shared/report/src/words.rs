//! Plain words for the states and steps of a containment.

use containment::incident::{IncidentState, StepStatus};
use containment::step::{Step, Undo};
use serde::Serialize;

/// How a statement is meant, so that a reader need not judge by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tone {
    Good,
    Plain,
    /// Not finished; nothing is wrong.
    Waiting,
    Bad,
}

impl Tone {
    /// The class in the page's style.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
        }
    }
}

/// What follows an instance's id in a headline.
pub(crate) fn headline(state: &IncidentState) -> (&'static str, Tone) {
    match state {
        IncidentState::Committed => ("is being contained", Tone::Bad),
        IncidentState::Isolated | IncidentState::Settling => ("is isolated", Tone::Waiting),
        IncidentState::Contained => ("is contained", Tone::Good),
        IncidentState::Partial { .. } => ("is only partly contained", Tone::Bad),
        IncidentState::Observed => ("would have been contained", Tone::Plain),
        IncidentState::Refused { reason } if reason.pages() => ("was not contained", Tone::Bad),
        IncidentState::Refused { .. } => ("was not contained", Tone::Plain),
        IncidentState::Released => ("is released", Tone::Plain),
        IncidentState::ReleasePartial { .. } => ("is only partly released", Tone::Bad),
    }
}

/// What entering a state means.
pub(crate) fn state(state: &IncidentState) -> String {
    match state {
        IncidentState::Committed => "Committed: the intent is on record, nothing was read back yet".to_owned(),
        IncidentState::Isolated => {
            "Isolated: every interface was seen in its quarantine group, no new connection is possible".to_owned()
        }
        IncidentState::Settling => "Settling: isolated, waiting for what AWS does in its own time".to_owned(),
        IncidentState::Contained => "Contained: every step was seen done".to_owned(),
        IncidentState::Partial { steps } => format!("Partial: not done: {}", names(steps)),
        IncidentState::Observed => "Observed: planned and reported, nothing was touched".to_owned(),
        IncidentState::Refused { reason } => format!("Refused: {reason}"),
        IncidentState::Released => "Released: taken back by people".to_owned(),
        IncidentState::ReleasePartial { steps } => format!("Partly released: not taken back: {}", names(steps)),
    }
}

fn names(steps: &[Step]) -> String {
    steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What a step is there for.
pub(crate) fn task(step: Step) -> &'static str {
    match step {
        Step::QuarantineNetwork => "Cut off the network: every interface into the empty quarantine group",
        Step::UntrackConnections => "Cut its tracked connections too, as far as a group swap can",
        Step::DetachFromGroup => "Take it out of its Auto Scaling group, which starts a clean one",
        Step::ProtectEvidence => "Protect it and its volumes from being deleted",
        Step::DeregisterTargets => "Take it out of load balancers' target groups",
        Step::SnapshotVolumes => "Snapshot all its volumes at one instant",
        Step::CaptureMetadata => "Keep what was known of it as evidence",
        Step::RevokeCredentials => "Take its credentials away",
        Step::StopInstance => "Stop it, so that no connection survives",
        Step::TagInstance => "Tag it with this incident",
        Step::Notify => "Tell people",
    }
}

/// What is so once a step is done.
pub(crate) fn done(step: Step) -> &'static str {
    match step {
        Step::QuarantineNetwork => "Its network is cut off: every interface is in the empty quarantine group.",
        Step::UntrackConnections => {
            "Its interfaces went through the allow-all group and back: tracked connections were cut, as far as AWS does that."
        }
        Step::DetachFromGroup => "It is out of its Auto Scaling group.",
        Step::ProtectEvidence => "It and its volumes are protected from being deleted.",
        Step::DeregisterTargets => "No load balancer sends it work.",
        Step::SnapshotVolumes => "Snapshots of all its volumes are complete.",
        Step::CaptureMetadata => "What was known of it is kept as evidence.",
        Step::RevokeCredentials => "Its credentials are taken away.",
        Step::StopInstance => "It is stopped: no connection survives.",
        Step::TagInstance => "It carries this incident's tag.",
        Step::Notify => "People were told.",
    }
}

/// What a release does about a step; `None` where it leaves things as they are.
pub(crate) fn undo(step: Step) -> Option<&'static str> {
    match step.undo() {
        Undo::RestoreSecurityGroups => Some("gives each interface its security groups back"),
        Undo::AttachToGroup => Some("attaches it to its Auto Scaling group again"),
        Undo::RestoreProtection => Some("sets termination and stop protection back"),
        Undo::RegisterTargets => Some("registers it in its target groups again"),
        Undo::RestoreCredentials => Some("gives its credentials back"),
        Undo::StartInstance => Some("starts it, if it ran before"),
        Undo::RemoveTags => Some("removes Cordon's tags"),
        Undo::Keep => None,
    }
}

pub(crate) fn status(status: &StepStatus) -> (&'static str, Option<&str>, Tone) {
    match status {
        StepStatus::Planned => ("not begun", None, Tone::Waiting),
        StepStatus::Done => ("done", None, Tone::Good),
        StepStatus::Waiting { why } => ("under way", Some(why), Tone::Waiting),
        StepStatus::Failed { error } => ("FAILED", Some(error), Tone::Bad),
    }
}
