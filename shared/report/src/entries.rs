//! What each event of the journal says, in words. The only place that knows the kinds of events: a new one is an error
//! of the compiler here and nowhere else in this crate.

use crate::words::{self, Tone};
use containment::incident::IncidentState;
use containment::journal::{Event, EventBody, Opening};

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
        EventBody::StepReported { step, status, detail } => {
            let (word, why, tone) = words::status(status);
            let detail = [why, detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
            Statement {
                text: format!("{step}: {word}"),
                detail: (!detail.is_empty()).then_some(detail),
                tone,
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

fn opened(opening: &Opening) -> Statement {
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
