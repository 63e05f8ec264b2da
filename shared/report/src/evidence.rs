//! What was kept of an incident, and what could not be.

use serde::Serialize;
use time::OffsetDateTime;

/// One object that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceItem {
    /// What it is, in words: "console output".
    pub what: String,
    /// `s3://BUCKET/KEY`, or an id such as a snapshot's.
    pub location: String,
    /// The S3 version that the digest is of.
    pub version: Option<String>,
    pub bytes: Option<u64>,
    /// Lower-case hexadecimal, of the object's bytes. `None` where AWS gives none to read, as of a snapshot.
    pub sha256: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub captured_at: OffsetDateTime,
}

/// A capture that was tried, or due, and that nobody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingEvidence {
    pub what: String,
    pub why: String,
}
