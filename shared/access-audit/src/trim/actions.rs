//! The actions of one Allow statement, narrowed.

use super::used::{Used, Verdict};
use iam_policy::{ActionPattern, Catalogue};
use std::collections::BTreeSet;

/// What stays, what goes, and what stays because nothing is known of it. Actions as `service:Action`, or patterns.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Narrowed {
    pub(super) kept: Vec<String>,
    pub(super) dropped: Vec<String>,
    pub(super) untracked: Vec<String>,
}

impl Narrowed {
    fn add(&mut self, more: Self) {
        self.kept.extend(more.kept);
        self.dropped.extend(more.dropped);
        self.untracked.extend(more.untracked);
    }

    /// The pattern goes.
    fn dropped(pattern: &str) -> Self {
        Self { dropped: vec![pattern.to_owned()], ..Self::default() }
    }

    /// A name or pattern stays as it is written.
    fn whole(pattern: &str, untracked: bool) -> Self {
        let kept = vec![pattern.to_owned()];
        Self { untracked: if untracked { kept.clone() } else { Vec::new() }, kept, dropped: Vec::new() }
    }

    fn each_once(mut self) -> Self {
        for list in [&mut self.kept, &mut self.dropped, &mut self.untracked] {
            let mut seen = BTreeSet::new();
            list.retain(|one| seen.insert(one.to_ascii_lowercase()));
        }
        self
    }
}

/// Of Action.
pub(super) fn of_action(patterns: &[&str], used: &Used<'_>) -> Narrowed {
    let mut all = Narrowed::default();
    for pattern in patterns {
        let (service, name) = split(pattern);
        if !is_pattern(service) {
            all.add(within(&service.to_ascii_lowercase(), name, pattern, used));
            continue;
        }
        let named = ActionPattern::new(service);
        let mut each = Narrowed::default();
        for service in used.services().into_iter().filter(|service| named.matches_lower(service)) {
            let own = format!("{service}:{name}");
            // A part of the pattern that stands for nothing is not written down.
            if Catalogue::shipped().service(service).is_none() || !matching(&own, service, used).is_empty() {
                each.add(within(service, name, &own, used));
            }
        }
        if each.dropped.is_empty() {
            each.kept = vec![(*pattern).to_owned()];
        }
        all.add(each);
    }
    all.each_once()
}

/// Of NotAction: a list of what the catalogue knows, unless all of it stays.
pub(super) fn of_not_action(patterns: &[&str], used: &Used<'_>) -> Narrowed {
    let excluded: Vec<(ActionPattern, ActionPattern)> =
        patterns.iter().map(|pattern| (ActionPattern::new(split(pattern).0), ActionPattern::new(pattern))).collect();
    let mut all = Narrowed::default();
    for service in used.services() {
        let touched: Vec<&ActionPattern> =
            excluded.iter().filter(|(own, _)| own.matches_lower(service)).map(|(_, pattern)| pattern).collect();
        if touched.is_empty() {
            all.add(within(service, "*", &format!("{service}:*"), used));
            continue;
        }
        for action in used.actions_of(service) {
            let lower = action.to_ascii_lowercase();
            if !touched.iter().any(|pattern| pattern.matches_lower(&lower)) {
                all.add(one(&action, used.verdict(&lower)));
            }
        }
    }
    all.each_once()
}

/// A pattern without wildcards in its service. `shown`: as it is written.
fn within(service: &str, name: &str, shown: &str, used: &Used<'_>) -> Narrowed {
    let lower = format!("{service}:{name}").to_ascii_lowercase();
    if !is_pattern(name) {
        return one(shown, used.verdict(&lower));
    }
    let matched = matching(&lower, service, used);
    let verdicts: Vec<Verdict> = matched.iter().map(|action| used.verdict(&action.to_ascii_lowercase())).collect();
    if verdicts.is_empty() || Catalogue::shipped().service(service).is_none() {
        return one(shown, used.verdict_of_unlisted(service));
    }
    let all = |verdict| verdicts.iter().all(|one| *one == verdict);
    if all(Verdict::Untracked) {
        return Narrowed::whole(shown, true);
    }
    if all(Verdict::Unused) {
        return Narrowed::dropped(shown);
    }
    let mut each = Narrowed::default();
    for (action, verdict) in matched.iter().zip(&verdicts) {
        each.add(one(action, *verdict));
    }
    if each.dropped.is_empty() {
        each.kept = vec![shown.to_owned()];
    }
    each
}

fn one(shown: &str, verdict: Verdict) -> Narrowed {
    match verdict {
        Verdict::Used => Narrowed::whole(shown, false),
        Verdict::Untracked => Narrowed::whole(shown, true),
        Verdict::Unused => Narrowed::dropped(shown),
    }
}

fn matching(pattern: &str, service: &str, used: &Used<'_>) -> Vec<String> {
    let pattern = ActionPattern::new(pattern);
    let mut actions = used.actions_of(service);
    actions.retain(|action| pattern.matches_lower(&action.to_ascii_lowercase()));
    actions
}

/// Without a colon it is `*`, of every service.
fn split(pattern: &str) -> (&str, &str) {
    pattern.split_once(':').unwrap_or(("*", "*"))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}
