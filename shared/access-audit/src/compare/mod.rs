//! What changed since an earlier audit, in words of who gained and lost what.
//!
//! What can't be seen now is not gone: it is unknown, and stays known as it was. What could not be seen before is not new.

mod known;
mod reached;
#[cfg(test)]
mod tests;
mod text;

pub use known::Baseline;
pub use text::Notice;

use crate::Report;
use crate::finding::Severity;
use known::{Known, Reach};
use serde::Serialize;
use std::collections::BTreeMap;

/// Of a report, and of what is kept of it.
const SCHEMA: u32 = 1;

/// One thing that became so, or is so no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `kms-access` where who reaches a key changed.
    pub control: String,
    pub severity: Severity,
    pub resource: Option<String>,
    pub principal: Option<String>,
    /// A sentence without its subject, or with it where a key was gained or lost.
    pub message: String,
    /// About a role of Cordon's.
    pub own: bool,
}

/// The worst first in each list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    pub new: Vec<Change>,
    pub gone: Vec<Change>,
    /// What is wrong by controls that could not look before: since when is not known.
    pub first_seen: Vec<Change>,
    /// Earlier findings that can't be looked at now.
    pub unknown: usize,
}

/// Resource and principal.
type About<'a> = (Option<&'a str>, Option<&'a str>);

impl Changes {
    /// `is_own` tells Cordon's own roles by their ARN.
    pub(crate) fn between(before: &Baseline, now: &Report, is_own: impl Fn(&str) -> bool) -> Self {
        let current: Vec<Known> = now.findings.iter().map(Known::of).collect();
        let (earlier, later) = (by_control(&before.findings), by_control(&current));
        let sees = |controls: &ByControl<'_>, control: &str| {
            controls.get(control).is_some_and(|findings| !findings.iter().any(|one| one.is_blind()))
        };
        let mut changes = Self::default();
        for (control, findings) in &later {
            let known = earlier.get(control).map(Vec::as_slice).unwrap_or_default();
            let list = if sees(&earlier, control) { &mut changes.new } else { &mut changes.first_seen };
            list.extend(beyond(findings, known).into_iter().map(|one| change(one, &is_own)));
        }
        for (control, findings) in &earlier {
            let still = later.get(control).map(Vec::as_slice).unwrap_or_default();
            let missing = beyond(findings, still);
            if sees(&later, control) {
                changes.gone.extend(missing.into_iter().map(|one| change(one, &is_own)));
            } else {
                changes.unknown += missing.len();
            }
        }
        reached::compare(before.decrypt.as_deref(), now, &mut changes, &is_own);
        for list in [&mut changes.new, &mut changes.gone, &mut changes.first_seen] {
            list.sort_by(|one, other| one.rank().cmp(&other.rank()));
        }
        changes
    }

    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty() && self.first_seen.is_empty()
    }
}

impl Change {
    /// Cordon's own first, then the worst.
    fn rank(&self) -> impl Ord {
        let Self { control, severity, resource, principal, message, own } = self;
        (!own, std::cmp::Reverse(*severity), control, principal, resource, message)
    }
}

impl Baseline {
    /// What the next audit is compared with: this one, and of what it could not see what was known before.
    pub fn of(report: &Report, before: Option<&Self>) -> Self {
        let current: Vec<Known> = report.findings.iter().map(Known::of).collect();
        let readers = report.decrypt.as_ref().map(|readers| readers.iter().map(Reach::of).collect::<Vec<_>>());
        let mut next = Self { schema: SCHEMA, account: report.account.clone(), findings: Vec::new(), decrypt: readers };
        let before = before.filter(|before| before.account == next.account || next.account.is_empty());
        let Some(before) = before else {
            return Self { findings: current, ..next };
        };
        next.account.clone_from(&before.account);
        let earlier = by_control(&before.findings);
        for (control, now) in by_control(&current) {
            let known = earlier.get(control).map(Vec::as_slice).unwrap_or_default();
            let is_blind = |findings: &[&Known]| findings.iter().any(|one| one.is_blind());
            // A control that saw everything before, and doesn't now, is compared with then the next time that it does.
            let (all, more) = match (is_blind(&now), known.is_empty() || is_blind(known)) {
                (false, _) => (now.clone(), Vec::new()),
                (true, true) => (now.clone(), beyond(known, &now)),
                (true, false) => (known.to_vec(), beyond(&now, known)),
            };
            next.findings.extend(all.into_iter().chain(more).cloned());
        }
        reached::keep(&mut next, before, report);
        next
    }
}

type ByControl<'a> = BTreeMap<&'a str, Vec<&'a Known>>;

fn by_control(findings: &[Known]) -> ByControl<'_> {
    let mut controls = ByControl::new();
    for one in findings {
        controls.entry(one.control.as_str()).or_default().push(one);
    }
    controls
}

/// What is wrong in `these` and not in `those`, of one control. A finding about the same whose words changed, such as a
/// path or a number of days, is the same one.
fn beyond<'a>(these: &[&'a Known], those: &[&Known]) -> Vec<&'a Known> {
    let mut known: BTreeMap<About<'_>, Vec<String>> = BTreeMap::new();
    for one in those.iter().filter(|one| one.counts()) {
        known.entry(about(one)).or_default().push(gist(&one.message));
    }
    let mut others: BTreeMap<About<'a>, Vec<&'a Known>> = BTreeMap::new();
    for one in these.iter().filter(|one| one.counts()) {
        let alike = known.get_mut(&about(one));
        let same = alike.and_then(|gists| Some((gists.iter().position(|other| *other == gist(&one.message))?, gists)));
        match same {
            Some((at, gists)) => drop(gists.swap_remove(at)),
            None => others.entry(about(one)).or_default().push(one),
        }
    }
    let left = |(about, rest): (About<'a>, Vec<&'a Known>)| {
        let changed = known.get(&about).map_or(0, Vec::len);
        rest.into_iter().skip(changed)
    };
    others.into_iter().flat_map(left).collect()
}

fn about(one: &Known) -> About<'_> {
    (one.resource.as_deref(), one.principal.as_deref())
}

/// A message without its counts; what has as many digits as an account's id is a name.
fn gist(message: &str) -> String {
    let mut gist = String::new();
    let mut digits = String::new();
    for character in message.chars().chain(std::iter::once(' ')) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        if !digits.is_empty() {
            gist.push_str(if digits.len() < 12 { "#" } else { &digits });
            digits.clear();
        }
        gist.push(character);
    }
    gist
}

fn change(one: &Known, is_own: impl Fn(&str) -> bool) -> Change {
    let names = one.principal.iter().chain(&one.resource);
    Change {
        own: names.into_iter().any(|name| is_own(name)),
        control: one.control.clone(),
        severity: one.severity,
        resource: one.resource.clone(),
        principal: one.principal.clone(),
        message: one.message.clone(),
    }
}
