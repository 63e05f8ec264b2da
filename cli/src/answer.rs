//! What a function answered, in words and as an exit code.

use crate::exit::Exit;
use crate::plan_text;
use containment::incident::{IncidentState, Release, StepStatus};
use engine::Outcome;
use serde_json::{Value, json};
use signal::{OneLine, Quoted};
use std::fmt::Write;

pub(crate) fn render(outcome: &Outcome, as_json: bool) -> (String, Exit) {
    let exit = exit(outcome);
    if as_json {
        let mut document = json!(outcome);
        if let Value::Object(members) = &mut document {
            members.insert("schema".to_owned(), json!(1));
        }
        return (document.to_string(), exit);
    }
    (text(outcome), exit)
}

fn exit(outcome: &Outcome) -> Exit {
    match outcome {
        Outcome::Contained { state: IncidentState::Partial { .. }, .. }
        | Outcome::Contained { isolated: false, .. }
        | Outcome::HandedOver { .. } => Exit::PartlyContained,
        Outcome::Released { state: IncidentState::Released, .. } => Exit::Done,
        Outcome::Released { .. } => Exit::ReleaseIncomplete,
        Outcome::Refused { .. }
        | Outcome::WouldRefuse { .. }
        // Whether that one contained is for cordon show to say.
        | Outcome::Duplicate { .. }
        | Outcome::ReleaseRefused { .. }
        | Outcome::ApprovalNeeded { .. }
        | Outcome::NotApproved { .. } => Exit::Refused,
        Outcome::Contained { .. }
        | Outcome::Noted { .. }
        | Outcome::Observed { .. }
        | Outcome::Planned(_)
        | Outcome::Frozen { .. }
        | Outcome::Unfrozen { .. }
        | Outcome::ReleasePlanned { .. } => Exit::Done,
    }
}

fn text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Contained { incident, state, isolated } => {
            let reached = if *isolated { "It is isolated." } else { "It was NOT seen isolated yet." };
            format!("{reached} Incident {incident}, state {}.\nSee it with:  cordon show {incident}", state.name())
        }
        Outcome::Duplicate { incident } => format!(
            "There is an incident for this request already: {incident}. Nothing was done now.\n\
             See it with:  cordon show {incident}"
        ),
        Outcome::Observed { incident, .. } => format!("Planned and recorded as {incident}; nothing was touched."),
        Outcome::Noted { to } => format!("Noted: {to}."),
        Outcome::Refused { incident, reason, .. } => {
            format!("REFUSED: {reason}\nNothing was changed. Recorded as {incident}.{}", way_round(reason.code()))
        }
        Outcome::WouldRefuse { instance, reason } => {
            format!("{instance} would NOT be contained: {reason}{}", way_round(reason.code()))
        }
        Outcome::ApprovalNeeded { request, expires_at } => format!(
            "The instance is protected: a second person must approve, as another user or role.\n\
             Approve with:  cordon approve {request} --reason REASON\nuntil {expires_at}. Nothing was changed."
        ),
        Outcome::NotApproved { request, fault } => format!("NOT APPROVED: {fault}\n{request}: nothing was changed."),
        Outcome::Planned(planned) => plan_text::of_containment(planned),
        Outcome::Frozen { until, .. } => format!("Automatic containment is frozen until {until}."),
        Outcome::Unfrozen { .. } => "Automatic containment goes on.".to_owned(),
        Outcome::ReleasePlanned { incident, plan } => plan_text::of_release(incident, plan),
        Outcome::ReleaseRefused { incident, reason } => {
            format!("REFUSED: {reason}\n{incident}: nothing was changed.")
        }
        Outcome::Released { incident, state, release } => released(incident.as_str(), state, release.as_deref()),
        Outcome::HandedOver { incident, why } => {
            format!("{why}.\nIt goes on without this command; see it with:  cordon show {incident}")
        }
    }
}

/// Guards can be overridden by name; what else refuses cannot.
fn way_round(code: &str) -> String {
    match code {
        "freeze" | "cool-down" | "fleet-event" | "group-limit" | "account-limit" | "healthy-floor" => {
            format!("\nIf you are sure:  repeat with --override {code}")
        }
        "not-opted-in" => "\nTag its group cordon:mode, or deploy with ManualScope = account.".to_owned(),
        _ => String::new(),
    }
}

fn released(incident: &str, state: &IncidentState, release: Option<&Release>) -> String {
    let mut text = match state {
        IncidentState::Released => format!("Released. Incident {incident}.\n"),
        other => format!("Released only in part: incident {incident}, state {}.\n", other.name()),
    };
    let Some(release) = release else { return text };
    for step in &release.plan.steps {
        let (status, detail) = match release.undone.get(step) {
            None => ("not begun".to_owned(), None),
            Some(record) => (plan_text::status(&record.status), record.detail.as_ref()),
        };
        let detail = detail.map(|detail| format!(" ({})", Quoted(detail))).unwrap_or_default();
        let _ = writeln!(text, "  {:<32} {status}{detail}", plan_text::undoing(*step));
    }
    for lost in &release.plan.lost {
        let _ = writeln!(text, "  not restored: {lost}");
    }
    for lock in &release.plan.kept {
        let _ = writeln!(text, "  left as it is: snapshot {}", OneLine(&lock.to_string()));
    }
    let failed = release.undone.values().any(|record| matches!(record.status, StepStatus::Failed { .. }));
    if failed || *state != IncidentState::Released {
        let _ = write!(text, "When the cause is mended, go on with:  cordon release {incident} --reason REASON");
    }
    text.trim_end().to_owned()
}
