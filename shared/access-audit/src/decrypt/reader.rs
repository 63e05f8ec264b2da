//! What is said of one who reaches a key.

use crate::decrypt::ask::{Granted, Lock, Mask, OPERATIONS, Who};
use crate::finding::Witness;
use crate::key_parts::is_service;
use iam_policy::{Action, Arn, CallerKind, Explanation, Named, Statement};
use serde::Serialize;

/// Operations of a key that one principal reaches in one way. Serialized as the command line gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reader {
    /// The key's ARN.
    pub key: String,
    /// An ARN, a service's name, or `*` for everyone.
    pub principal: String,
    /// `user`, `role`, `root`, `account` (another one), `session`, `federated-user`, `service`, `service-linked-role`,
    /// `identity-provider`, `everyone`.
    pub kind: &'static str,
    /// `kms:Decrypt`, …
    pub operations: Vec<&'static str>,
    /// `key-policy`, `iam`, `grant`, `role-chain`: what allows it.
    pub by: Vec<&'static str>,
    /// The roles that are assumed on the way, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// Of a way by grants: whether services made all of them, or they are to services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_by_service: Option<bool>,
    /// `allow`, or `depends`.
    pub decision: &'static str,
    /// The steps, the last of which is the first of the operations.
    pub witness: Vec<Witness>,
}

impl Reader {
    pub(crate) fn reaches(&self, operation: &str) -> bool {
        self.operations.contains(&operation)
    }

    pub(crate) fn is_sure(&self) -> bool {
        self.decision == "allow"
    }
}

/// One way to some operations, with what the evaluator says of each of them.
pub(crate) struct Way {
    pub(crate) mask: Mask,
    pub(crate) by: Vec<&'static str>,
    pub(crate) found: Explanation,
}

/// Operations that the same statements allow are one way.
pub(crate) fn ways(
    lock: &Lock<'_>,
    who: Who<'_>,
    actions: &[Action],
    granted: &Granted,
    reached: &[(Mask, usize)],
) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for (mask, index) in reached {
        let Some(action) = actions.get(*index) else { continue };
        let found = lock.explain(who, action, granted);
        match ways.iter_mut().find(|way| way.found == found) {
            Some(way) => way.mask |= mask,
            None => ways.push(Way { mask: *mask, by: by(lock, who, &found), found }),
        }
    }
    ways
}

pub(crate) fn named(mask: Mask) -> Vec<&'static str> {
    let is_in = |(index, _): &(usize, &&'static str)| mask & (1 << index) != 0;
    OPERATIONS.iter().enumerate().filter(is_in).map(|(_, operation)| *operation).collect()
}

/// What allows: told from the statements that the evaluator names.
fn by(lock: &Lock<'_>, who: Who<'_>, found: &Explanation) -> Vec<&'static str> {
    let allows = |layer| found.statements.iter().filter(move |one| one.layer == layer && one.effect == "Allow");
    let statements = lock.key.policy.iter().flat_map(|policy| policy.document.allows());
    let deciding: Vec<_> =
        statements.filter(|statement| allows("resource").any(|one| one.index == statement.index)).collect();
    let mut by = Vec::new();
    if deciding.iter().any(|statement| names_itself(statement, who)) {
        by.push("key-policy");
    }
    let own = who.holdings.caller.account();
    let is_own = |named: &Named| matches!(named, Named::Account(id) if Some(&**id) == own);
    let names_account = |statement: &&&Statement| statement.principals().iter().any(is_own);
    if deciding.iter().any(|statement| names_account(&statement)) && allows("identity").next().is_some() {
        by.push("iam");
    }
    if allows("grant").next().is_some() {
        by.push("grant");
    }
    if by.is_empty() {
        by.push("key-policy");
    }
    by
}

/// Other than through its account.
fn names_itself(statement: &Statement, who: Who<'_>) -> bool {
    let caller = &who.holdings.caller;
    let role = Arn::split(caller.id()).and_then(|arn| arn.resource.split('/').nth(1));
    statement.is_not_principal()
        || statement.principals().iter().any(|named| match named {
            Named::Account(_) => caller.kind() == CallerKind::Root,
            Named::Arn { arn, role: of, .. } => **arn == *caller.id() || (of.is_some() && of.as_deref() == role),
            _ => true,
        })
}

/// Whether all grants that allow it are services' own. `None`: no grant allows it.
pub(crate) fn made_by_service(lock: &Lock<'_>, found: &Explanation) -> Option<bool> {
    let grants = found.statements.iter().filter(|one| one.layer == "grant");
    let mut listed = grants.filter_map(|one| lock.key.listed.get(one.policy_index)).peekable();
    listed.peek()?;
    Some(listed.all(|listed| listed.is_of_service))
}

/// What kind of subject.
pub(crate) fn kind(arn: &str, is_role: bool) -> &'static str {
    match is_role {
        true if is_service(arn) => "service-linked-role",
        true => "role",
        false => "user",
    }
}
