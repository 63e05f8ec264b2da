use std::fmt;
use thiserror::Error;

pub type PortResult<T> = Result<T, PortError>;

/// What a caller may do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// AWS asked for fewer calls; the same call succeeds later.
    Throttled,
    /// The role lacks a permission: a person must change something.
    Denied,
    /// What the call is about doesn't exist (any more, or not yet visible).
    Gone,
    /// Its present state doesn't allow the call; reading it again tells what to do.
    Conflict,
    /// Timeouts, connection failures, AWS's internal errors: the same call may succeed.
    Transient,
    /// AWS refuses the request for a reason that a repetition doesn't change, or answered what Cordon can't read.
    Rejected,
}

impl ErrorKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Gone => "gone",
            Self::Conflict => "conflict",
            Self::Transient => "transient",
            Self::Rejected => "rejected",
        }
    }

    /// Whether repeating the same call may help.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Throttled | Self::Transient | Self::Conflict)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A call that failed. `message` is AWS's text, bounded and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation} was {kind}{}: {message}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct PortError {
    /// `service:Operation`, as in an IAM policy.
    pub operation: &'static str,
    pub kind: ErrorKind,
    /// AWS's error code, where there was one.
    pub code: Option<String>,
    pub message: String,
}

impl PortError {
    pub fn new(operation: &'static str, kind: ErrorKind, code: Option<&str>, message: &str) -> Self {
        let message = message.chars().filter(|character| !character.is_control()).take(300).collect();
        Self { operation, kind, code: code.map(ToOwned::to_owned), message }
    }

    /// An answer of AWS's that lacks what its documentation promises.
    pub fn unreadable(operation: &'static str, problem: impl fmt::Display) -> Self {
        Self::new(operation, ErrorKind::Rejected, None, &format!("unreadable answer: {problem}"))
    }
}
