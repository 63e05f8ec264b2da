//! What the deployment's alarms and dashboard watch.

use containment::guards::Guard;
use containment::incident::IncidentState;
use containment::refusal::Refusal;
use engine::{EngineError, Outcome};
use signal::{AlarmSignal, SignalError, Via};
use telemetry::{Metric, emit};
use time::OffsetDateTime;

pub(crate) fn of_rejection(error: &SignalError) {
    emit(&[Metric::count("SignalRejected")], &[("code", error.code().to_owned())]);
}

pub(crate) fn of_error(error: &EngineError) {
    let name = match error {
        EngineError::Unproved(_) => "OperatorUnproved",
        error if error.is_of_the_journal() => "JournalFailed",
        _ => "DecisionFailed",
    };
    emit(&[Metric::count(name)], &[]);
}

/// `signal` is what nominated the instance; `None` where a person did.
pub(crate) fn of_outcome(outcome: &Outcome, signal: Option<&AlarmSignal>) {
    match outcome {
        Outcome::Noted { to } => emit(&[Metric::count("TransitionNoted")], &[("to", to.clone())]),
        Outcome::Refused { reason, incident, new: true } => {
            let mut metrics = vec![Metric::count("Refused")];
            if matches!(reason, Refusal::Guarded { guard: Guard::FleetEvent, .. }) {
                metrics.push(Metric::count("FleetEvent"));
            }
            emit(&metrics, &[("reason", reason.code().to_owned()), ("incident", incident.to_string())]);
        }
        Outcome::Observed { incident, new: true } => {
            emit(&[Metric::count("Observed")], &[("incident", incident.to_string())]);
        }
        Outcome::Refused { .. } | Outcome::Observed { .. } | Outcome::Duplicate { .. } => {
            emit(&[Metric::count("Duplicate")], &[]);
        }
        Outcome::Contained { incident, state, isolated } => {
            let mut metrics = vec![Metric::count("Committed")];
            if *isolated {
                metrics.push(Metric::count("Isolated"));
                metrics.extend(signal.and_then(since_publication));
            }
            if matches!(state, IncidentState::Partial { .. }) {
                metrics.push(Metric::count("ContainmentPartial"));
            }
            emit(&metrics, &[("incident", incident.to_string()), ("state", state.name().to_owned())]);
        }
        Outcome::ApprovalNeeded { request, .. } => {
            emit(&[Metric::count("ApprovalNeeded")], &[("request", request.clone())]);
        }
        Outcome::NotApproved { request, .. } => emit(&[Metric::count("NotApproved")], &[("request", request.clone())]),
        // Dry runs change nothing; releases and freezes are another function's.
        Outcome::Frozen { .. }
        | Outcome::Unfrozen { .. }
        | Outcome::Planned(_)
        | Outcome::WouldRefuse { .. }
        | Outcome::ReleasePlanned { .. }
        | Outcome::ReleaseRefused { .. }
        | Outcome::Released { .. } => {}
        Outcome::HandedOver { incident, why } => {
            emit(&[Metric::count("HandedOver")], &[("incident", incident.to_string()), ("why", why.clone())]);
        }
    }
}

/// From SNS's time of publication to the end of the run, in which isolation was read back: an upper bound.
fn since_publication(signal: &AlarmSignal) -> Option<Metric> {
    let Via::Sns { published_at, .. } = &signal.via else { return None };
    let elapsed = OffsetDateTime::now_utc() - *published_at;
    Some(Metric::milliseconds("MillisecondsToIsolatedAtMost", elapsed.as_seconds_f64() * 1000.0))
}
