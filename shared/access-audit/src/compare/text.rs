//! What people are told of changes.

use super::{Change, Changes};
use crate::Report;
use crate::finding::{Severity, Status};
use std::fmt::Write;

/// Changes that a notice names; the rest is counted. SNS takes 256 KB, and a person less.
const NAMED: usize = 40;
/// Characters of one change. Names and messages are as long as whoever chose them wanted.
const SHOWN: usize = 600;

/// What is sent to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub subject: String,
    pub text: String,
}

impl Changes {
    /// `None` where nothing is new or gone.
    pub fn notice(&self, account: &str) -> Option<Notice> {
        if self.is_empty() {
            return None;
        }
        let subject = format!("Cordon audit of {account}: {}", self.summary());
        Some(Notice { text: format!("{subject}\n\n{}", self.text()), subject })
    }

    /// "3 new (1 critical), 2 gone".
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        for (list, word) in [(&self.new, "new"), (&self.first_seen, "seen for the first time")] {
            if list.is_empty() {
                continue;
            }
            let critical = list.iter().filter(|one| one.severity == Severity::Critical).count();
            let which = if critical > 0 { format!(" ({critical} critical)") } else { String::new() };
            parts.push(format!("{} {word}{which}", list.len()));
        }
        if !self.gone.is_empty() {
            parts.push(format!("{} gone", self.gone.len()));
        }
        if self.unknown > 0 {
            parts.push(format!("{} can't be looked at now", self.unknown));
        }
        if parts.is_empty() { "nothing changed".to_owned() } else { parts.join(", ") }
    }

    /// A line a change, the worst first.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (list, word) in [(&self.new, "NEW"), (&self.first_seen, "FIRST SEEN"), (&self.gone, "GONE")] {
            for one in list.iter().take(NAMED) {
                let _ = writeln!(text, "{word}  {}", line(one));
            }
            if let Some(more) = list.len().checked_sub(NAMED).filter(|more| *more > 0) {
                let _ = writeln!(text, "{word}  and {more} more");
            }
        }
        text
    }
}

impl Report {
    /// What people are told of the first audit: how much there is, and the worst of it.
    pub fn first_notice(&self) -> Notice {
        let failing: Vec<_> = self.with(Status::Fail).filter(|finding| finding.suppressed.is_none()).collect();
        let worst = failing.iter().filter(|finding| finding.severity == Severity::Critical);
        let lines: Vec<_> = worst
            .clone()
            .take(NAMED)
            .map(|one| {
                let about = one.principal.as_ref().or(one.resource.as_ref());
                plain(&format!("critical {} {}: {}", one.control, about.map_or("", String::as_str), one.message))
            })
            .collect();
        let subject = format!(
            "Cordon's first audit of {}: {} findings, {} of them critical",
            self.account,
            failing.len(),
            worst.count()
        );
        let text = format!("{subject}\n\n{}\nFrom now on you are told what is new or gone.\n", lines.join("\n"));
        Notice { subject, text }
    }
}

fn line(one: &Change) -> String {
    let severity = match one.severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    };
    let own = if one.own { "CORDON'S OWN " } else { "" };
    let about = one.principal.as_ref().or(one.resource.as_ref());
    let about = about.filter(|name| !one.message.contains(name.as_str()));
    let about = about.map_or(String::new(), |name| format!(" {name}:"));
    plain(&format!("{own}{severity} {}{about} {}", one.control, one.message))
}

/// On one line, without what turns a terminal's direction or colour, and not for ever.
fn plain(text: &str) -> String {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut plain: String = text.chars().filter(|one| !is_hidden(*one)).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        plain.push('…');
    }
    plain
}
