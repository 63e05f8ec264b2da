//! Exit codes, which are part of the command-line contract.

use ports::PortError;
use std::process::ExitCode;
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Error = 1,
    Usage = 2,
    /// A guard, or another rule, stands in the way; nothing was changed.
    Refused = 3,
    PartlyContained = 4,
    ReleaseIncomplete = 5,
    CouldNotCheck = 6,
    /// An audit's worst finding.
    FoundLow = 11,
    FoundMedium = 12,
    FoundHigh = 13,
    FoundCritical = 14,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work, and what to do about it.
#[derive(Debug, Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Other(String),
    /// Something could not be read: no answer is known, which is not a good one.
    #[error("{0}")]
    Unchecked(String),
}

impl Failed {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Other(_) => Exit::Error,
            Self::Unchecked(_) => Exit::CouldNotCheck,
        }
    }
}

/// AWS's refusals, with what a person can do about each.
pub(crate) fn explained(error: &PortError) -> String {
    let advice = match error.kind {
        ports::ErrorKind::Denied => {
            "your credentials may have expired (sign in again), or lack the stack's Viewer, Operator or Approver policy"
        }
        ports::ErrorKind::Gone => "check the account, the Region, and --stack or CORDON_STACK",
        ports::ErrorKind::Throttled => "AWS asks for fewer calls; try again in a moment",
        ports::ErrorKind::Transient => "check the network, then try again",
        ports::ErrorKind::Conflict => "something else is changing it; look, then try again",
        ports::ErrorKind::Rejected => "nothing was changed by this call",
    };
    format!("{error}; {advice}")
}
