//! What each event of the journal says, in words. The only place that knows the kinds of events: a new one is an error
//! of the compiler here and nowhere else in this crate.

use crate::words::{self, Tone};
use containment::capture::Captured;
use containment::finding::FindingStatus;
use containment::incident::IncidentState;
use containment::journal::{Event, EventBody, Opening};
use containment::operator::Operator;
use containment::release::ReleasePlan;
use containment::request::Requested;
use containment::snapshot_lock::SnapshotLock;

/// One event, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub text: String,
    /// What AWS answered, ids, errors: foreign text.
    pub detail: Option<String>,
    pub tone: Tone,
    /// Where the event is somebody's decision: whose, and why.
    pub decision: Option<Decision>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub what: String,
    pub who: String,
    pub why: String,
}

pub(crate) fn statement(event: &Event) -> Statement {
    match &event.body {
        EventBody::Opened(opening) => opened(opening),
        EventBody::Resumed => plain("Taken up again by another run".to_owned()),
        EventBody::StepReported { step, status, detail, locks } => {
            let (word, why, tone) = words::status(status);
            let locked = locks.iter().map(ToString::to_string);
            let detail = [why.map(ToOwned::to_owned), detail.clone()].into_iter().flatten().chain(locked);
            let detail = detail.collect::<Vec<_>>().join(" · ");
            Statement {
                text: format!("{step}: {word}"),
                detail: (!detail.is_empty()).then_some(detail),
                // What is missing is as loud as a failed step.
                tone: if locks.iter().any(SnapshotLock::is_missing) { Tone::Bad } else { tone },
                decision: None,
            }
        }
        EventBody::TargetsFound { targets } if targets.is_empty() => {
            plain("Registered in no target group beside its Auto Scaling group's".to_owned())
        }
        EventBody::TargetsFound { targets } => {
            let list = targets.iter().map(|target| target.group.to_string()).collect::<Vec<_>>().join(", ");
            Statement { detail: Some(list), ..plain(format!("Registered in {} further target groups", targets.len())) }
        }
        EventBody::PriorExtended { interfaces, volumes } => {
            let ids = interfaces.iter().map(|interface| interface.id.to_string());
            let ids = ids.chain(volumes.iter().map(|volume| volume.id.to_string())).collect::<Vec<_>>().join(", ");
            Statement {
                detail: Some(ids),
                tone: Tone::Waiting,
                ..plain("Something was attached meanwhile; what it was before is on record".to_owned())
            }
        }
        EventBody::StateChanged { state } => Statement { tone: entering(state), ..plain(words::state(state)) },
        EventBody::Severed => {
            Statement { tone: Tone::Good, ..plain("Seen stopped: no connection survives".to_owned()) }
        }
        EventBody::EvidenceCaptured(captured) => captured_evidence(captured),
        EventBody::FindingReported { status } => imported(status),
        EventBody::ReleaseBegun { by, reason, plan, false_alarm } => Statement {
            detail: accepted(plan),
            decision: Some(Decision { what: "asked for the release".to_owned(), who: person(by), why: reason.clone() }),
            ..plain(if *false_alarm { "Release begun: a false alarm" } else { "Release begun" }.to_owned())
        },
        EventBody::UndoReported { step, status, detail } => {
            let (word, why, tone) = words::status(status);
            let detail = [why, detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
            Statement {
                text: format!("{step} undone: {word}"),
                detail: (!detail.is_empty()).then_some(detail),
                tone,
                decision: None,
            }
        }
    }
}

/// Security Hub's finding is a copy of the record: that it fails is told, and changes nothing of the containment.
fn imported(status: &FindingStatus) -> Statement {
    match status {
        FindingStatus::Imported => plain("Security Hub took the finding".to_owned()),
        FindingStatus::Failed { error } | FindingStatus::Declined { error } => Statement {
            detail: Some(error.clone()),
            tone: Tone::Waiting,
            ..plain("Security Hub did not take the finding".to_owned())
        },
    }
}

/// Of the moment, not of the incident: that it is only committed is bad at the end, and how each begins.
fn entering(state: &IncidentState) -> Tone {
    match state {
        IncidentState::Committed | IncidentState::Settling => Tone::Plain,
        IncidentState::Isolated => Tone::Good,
        other => words::headline(other).1,
    }
}

fn plain(text: String) -> Statement {
    Statement { text, detail: None, tone: Tone::Plain, decision: None }
}

/// What is missing is as loud as a failed step.
fn captured_evidence(captured: &Captured) -> Statement {
    let (missing, count) = (&captured.missing, captured.missing.len());
    let names: Vec<String> = missing.iter().map(|missing| format!("{}: {}", missing.name, missing.why)).collect();
    let lacking = if count == 0 { String::new() } else { format!(", {count} MISSING") };
    Statement {
        text: format!("Evidence captured {}: {} objects{lacking}", captured.capture, captured.objects),
        detail: Some([vec![format!("manifest SHA-256 {}", captured.sha256)], names].concat().join(" · ")),
        tone: if count == 0 { Tone::Good } else { Tone::Bad },
        decision: None,
    }
}

/// What the operator accepted as it is.
fn accepted(plan: &ReleasePlan) -> Option<String> {
    let list = plan.accepted.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    (!list.is_empty()).then(|| format!("accepted: {list}"))
}

/// The address is what the request said, and nobody checked it.
fn person(operator: &Operator) -> String {
    match &operator.claimed_source {
        Some(source) => format!("{} (from {source}, as claimed)", operator.arn),
        None => operator.arn.clone(),
    }
}

fn asked(opening: &Opening, requested: &Requested) -> Statement {
    let second = requested.approved_by.as_ref().map(|second| {
        let why = requested.approval_reason.as_deref().unwrap_or("no reason on record");
        format!("approved by {}: {why}", person(second))
    });
    let overrides: Vec<&str> = requested.overrides.iter().map(|guard| guard.name()).collect();
    let overridden = (!overrides.is_empty()).then(|| format!("guards overridden: {}", overrides.join(", ")));
    let digest = format!("request SHA-256 {}", opening.received.digest);
    let details: Vec<String> = [second, overridden, Some(digest)].into_iter().flatten().collect();
    Statement {
        text: format!("Asked for by hand. {}", words::state(&opening.state)),
        detail: Some(details.join(" · ")),
        tone: entering(&opening.state),
        decision: Some(Decision {
            what: "asked for the containment".to_owned(),
            who: person(&requested.by),
            why: requested.reason.clone(),
        }),
    }
}

fn opened(opening: &Opening) -> Statement {
    if let Some(requested) = &opening.requested {
        return asked(opening, requested);
    }
    let alarm = opening.alarm.as_ref().map_or("no alarm that AWS confirmed", |alarm| alarm.name());
    let drill = if opening.drill { "; the state was set by hand, so it is a drill" } else { "" };
    let digest = &opening.received.digest;
    Statement {
        text: format!("Opened. {}", words::state(&opening.state)),
        detail: Some(format!("received through {}, message SHA-256 {digest}", opening.received.via)),
        tone: entering(&opening.state),
        decision: Some(Decision {
            what: "opened this incident".to_owned(),
            who: format!("Alarm {alarm}"),
            why: format!("received through {}{drill}", opening.received.via),
        }),
    }
}
