//! Where the evidence bucket holds what: `evidence/INCIDENT/…`.

use crate::statement::Capture;
use containment::ids::IncidentId;

const HEADS: &str = "heads/";
const MANIFESTS: &str = "manifests/";

/// What all keys of the incident begin with.
pub fn prefix(incident: &IncidentId) -> String {
    format!("evidence/{incident}/")
}

/// Numbered as events are, so that a listing has signed heads in order.
pub fn head(incident: &IncidentId, sequence: u32) -> String {
    format!("{}{HEADS}{sequence:06}.jsonl", prefix(incident))
}

pub fn manifest(incident: &IncidentId, capture: Capture) -> String {
    format!("{}{MANIFESTS}{capture}.jsonl", prefix(incident))
}

/// Whether only a signed document may lie under `key`; anything else is an object that a manifest lists.
pub fn is_signed(incident: &IncidentId, key: &str) -> bool {
    let rest = key.strip_prefix(&prefix(incident)).unwrap_or_default();
    rest.starts_with(HEADS) || rest.starts_with(MANIFESTS)
}
