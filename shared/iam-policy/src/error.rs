//! What is wrong with a policy or a request, where, and what to do about it.

use std::fmt;
use thiserror::Error;

/// The most of a foreign text that a message shows.
const SHOWN: usize = 80;

/// Why something could not be read. Nothing that could not be read is ever evaluated in part.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{at}: {problem}")]
pub struct PolicyError {
    /// Where: `Statement[2].Condition.StringEquals`, or what was read as a whole.
    pub at: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl PolicyError {
    pub fn new(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { at: at.into(), problem: problem.into() }
    }

    /// The same within something larger: `Statement[0]` of `identity_policies[3]`.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        Self { at: format!("{outer}: {}", self.at), problem: self.problem }
    }
}

/// Something that is accepted but deserves to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub at: String,
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// Foreign text, fit for one line of a log: quoted, escaped and cut.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = text.chars().take(SHOWN).collect::<String>();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_in_a_message_can_neither_steer_a_terminal_nor_fill_it() {
        assert_eq!(quoted("a\u{1b}[31m\u{202e}"), r#""a\u{1b}[31m\u{202e}""#);
        assert!(quoted(&"x".repeat(10_000)).len() < 100);
    }

    #[test]
    fn an_error_within_something_names_both() {
        let error = PolicyError::new("Statement[0].Effect", "missing").within("scps[0][1]");
        assert_eq!(error.to_string(), "scps[0][1]: Statement[0].Effect: missing");
    }
}
