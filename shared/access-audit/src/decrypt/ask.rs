//! One key, ready to be asked about.

use crate::Holdings;
use crate::account::Account;
use crate::decrypt::alike::Alike;
use crate::keys::Key;
use iam_policy::{
    Action, Context, Decision, Dependency, Explanation, Grant, Policies, Policy, PolicyError, Request, ResourcePolicy,
    decide, explain,
};
use std::collections::HashMap;

/// What gives plaintext, or the power to give it to oneself. The first of those that a principal reaches is its witness.
pub(crate) const OPERATIONS: [&str; 9] = [
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:CreateGrant",
    "kms:PutKeyPolicy",
];

/// Some of the operations: a bit for each, in their order.
pub(crate) type Mask = u16;

pub(crate) fn operations() -> Result<Vec<Action>, PolicyError> {
    OPERATIONS.iter().map(|operation| Action::parse(operation)).collect()
}

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) holdings: &'a Holdings,
    /// Of an account whose IAM policies are in no file.
    pub(crate) is_foreign: bool,
}

pub(crate) struct Lock<'a> {
    pub(crate) account: &'a Account<'a>,
    pub(crate) key: &'a Key,
    context: Context,
    /// By grantee.
    grants: HashMap<&'a str, Vec<Grant>>,
}

const FOREIGN: &str = "the IAM policies of its own account, which no file holds";

impl<'a> Lock<'a> {
    pub(crate) fn new(account: &'a Account<'a>, key: &'a Key) -> Self {
        let mut grants: HashMap<&str, Vec<Grant>> = HashMap::new();
        for grant in &key.grants {
            grants.entry(grant.grantee()).or_default().push(grant.clone());
        }
        Self { account, key, context: context(account, key), grants }
    }

    /// Grants to the account's root are to all of the account.
    pub(crate) fn grants_to(&self, principal: &str, root: &str) -> Vec<Grant> {
        let of = |grantee: &str| self.grants.get(grantee).into_iter().flatten().cloned();
        of(principal).chain(of(root)).collect()
    }

    pub(crate) fn grantees(&self) -> impl Iterator<Item = &'a str> {
        self.grants.keys().copied()
    }

    /// What isn't denied. `grants`: those that could be for the caller, or all. Of operations that are `alike`, one is asked.
    pub(crate) fn decisions(
        &self,
        who: Who<'_>,
        actions: &[Action],
        grants: &[Grant],
        alike: &Alike,
    ) -> Vec<(Mask, usize)> {
        let Some(first) = actions.first() else { return Vec::new() };
        let mut request = self.request(who, first);
        let mut found = Vec::new();
        for mask in alike.masks() {
            let index = mask.trailing_zeros() as usize;
            let Some(action) = actions.get(index) else { continue };
            request.action = action.clone();
            let mut decision = decide(&self.policies(who, &who.holdings.identity, grants), &request);
            if who.is_foreign && matches!(decision, Decision::ImplicitDeny | Decision::Depends) {
                decision = decide(&self.policies(who, self.everything(), grants), &request);
            }
            if matches!(decision, Decision::Allow | Decision::Depends) {
                found.push((mask, index));
            }
        }
        found
    }

    /// Whom no grant could be for, its policies and the key's tell the operations apart, and nothing else does.
    pub(crate) fn alike(&self, own: &Alike, actions: &[Action], grants: &[Grant]) -> Alike {
        if grants.is_empty() { own.clone().told_apart_by(self.key.policy.iter(), actions) } else { Alike::none() }
    }

    /// The same for one, with its reasons.
    pub(crate) fn explain(&self, who: Who<'_>, action: &Action) -> Explanation {
        let request = self.request(who, action);
        let found = explain(&self.policies(who, &who.holdings.identity, &self.key.grants), &request);
        if !who.is_foreign || found.decision == Decision::Allow {
            return found;
        }
        let mut found = explain(&self.policies(who, self.everything(), &self.key.grants), &request);
        if matches!(found.decision, Decision::Allow | Decision::Depends) {
            found.decision = Decision::Depends;
            found.statements.retain(|statement| statement.layer != "identity");
            let why = Some(FOREIGN);
            found.depends_on.push(Dependency { key: None, operator: None, values: Vec::new(), why, statement: None });
        }
        found
    }

    fn everything(&self) -> &[Policy] {
        std::slice::from_ref(&self.account.everything)
    }

    fn request(&self, who: Who<'_>, action: &Action) -> Request {
        let caller = who.holdings.caller.clone();
        let of_management_account = self.account.is_management && caller.account() == Some(&self.account.id);
        let request = Request::new(caller, action.clone(), self.key.resource.clone(), self.context.clone());
        Request { of_management_account, ..request }
    }

    fn policies<'p>(&'p self, who: Who<'p>, identity: &'p [Policy], grants: &'p [Grant]) -> Policies<'p> {
        let is_own = who.holdings.caller.account() == Some(&self.account.id);
        Policies {
            identity,
            boundaries: &who.holdings.boundaries,
            scps: if is_own { &self.account.scps } else { &[] },
            resource: self.key.policy.as_ref().map_or(ResourcePolicy::Unseen, ResourcePolicy::Is),
            grants,
            ..Policies::default()
        }
    }
}

/// What every request to the key holds.
fn context(account: &Account<'_>, key: &Key) -> Context {
    let mut context = account.context_of_any_way().with("aws:RequestedRegion", [&key.region]);
    for (name, value) in [("kms:KeySpec", &key.spec), ("kms:KeyUsage", &key.usage), ("kms:KeyOrigin", &key.origin)] {
        if value.is_some() {
            context = context.with(name, value);
        }
    }
    match key.is_multi_region {
        Some(is) => context.with("kms:MultiRegion", [is.to_string()]),
        None => context,
    }
}
