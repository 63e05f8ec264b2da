//! Who gained and who lost a key.

use super::known::{Baseline, Reach};
use super::{Change, Changes};
use crate::Report;
use crate::finding::{Severity, Status};
use std::collections::{BTreeMap, BTreeSet};

const CONTROL: &str = "kms-access";
/// Whoever has one of these can give themselves the others.
const POWERS: [&str; 2] = ["kms:PutKeyPolicy", "kms:CreateGrant"];

/// Key and principal.
type Pair<'a> = (&'a str, &'a str);

pub(super) fn compare(before: Option<&[Reach]>, now: &Report, changes: &mut Changes, is_own: impl Fn(&str) -> bool) {
    let (Some(before), Some(readers)) = (before, &now.decrypt) else { return };
    let now_reached: Vec<Reach> = readers.iter().map(Reach::of).collect();
    let (earlier, later) = (operations(before), operations(&now_reached));
    let unseen = unseen(now);
    for (pair, (operations, ways)) in &later {
        let known = earlier.get(pair).map(|(operations, _)| operations);
        let gained = operations.iter().filter(|one| !known.is_some_and(|known| known.contains(**one))).copied();
        changes.new.extend(told(pair, "gained", &gained.collect::<Vec<_>>(), ways, &is_own));
    }
    for (pair, (operations, ways)) in &earlier {
        let known = later.get(pair).map(|(operations, _)| operations);
        let lost = operations.iter().filter(|one| !known.is_some_and(|known| known.contains(**one))).copied();
        let lost: Vec<&str> = lost.collect();
        if unseen.hides(pair.0) {
            changes.unknown += usize::from(!lost.is_empty());
        } else {
            changes.gone.extend(told(pair, "lost", &lost, ways, &is_own));
        }
    }
}

/// What is known from before of keys that can't be seen now stays known.
pub(super) fn keep(next: &mut Baseline, before: &Baseline, report: &Report) {
    let Some(known) = &before.decrypt else { return };
    let unseen = unseen(report);
    let Some(now) = &mut next.decrypt else {
        next.decrypt = Some(known.clone());
        return;
    };
    let kept: Vec<Reach> =
        known.iter().filter(|reach| unseen.hides(&reach.key) && !now.contains(reach)).cloned().collect();
    now.extend(kept);
}

/// Keys of which something could not be read.
enum Unseen<'a> {
    Any,
    Some(BTreeSet<&'a str>),
}

impl Unseen<'_> {
    fn hides(&self, key: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Some(keys) => keys.contains(key),
        }
    }
}

fn unseen(report: &Report) -> Unseen<'_> {
    let of_keys = report.findings.iter().filter(|one| one.control.starts_with("kms-") && one.status == Status::Error);
    let mut keys = BTreeSet::new();
    for finding in of_keys {
        match finding.resource.as_deref() {
            Some(key) => drop(keys.insert(key)),
            // A principal, or an entry that may be any key.
            None => return Unseen::Any,
        }
    }
    Unseen::Some(keys)
}

/// Of each pair, its operations, and the ways by which it has them.
fn operations<'a>(reached: &'a [Reach]) -> BTreeMap<Pair<'a>, (BTreeSet<&'a str>, Vec<&'a Reach>)> {
    let mut all: BTreeMap<Pair<'a>, (BTreeSet<&'a str>, Vec<&'a Reach>)> = BTreeMap::new();
    for reach in reached {
        let (operations, ways) = all.entry((&reach.key, &reach.principal)).or_default();
        operations.extend(reach.operations.iter().map(String::as_str));
        ways.push(reach);
    }
    all
}

fn told(pair: &Pair<'_>, verb: &str, of: &[&str], ways: &[&Reach], is_own: impl Fn(&str) -> bool) -> Option<Change> {
    let (key, principal) = pair;
    let first = of.first()?;
    let way = ways.iter().find(|way| way.operations.iter().any(|operation| operation == first))?;
    let mut through = way.by.join(" and ").replace("iam", "IAM policies").replace("key-policy", "the key policy");
    through = through.replace("role-chain", "assuming roles");
    if !way.via.is_empty() {
        through = format!("{through} ({})", way.via.join(", then "));
    }
    let severity = if of.iter().any(|one| POWERS.contains(one)) { Severity::High } else { Severity::Medium };
    Some(Change {
        control: CONTROL.to_owned(),
        severity,
        resource: Some((*key).to_owned()),
        principal: Some((*principal).to_owned()),
        message: format!("{principal} {verb} {} on {key} through {through}", of.join(", ")),
        own: is_own(principal),
    })
}
