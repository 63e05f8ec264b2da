//! What a person has to know before anything is changed by what is shown.

use super::TrimmedPolicy;
use super::used::Used;
use crate::{Inventory, Principal};
use iam_policy::Catalogue;

pub(super) fn of(
    inventory: &Inventory,
    principal: &Principal,
    policies: &[TrimmedPolicy],
    used: &Used<'_>,
) -> Vec<String> {
    let mut notes = vec![
        format!("used is what was tried in the {} days before {}", used.days, used.until.date()),
        "attempts that were denied count as used: IAM doesn't tell them apart".to_owned(),
    ];
    let age = (used.now - used.until).whole_days();
    if age > 0 {
        notes.push(format!(
            "the last-accessed data is {age} days old: what was first used since then would be taken away"
        ));
    }
    if policies.iter().any(|policy| !policy.dropped.is_empty()) {
        let Catalogue { source, version, .. } = Catalogue::shipped();
        notes.push(format!(
            "where a list replaces a wildcard or NotAction, an action that neither the catalogue ({source} {version}) nor the \
             last-accessed data knows is no longer allowed"
        ));
    }
    if !principal.groups.is_empty() {
        let groups = principal.groups.join(", ");
        notes.push(format!("what it gets from groups is left as it is, since their other members share it: {groups}"));
    }
    if principal.arn.contains(":role/aws-service-role/") {
        notes.push("it is a service-linked role: its policies are AWS's, and can't be changed".to_owned());
    }
    notes.extend(
        policies.iter().filter(|policy| !policy.dropped.is_empty()).filter_map(|one| shared(inventory, principal, one)),
    );
    notes.extend(too_large(policies));
    notes
}

/// Others would lose, too, what this principal doesn't use.
fn shared(inventory: &Inventory, principal: &Principal, policy: &TrimmedPolicy) -> Option<String> {
    let arn = policy.arn.as_ref()?;
    let instead = "make the smaller one a policy of its own, and attach it instead";
    if arn.contains(":iam::aws:") {
        return Some(format!("{} is AWS's, and can't be changed: {instead}", policy.name));
    }
    let holds = |one: &&Principal| {
        one.arn != principal.arn && (one.attached.contains(arn) || one.boundary_arn.as_ref() == Some(arn))
    };
    let groups = inventory.groups().filter(|(_, group)| group.attached.contains(arn)).count();
    let others = inventory.principals().filter(holds).count() + groups;
    let is_boundary = principal.boundary_arn.as_ref() == Some(arn);
    (others > 0 || is_boundary).then(|| {
        let boundary = if is_boundary { ", and is its boundary, too" } else { "" };
        format!("{} is attached to {others} others{boundary}: {instead}", policy.name)
    })
}

fn too_large(policies: &[TrimmedPolicy]) -> Vec<String> {
    let (managed, inline): (Vec<_>, Vec<_>) = policies.iter().partition(|policy| policy.arn.is_some());
    let beyond = |name: &str, size: usize, quota: usize| {
        (size > quota).then(|| format!("{name}: {size} characters, and IAM takes {quota}; split it, or use wildcards"))
    };
    let together: usize = inline.iter().map(|policy| policy.size.new).sum();
    let quota = inline.first().map_or(usize::MAX, |policy| policy.size.quota);
    let managed = managed.iter().filter_map(|one| beyond(&one.name, one.size.new, one.size.quota));
    managed.chain(beyond("its inline policies together", together, quota)).collect()
}
