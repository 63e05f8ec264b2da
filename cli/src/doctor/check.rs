//! What a check found, and what to do about it.

use crate::exit::explained;
use ports::{ErrorKind, PortError, PortResult};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Check {
    /// Stable: scripts and runbooks name it.
    pub(super) id: &'static str,
    /// The resource's logical id, or what else it is about.
    pub(super) subject: String,
    pub(super) finding: Finding,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Finding {
    Problem(Problem),
    /// Nothing is known, which is no pass.
    Unchecked(String),
    Ok,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) fix: Fix,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fix {
    /// For a shell.
    Command(String),
    /// For a person.
    Advice(String),
}

pub(super) type Verdict = Result<(), Problem>;

/// A problem that a command mends.
pub(super) fn mended_by(what: impl Into<String>, command: impl Into<String>) -> Verdict {
    Err(Problem { what: what.into(), fix: Fix::Command(command.into()) })
}

/// A problem that takes a person.
pub(super) fn advised(what: impl Into<String>, advice: impl Into<String>) -> Verdict {
    Err(Problem { what: what.into(), fix: Fix::Advice(advice.into()) })
}

impl Check {
    pub(super) fn new(id: &'static str, subject: &str, verdict: Verdict) -> Self {
        let finding = verdict.map_or_else(Finding::Problem, |()| Finding::Ok);
        Self { id, subject: subject.to_owned(), finding }
    }

    /// Judges what was read; a failed read is a finding of its own.
    pub(super) fn of<T>(
        id: &'static str,
        subject: &str,
        read: &PortResult<T>,
        judge: impl FnOnce(&T) -> Verdict,
    ) -> Self {
        match read {
            Ok(value) => Self::new(id, subject, judge(value)),
            Err(error) if error.kind == ErrorKind::Gone => {
                let advice = "make it again as the template has it, or take it out of the stack and deploy again";
                Self::new(id, subject, advised("the deployment needs it, and it does not exist", advice))
            }
            Err(error) => Self::unchecked(id, subject, error),
        }
    }

    pub(super) fn unchecked(id: &'static str, subject: &str, error: &PortError) -> Self {
        Self { id, subject: subject.to_owned(), finding: Finding::Unchecked(explained(error)) }
    }

    pub(super) fn json(&self) -> Value {
        let mut check = json!({"id": self.id, "subject": self.subject, "finding": self.finding.name()});
        if let Value::Object(members) = &mut check {
            match &self.finding {
                Finding::Ok => {}
                Finding::Unchecked(why) => drop(members.insert("why".to_owned(), json!(why))),
                Finding::Problem(Problem { what, fix: Fix::Command(fix) | Fix::Advice(fix) }) => {
                    members.insert("what".to_owned(), json!(what));
                    members.insert("fix".to_owned(), json!(fix));
                }
            }
        }
        check
    }
}

impl Finding {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Problem(_) => "problem",
            Self::Unchecked(_) => "could-not-check",
            Self::Ok => "ok",
        }
    }
}

/// Text from outside as one word of a command for a shell.
pub(super) fn word(text: &str) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "-_./:=@".contains(one);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Check, Finding, word};
    use ports::{ErrorKind, PortError};

    #[test]
    fn only_an_answer_passes() {
        let failed = |kind| Err::<(), _>(PortError::new("x", kind, None, "no"));
        assert_eq!(Check::of("id", "It", &Ok(()), |()| Ok(())).finding, Finding::Ok);
        for kind in [ErrorKind::Denied, ErrorKind::Throttled, ErrorKind::Transient, ErrorKind::Rejected] {
            let check = Check::of("id", "It", &failed(kind), |()| Ok(()));
            assert_eq!(check.finding.name(), "could-not-check", "{kind}");
        }
        assert_eq!(Check::of("id", "It", &failed(ErrorKind::Gone), |()| Ok(())).finding.name(), "problem");
    }

    #[test]
    fn a_name_from_outside_stays_one_word_of_a_command() {
        assert_eq!(word("web-1"), "web-1");
        assert_eq!(word("a; rm -rf '$HOME'"), r"'a; rm -rf '\''$HOME'\'''");
        assert_eq!(word(""), "''");
    }
}
