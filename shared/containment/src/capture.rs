//! Captures of evidence, as the journal knows them. What they stored, and that nobody changed it, is the evidence's own
//! manifest's to say.

use crate::figure::Figure;
use serde::{Deserialize, Serialize};
use std::fmt;
use time::{Duration, OffsetDateTime};

/// CloudTrail shows what an instance's sessions did some 15 minutes late.
pub const LATER_AFTER: Duration = Duration::minutes(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capture {
    AtContainment,
    /// Again, once CloudTrail and the like have caught up.
    Later,
}

impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtContainment => "at-containment",
            Self::Later => "later",
        })
    }
}

/// A capture that ended with a signed manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    pub capture: Capture,
    /// The manifest's key in the evidence bucket.
    pub manifest: String,
    /// Lower-case hexadecimal SHA-256 of the manifest as stored, its signature included.
    pub sha256: String,
    /// How many objects it lists.
    pub objects: usize,
    /// What could not be captured.
    pub missing: Vec<Missing>,
    #[serde(with = "time::serde::rfc3339")]
    pub captured_at: OffsetDateTime,
    /// What the captured metrics say of the instance, its band and its peers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub name: String,
    pub why: String,
}
