//! The answer for a person.

use iam_policy::{Decided, Decision, Dependency, Explanation, Request};
use signal::Quoted;
use std::fmt::Write;

pub(super) fn of(request: &Request, found: &Explanation, notes: &[String]) -> String {
    let verdict = match found.decision {
        Decision::Allow => "Yes: allowed",
        Decision::ExplicitDeny => "No: a statement denies it",
        Decision::ImplicitDeny => "No: nothing allows it, or a limit doesn't",
        Decision::Depends => "Depends on what isn't known",
    };
    let mut text = format!(
        "{verdict}.\n  {} {} {}\n",
        Quoted(request.caller.id()),
        Quoted(request.action.as_str()),
        Quoted(request.resource.arn())
    );
    for decided in &found.statements {
        let _ = writeln!(text, "  {}", statement(decided));
    }
    for dependency in &found.depends_on {
        let _ = writeln!(text, "  depends on {}", reason(dependency));
    }
    for note in notes {
        let _ = writeln!(text, "  note: {}", Quoted(note));
    }
    text.truncate(text.trim_end().len());
    text
}

fn statement(decided: &Decided) -> String {
    let level = decided.level.map(|level| format!(" (level {level})")).unwrap_or_default();
    let sid = decided.sid.as_deref().map(|sid| format!(" {}", Quoted(sid))).unwrap_or_default();
    let Decided { effect, layer, index, .. } = decided;
    format!("{effect} by {layer}{level} {}, statement {index}{sid}", Quoted(&decided.policy))
}

fn reason(dependency: &Dependency) -> String {
    let mut text = dependency.key.as_deref().map(|key| Quoted(key).to_string()).unwrap_or_default();
    if let Some(operator) = &dependency.operator {
        let values: Vec<_> = dependency.values.iter().map(|value| Quoted(value).to_string()).collect();
        let _ = write!(text, " {operator} {}", values.join(", "));
    }
    if let Some(why) = dependency.why {
        let separator = if text.is_empty() { "" } else { ": " };
        let _ = write!(text, "{separator}{why}");
    }
    if let Some(decided) = &dependency.statement {
        let _ = write!(text, " — {}", statement(decided));
    }
    text
}
