//! Why bytes are not a signal. Every message names the field and says what was expected there.

use crate::quoted::Quoted;

/// No variant holds foreign text as it came: whatever is quoted was escaped and cut when the error was made, so that
/// both `Display` and `Debug` may go into a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    #[error("the event has {bytes} bytes; at most {limit} are read")]
    TooLarge { bytes: usize, limit: usize },
    #[error("{field}: not JSON: {problem}")]
    NotJson { field: String, problem: String },
    /// JSON parsers disagree on which of two equal keys counts, so none does.
    #[error("{field}: the key {key} occurs more than once in one object; send it once")]
    RepeatedKey { field: String, key: String },
    #[error("{field}: required, but missing or null")]
    Missing { field: String },
    #[error("{field}: {problem}")]
    Invalid { field: String, problem: String },
    #[error("{field}: not a field of this request; leave it out or correct its name (found {name})")]
    UnknownField { field: String, name: String },
    #[error("{field}: {problem}")]
    UnknownShape { field: String, problem: String },
    #[error("{field}: belongs to partition {found}, but Cordon is deployed in {expected}")]
    OtherPartition { field: String, found: String, expected: String },
    #[error("Records: {found} records, at most {limit} are read from one event")]
    TooManyRecords { found: usize, limit: usize },
    #[error("{field}: {found} entries, at most {limit} are read")]
    TooMany { field: String, found: usize, limit: usize },
    #[error("{field}: the dimension {name} occurs more than once in one metric")]
    RepeatedDimension { field: String, name: String },
}

impl SignalError {
    /// A stable word for log fields and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotJson { .. } => "not_json",
            Self::RepeatedKey { .. } => "repeated_key",
            Self::Missing { .. } => "missing",
            Self::Invalid { .. } => "invalid",
            Self::UnknownField { .. } => "unknown_field",
            Self::UnknownShape { .. } => "unknown_shape",
            Self::OtherPartition { .. } => "other_partition",
            Self::TooManyRecords { .. } => "too_many_records",
            Self::TooMany { .. } => "too_many",
            Self::RepeatedDimension { .. } => "repeated_dimension",
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, problem: impl ToString) -> Self {
        Self::Invalid { field: field.into(), problem: problem.to_string() }
    }

    pub(crate) fn unknown_shape(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::UnknownShape { field: field.into(), problem: problem.into() }
    }

    pub(crate) fn repeated_dimension(field: impl Into<String>, name: &str) -> Self {
        Self::RepeatedDimension { field: field.into(), name: Quoted(name).to_string() }
    }
}
