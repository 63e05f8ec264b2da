//! Which actions were used, which were not, and of which nothing is known.

use crate::last_accessed::{Accessed, Service};
use iam_policy::Catalogue;
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};

/// IAM records no use of it, since it is no call by itself.
const NEVER_TRACKED: [&str; 1] = ["iam:passrole"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Used,
    Unused,
    /// AWS tells nothing of it; it is kept.
    Untracked,
}

pub(super) struct Used<'a> {
    accessed: &'a Accessed,
    /// What was last used before is unused.
    pub(super) since: OffsetDateTime,
    /// Until when use is known.
    pub(super) until: OffsetDateTime,
    pub(super) days: u16,
    pub(super) now: OffsetDateTime,
}

impl<'a> Used<'a> {
    /// The window ends when the job did: of what was used later it tells nothing.
    pub(super) fn new(accessed: &'a Accessed, now: OffsetDateTime, days: u16) -> Self {
        let until = accessed.completed.map_or(now, |completed| completed.min(now));
        Self { accessed, since: until - Duration::days(days.into()), until, days, now }
    }

    /// `lower`: `service:action` in lower case.
    pub(super) fn verdict(&self, lower: &str) -> Verdict {
        let Some((service, name)) = lower.split_once(':') else { return Verdict::Untracked };
        if NEVER_TRACKED.contains(&lower) {
            return Verdict::Untracked;
        }
        let Some(known) = self.accessed.services.get(service) else { return Verdict::Untracked };
        if !known.used_since(self.since) {
            return Verdict::Unused;
        }
        let tracked = known.actions.as_ref().and_then(|actions| actions.get(name));
        match tracked.map(|action| action.last.is_some_and(|last| last >= self.since)) {
            Some(true) => Verdict::Used,
            // Of a service that the catalogue doesn't know nobody can list what else a wildcard stands for.
            Some(false) if Catalogue::shipped().service(service).is_some() => Verdict::Unused,
            Some(false) | None => Verdict::Untracked,
        }
    }

    /// Of actions of the service that nobody can list.
    pub(super) fn verdict_of_unlisted(&self, service: &str) -> Verdict {
        self.verdict(&format!("{service}:-"))
    }

    /// Namespaces in lower case: those of the catalogue, and those that the answer adds.
    pub(super) fn services(&self) -> BTreeSet<&str> {
        let catalogue = Catalogue::shipped().services().iter().map(|service| service.prefix);
        catalogue.chain(self.accessed.services.keys().map(String::as_str)).collect()
    }

    /// The service's actions that can be listed, as AWS writes them: those of the catalogue, and those that the answer adds.
    pub(super) fn actions_of(&self, service: &str) -> Vec<String> {
        let catalogue = Catalogue::shipped();
        let known = catalogue.service(service).map_or(&[][..], |known| catalogue.actions_of(known));
        let mut names: Vec<String> = known.iter().map(|action| format!("{service}:{}", action.name)).collect();
        let tracked = self.accessed.services.get(service).and_then(|known| known.actions.as_ref());
        for (lower, action) in tracked.into_iter().flatten() {
            if catalogue.action(&format!("{service}:{lower}")).is_none() {
                names.push(format!("{service}:{}", action.name));
            }
        }
        names
    }

    /// Everything that was used, as far as it is known by action.
    pub(super) fn observed(&self) -> impl Iterator<Item = String> {
        let of = |(name, service): (&String, &Service)| {
            let used = service.actions.iter().flat_map(|actions| actions.values());
            let used = used.filter(|action| action.last.is_some_and(|last| last >= self.since));
            used.map(|action| format!("{name}:{}", action.name)).collect::<Vec<_>>()
        };
        self.accessed.services.iter().flat_map(of)
    }
}
