//! Where the AWS console shows what an incident is about.

use crate::{Console, Place, is_confirmed};
use containment::incident::Incident;

/// Name → link. Only for what AWS confirmed: the names of an unconfirmed signal are anybody's.
pub(crate) fn links(incident: &Incident, place: &Place<'_>) -> Vec<(&'static str, String)> {
    let Some(console) = Console::of(place.partition, place.region).filter(|_| is_confirmed(incident)) else {
        return Vec::new();
    };
    let mut links = Vec::new();
    let mut add = |name, link: Option<String>| links.extend(link.map(|link| (name, link)));
    add("instance", incident.instance.as_ref().map(|instance| console.instance(instance.as_str())));
    add("alarm", incident.alarm.as_ref().map(|alarm| console.alarm(alarm.name())));
    add("group", incident.group.as_ref().map(|group| console.group(group.as_str())));
    let folder = || console.folder(place.evidence_bucket, &format!("evidence/{}/", incident.id));
    add("evidence", (!incident.evidence.is_empty()).then(folder));
    links
}
