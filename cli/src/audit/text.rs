//! The report for a person: the worst first, and what to do about each.

use access_audit::{Confidence, Finding, Report, Severity, Status, Witness};
use signal::OneLine;
use std::fmt::Write;

const WIDTH: usize = 80;

pub(super) fn of(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}\n", heading(report));
    if let Some(changes) = &report.changes {
        let _ = writeln!(text, "Changes: {}.\n{}", changes.summary(), changes.text());
    }
    if let Some(cut) = report.escalation.as_ref().and_then(|escalation| escalation.cuts.first()) {
        let of = cut.holder.as_ref().map_or(String::new(), |holder| format!(" of {holder}"));
        let change = format!("narrow or remove statement {} of {}{of}", cut.statement, cut.policy);
        let lead = format!("One change breaks the paths to administrator of {} of {}: ", cut.breaks, cut.of);
        wrapped(&mut text, &lead, &change);
        text.push('\n');
    }
    for finding in counted(report) {
        fail(&mut text, finding);
    }
    for finding in report.with(Status::Error) {
        wrapped(&mut text, &format!("ERROR  {}: ", finding.control), &finding.message);
    }
    for problem in &report.errors {
        wrapped(&mut text, "  ", &format!("{}: {}", problem.at, problem.problem));
    }
    for finding in report.with(Status::NotEvaluated) {
        wrapped(&mut text, &format!("NOT EVALUATED  {}: ", finding.control), &finding.message);
    }
    for note in &report.notes {
        wrapped(&mut text, "NOTE  ", note);
    }
    for finding in report.with(Status::Fail) {
        let Some(suppressed) = &finding.suppressed else { continue };
        let about = finding.resource.as_deref().or(finding.principal.as_deref()).unwrap_or("the account");
        let until = suppressed.expires.as_ref().map_or(String::new(), |expires| format!(" (until {expires})"));
        let content = format!("{about}: {}{until}", suppressed.reason);
        wrapped(&mut text, &format!("ACCEPTED  {}: ", finding.control), &content);
    }
    let passed: Vec<_> = report.with(Status::Pass).map(|finding| finding.control).collect();
    if !passed.is_empty() {
        wrapped(&mut text, "Passed: ", &passed.join(", "));
    }
    text.truncate(text.trim_end().len());
    text
}

/// What fails and is accepted by nobody.
fn counted(report: &Report) -> impl Iterator<Item = &Finding> {
    report.with(Status::Fail).filter(|finding| finding.suppressed.is_none())
}

fn heading(report: &Report) -> String {
    let count = |severity: Severity| counted(report).filter(|finding| finding.severity == severity).count();
    let mut parts: Vec<String> = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .filter(|severity| count(*severity) > 0)
        .map(|severity| format!("{} {}", count(severity), name(severity)))
        .collect();
    if parts.is_empty() {
        parts.push("nothing found".to_owned());
    }
    let accepted = report.with(Status::Fail).filter(|finding| finding.suppressed.is_some()).count();
    if accepted > 0 {
        parts.push(format!("{accepted} accepted"));
    }
    let (unread, unseen) = (report.errors.len(), report.with(Status::NotEvaluated).count());
    if unread > 0 {
        parts.push(format!("{unread} could not be read"));
    }
    if unseen > 0 {
        parts.push(format!("{unseen} not evaluated"));
    }
    format!("Account {}: {}.", OneLine(&report.account), parts.join(", "))
}

fn fail(text: &mut String, finding: &Finding) {
    let sure = match finding.confidence {
        Confidence::High => "",
        Confidence::Medium => "  (assumes something that the files don't hold)",
        Confidence::Low => "  (depends on conditions)",
    };
    let own = if finding.own { "CORDON'S OWN ROLE  " } else { "" };
    let _ = writeln!(text, "{own}{}  {}{sure}", name(finding.severity).to_uppercase(), finding.control);
    if let Some(resource) = &finding.resource {
        let _ = writeln!(text, "  {}", OneLine(resource));
    }
    if let Some(principal) = finding.principal.as_ref().filter(|one| Some(*one) != finding.resource.as_ref()) {
        let _ = writeln!(text, "  by {}", OneLine(principal));
    }
    wrapped(text, "  ", &finding.message);
    for (index, witness) in finding.witness.iter().enumerate() {
        wrapped(text, &format!("  {}. ", index + 1), &step(witness));
    }
    if !finding.fix.is_empty() {
        wrapped(text, "  Fix: ", &finding.fix);
    }
    text.push('\n');
}

fn step(witness: &Witness) -> String {
    let mut text = format!("{} {} on {}", witness.principal, witness.action, witness.resource);
    let granted: Vec<_> = witness
        .statements
        .iter()
        .filter(|one| one.effect == "Allow")
        .map(|one| format!("{} {}, statement {}", one.layer, one.policy, one.index))
        .collect();
    if !granted.is_empty() {
        let _ = write!(text, " — {}", granted.join("; "));
    }
    let keys: Vec<_> = witness.depends_on.iter().filter_map(|one| one.key.as_deref().or(one.why)).collect();
    if !keys.is_empty() {
        let _ = write!(text, "; depends on {}", keys.join(", "));
    }
    if let Some(assumes) = &witness.assumes {
        let _ = write!(text, "; assumes that {assumes}");
    }
    text
}

/// Long names are not broken: they are to be copied.
fn wrapped(text: &mut String, lead: &str, content: &str) {
    let content = OneLine(content).to_string();
    let indent = " ".repeat(if lead.trim().is_empty() { lead.len() } else { lead.len() - lead.trim_start().len() + 2 });
    let options = textwrap::Options::new(WIDTH).initial_indent(lead).subsequent_indent(&indent);
    let _ = writeln!(text, "{}", textwrap::fill(&content, options.break_words(false)));
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
