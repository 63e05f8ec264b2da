//! Everything that was read of one incident, as it was found and before anything of it is believed.

use crate::content::Content;
use containment::ids::IncidentId;
use containment::journal::{Head, SealedEvent};
use serde::{Deserialize, Serialize};
use signal::Quoted;
use std::collections::BTreeMap;
use std::fmt;

/// A journal grows while it is read, so read in this order: the bucket, then the table's head, then the events up to
/// it. Otherwise a new signed head would seem to speak of events that were removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    pub incident: IncidentId,
    /// In the table's order.
    pub events: Vec<SealedEvent>,
    /// The table's head item, if there is one.
    pub head: Option<Head>,
    /// All versions of all objects for which [`crate::keys::is_signed`] holds, as stored.
    pub signed: BTreeMap<ObjectVersion, Reading<Vec<u8>>>,
    /// All versions of all other objects under the incident's prefix.
    pub objects: BTreeMap<ObjectVersion, Reading<Content>>,
}

/// One version of an object. Object Lock keeps versions, not what a listing without versions shows: a delete marker
/// hides an object, and a new version covers it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectVersion {
    pub key: String,
    /// Given by S3 after the bytes were signed for, so nothing vouches for it.
    pub version_id: String,
}

/// Keys are foreign text: whoever may write to the bucket chooses them.
impl fmt::Display for ObjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (version {})", Quoted(&self.key), Quoted(&self.version_id))
    }
}

/// What was got from the bucket, or why it could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading<T> {
    Read(T),
    Unread(String),
}
