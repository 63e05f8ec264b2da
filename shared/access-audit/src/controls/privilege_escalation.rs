//! Principals that can make themselves administrator.

use super::{Control, Look};
use crate::account::Account;
use crate::escalation::{Found, Graph, Source, sources};
use crate::finding::{Finding, Severity};
use std::collections::BTreeMap;

pub(super) const CONTROL: Control = Control {
    id: "iam-privilege-escalation",
    title: "Principals that can make themselves administrator",
    severity: Severity::Critical,
    look: Look::Principals(look),
};

fn look(account: &Account<'_>, graph: &Graph) -> Vec<Finding> {
    let found = graph.found(account);
    let mut counts: BTreeMap<Source<'_>, usize> = BTreeMap::new();
    for one in &found {
        let mut sources: Vec<_> = one.witness.iter().flat_map(sources).collect();
        sources.sort_unstable();
        sources.dedup();
        for source in sources {
            *counts.entry(source).or_default() += 1;
        }
    }
    found.iter().filter_map(|one| finding(account, one, &counts)).collect()
}

fn finding(account: &Account<'_>, found: &Found, counts: &BTreeMap<Source<'_>, usize>) -> Option<Finding> {
    let arn = &account.subject(found.subject)?.principal.arn;
    let message =
        format!("can make itself administrator: it {} ({})", found.told.join("; then "), found.paths.join(", "));
    let fix = fix(found, counts);
    let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, &fix);
    Some(fail.of(arn).with(found.confidence, found.witness.clone()))
}

/// Of the statements on the path, the one that stands on most principals' paths.
fn fix(found: &Found, counts: &BTreeMap<Source<'_>, usize>) -> String {
    let best = found.witness.iter().flat_map(sources).max_by_key(|source| counts.get(source).copied().unwrap_or(0));
    let Some(source) = best else { return "remove one of the permissions of its path".to_owned() };
    let (holder, policy, index) = source;
    let of = if holder.is_empty() { String::new() } else { format!(" of {holder}") };
    let shared = match counts.get(&source) {
        Some(count) if *count > 1 => format!("; it is on the path of {count} principals"),
        _ => String::new(),
    };
    format!("narrow or remove statement {index} of {policy}{of}{shared}")
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, allow, failing, names};
    use serde_json::json;

    #[test]
    fn the_shortest_way_is_told_with_its_witness_and_the_statement_that_most_ways_need() {
        let attach = [allow(json!("iam:AttachUserPolicy"), "*")];
        let dump = Dump::default()
            .managed("shared", &attach)
            .attach("ann", "shared")
            .attach("bob", "shared")
            .user("carl", &[allow(json!("s3:GetObject"), "*")])
            .user("root-like", &[allow(json!("*"), "*")]);
        let found = failing(CONTROL.id, &dump);
        assert_eq!(names(&found), ["ann", "bob"], "neither who can't nor who needs no way");
        for one in found {
            let [witness] = one.witness.as_slice() else { panic!("{:?}", one.witness) };
            assert_eq!((witness.action.as_str(), witness.decision), ("iam:AttachUserPolicy", "allow"));
            assert_eq!(witness.statements[0].policy, "arn:aws:iam::111122223333:policy/shared");
            assert!(one.fix.contains("statement 0 of arn:aws:iam::111122223333:policy/shared"), "{}", one.fix);
            assert!(one.fix.contains("on the path of 2 principals"), "{}", one.fix);
        }
    }
}
