//! Reads everything that is kept of one incident. The bucket first, then the table's head, then the events: in another
//! order a record that grows meanwhile would look as if something had been removed.

use crate::deployment::{Deployment, Settings};
use crate::exit::{Failed, explained};
use crate::told;
use aws_adapters::StoredVersion;
use containment::ids::IncidentId;
use evidence::bundle::{Bundle, ObjectVersion, Reading};
use evidence::content::Content;
use evidence::keys;
use futures::stream::{self, StreamExt};
use ports::PortResult;
use std::collections::BTreeMap;

/// Objects are small, so the wait is in the round trips.
const READS_AT_ONCE: usize = 16;

/// The bundle, and the bytes of its objects.
pub(crate) struct Kept {
    pub(crate) bundle: Bundle,
    pub(crate) bytes: BTreeMap<ObjectVersion, Vec<u8>>,
}

pub(crate) async fn read(deployment: &Deployment, settings: &Settings, id: &str) -> Result<Kept, Failed> {
    let incident = IncidentId::new(id);
    let bucket = settings.evidence(&deployment.clients)?;
    let versions = bucket.versions(&keys::prefix(&incident)).await;
    let versions = versions.map_err(|error| Failed::Unchecked(explained(&error)))?;
    let mut kept = Kept {
        bundle: Bundle {
            incident: incident.clone(),
            events: Vec::new(),
            head: None,
            signed: BTreeMap::new(),
            objects: BTreeMap::new(),
        },
        bytes: BTreeMap::new(),
    };
    let reads =
        stream::iter(versions).map(async |version| (bucket.read(&version).await, version)).buffered(READS_AT_ONCE);
    let read: Vec<_> = reads.collect().await;
    for (answer, version) in read {
        kept.take(&incident, version, answer);
    }
    let journal = settings.journal(&deployment.clients)?;
    let (events, head) = told::read(&*journal, id).await?;
    kept.bundle.events = events;
    kept.bundle.head = Some(head);
    Ok(kept)
}

impl Kept {
    /// What cannot be read is in the bundle as unread, and ends as not checked.
    fn take(&mut self, incident: &IncidentId, version: StoredVersion, answer: PortResult<Vec<u8>>) {
        let read = answer.map_err(|error| error.to_string());
        let version = ObjectVersion { key: version.key, version_id: version.version_id };
        match (keys::is_signed(incident, &version.key), read) {
            (true, Ok(bytes)) => drop(self.bundle.signed.insert(version, Reading::Read(bytes))),
            (true, Err(why)) => drop(self.bundle.signed.insert(version, Reading::Unread(why))),
            (false, Ok(bytes)) => {
                self.bundle.objects.insert(version.clone(), Reading::Read(Content::of(&bytes)));
                self.bytes.insert(version, bytes);
            }
            (false, Err(why)) => drop(self.bundle.objects.insert(version, Reading::Unread(why))),
        }
    }
}
