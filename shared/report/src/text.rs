//! The report for a terminal: 80 columns, no colour, nothing that could steer a terminal.

use crate::content::Content;
use crate::facts::mode_name;
use crate::{Report, times};
use signal::OneLine;
use std::fmt::Display;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

const WIDTH: usize = 80;
/// The most characters of one value; `--json` has it whole.
const LONGEST: usize = 600;

/// Renders the text. Every line ends in a line feed.
pub fn text(report: &Report<'_>) -> String {
    let content = Content::of(report);
    let mut page = Page(String::new());
    heading(&mut page, report, &content);
    page.list("What happened", &content.summary.happened);
    page.list("What was done", &content.summary.done);
    if content.summary.open.is_empty() {
        page.section("Still open", |page| page.line("  ", "nothing"));
    } else {
        page.list("STILL OPEN", &content.summary.open);
    }
    timeline(&mut page, &content);
    steps(&mut page, &content);
    decisions(&mut page, &content);
    evidence(&mut page, report);
    release(&mut page, &content);
    page.0
}

struct Page(String);

impl Page {
    fn section(&mut self, title: &str, fill: impl FnOnce(&mut Self)) {
        self.0.push('\n');
        self.line("", title);
        fill(self);
    }

    fn list(&mut self, title: &str, items: &[String]) {
        self.section(title, |page| items.iter().for_each(|item| page.line("  - ", item)));
    }

    /// One value after `start`, wrapped; its further lines begin below its first.
    fn line(&mut self, start: &str, value: impl Display) {
        let hanging = " ".repeat(display_width(start));
        let shown = shown(&value.to_string());
        let options = Options::new(WIDTH).initial_indent(start).subsequent_indent(&hanging);
        // An id that is broken at its hyphen can't be searched for.
        for line in textwrap::wrap(&shown, options.word_splitter(WordSplitter::NoHyphenation)) {
            self.0.push_str(line.trim_end());
            self.0.push('\n');
        }
    }

    /// What must stay on one line to be pasted.
    fn verbatim(&mut self, value: &str) {
        self.0.push_str(&format!("  {}\n", OneLine(value)));
    }
}

fn shown(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}… (cut; --json has it whole)", OneLine(value.get(..at).unwrap_or_default())),
        None => OneLine(value).to_string(),
    }
}

fn heading(page: &mut Page, report: &Report<'_>, content: &Content) {
    let incident = report.incident;
    page.line("", format!("{} {}", content.subject, content.headline));
    let label = |name| format!("{name:<10} ");
    page.line(&label("Incident"), &incident.id);
    page.line(&label("State"), content.state);
    if let Some(name) = report.instance_name {
        page.line(&label("Name"), name);
    }
    if let Some(group) = &incident.group {
        page.line(&label("Group"), group);
    }
    if let Some(alarm) = &incident.alarm {
        page.line(&label("Alarm"), alarm.name());
    }
    page.line(&label("Account"), format!("{}, {}", report.account, report.region));
    if let Some(mode) = incident.mode {
        page.line(&label("Mode"), mode_name(mode));
    }
}

fn timeline(page: &mut Page, content: &Content) {
    page.section("Timeline (UTC; time since the alarm, then since the entry before)", |page| {
        let mut day = String::new();
        for entry in &content.timeline {
            let today = times::day(entry.at);
            if today != day {
                page.line("  ", &today);
                day = today;
            }
            let previous = entry.since_previous().map(|since| format!("+{since}")).unwrap_or_default();
            page.line(&format!("  {} {:>11} {previous:>12}  ", entry.clock(), entry.since_start()), &entry.text);
            if let Some(detail) = &entry.detail {
                page.line(&" ".repeat(15), detail);
            }
        }
    });
}

fn steps(page: &mut Page, content: &Content) {
    if content.steps.is_empty() {
        return;
    }
    page.section("Steps", |page| {
        for row in &content.steps {
            let start = format!("  {:<18} {:<13} ", row.step.to_string(), row.status);
            let since = row.since(content.start).map(|since| format!("after {since}"));
            let parts = [since, Some(row.remark()).filter(|remark| !remark.is_empty())];
            page.line(&start, parts.into_iter().flatten().collect::<Vec<_>>().join(" · "));
        }
    });
}

fn decisions(page: &mut Page, content: &Content) {
    page.section("Who and why", |page| {
        for row in &content.decisions {
            page.line("  - ", format!("{} {}: {}", row.who, row.what, row.why));
        }
    });
}

fn evidence(page: &mut Page, report: &Report<'_>) {
    page.section("Evidence", |page| {
        if report.evidence.is_empty() && report.missing.is_empty() {
            page.line("  ", "none is listed");
        }
        for missing in report.missing {
            page.line("  ! ", format!("MISSING {}: {}", missing.what, missing.why));
        }
        for item in report.evidence {
            page.line("  - ", format!("{}: {}", item.what, item.location));
            if let Some(sha256) = &item.sha256 {
                page.line("      ", format!("SHA-256 {sha256}"));
            }
        }
    });
}

fn release(page: &mut Page, content: &Content) {
    page.section("Release", |page| {
        page.line("  ", &content.release.note);
        content.release.look.iter().chain(&content.release.command).for_each(|command| page.verbatim(command));
        content.release.limits.iter().for_each(|limit| page.line("  - ", limit));
    });
}
