//! One key, ready to be asked about.

use crate::Holdings;
use crate::account::Account;
use crate::decrypt::alike::Alike;
use crate::keys::Key;
use iam_policy::{
    Action, Arn, Caller, Context, Decision, Dependency, Explanation, Grant, Policies, Policy, PolicyError, Request,
    ResourcePolicy, decide, explain,
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
    /// What the organization says of resources has a say over keys of this account only.
    rcps: &'a [Vec<Policy>],
    /// Indices of the key's grants, by whom they name.
    by_name: HashMap<Name<'a>, Vec<usize>>,
}

/// How a grant may name a caller.
#[derive(PartialEq, Eq, Hash)]
enum Name<'a> {
    /// As it is written.
    Exactly(&'a str),
    /// All of an account, by its root.
    Account(&'a str),
    /// All sessions of an account's role.
    Role(&'a str, &'a str),
}

/// The grants that could be for one caller. A key may have thousands, most of them for others.
#[derive(Default)]
pub(crate) struct Granted {
    at: Vec<usize>,
    grants: Vec<Grant>,
}

const FOREIGN: &str = "the IAM policies of its own account, which no file holds";

impl<'a> Lock<'a> {
    pub(crate) fn new(account: &'a Account<'a>, key: &'a Key) -> Self {
        let mut by_name: HashMap<Name<'_>, Vec<usize>> = HashMap::new();
        for (index, grant) in key.grants.iter().enumerate() {
            let grantee = grant.grantee();
            by_name.entry(Name::Exactly(grantee)).or_default().push(index);
            let Some(arn) = Arn::split(grantee) else { continue };
            if arn.resource == "root" {
                by_name.entry(Name::Account(arn.account)).or_default().push(index);
            }
            if let Some(name) = arn.resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()) {
                by_name.entry(Name::Role(arn.account, name)).or_default().push(index);
            }
        }
        let is_ours = Arn::split(&key.arn).is_none_or(|arn| arn.account == account.id);
        let rcps = if is_ours { account.rcps.as_slice() } else { &[] };
        Self { account, key, context: context(account, key), rcps, by_name }
    }

    pub(crate) fn granted(&self, caller: &Caller) -> Granted {
        if self.by_name.is_empty() {
            return Granted::default();
        }
        let account = caller.account().unwrap_or_default();
        let session = Arn::split(caller.id()).and_then(|arn| arn.resource.strip_prefix("assumed-role/"));
        let role = session.and_then(|session| session.split('/').next());
        let names = [
            Some(Name::Exactly(caller.id())),
            Some(Name::Account(account)),
            role.map(|role| Name::Role(account, role)),
        ];
        let mut at: Vec<usize> =
            names.iter().flatten().filter_map(|name| self.by_name.get(name)).flatten().copied().collect();
        at.sort_unstable();
        at.dedup();
        let grants = at.iter().filter_map(|index| self.key.grants.get(*index)).cloned().collect();
        Granted { at, grants }
    }

    pub(crate) fn grantees(&self) -> impl Iterator<Item = &'a str> {
        self.by_name.keys().filter_map(|name| if let Name::Exactly(grantee) = name { Some(*grantee) } else { None })
    }

    /// What isn't denied. Of operations that are `alike`, one is asked.
    pub(crate) fn decisions(
        &self,
        who: Who<'_>,
        actions: &[Action],
        granted: &Granted,
        alike: &Alike,
    ) -> Vec<(Mask, usize)> {
        let grants = granted.grants.as_slice();
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
    pub(crate) fn alike(&self, own: &Alike, actions: &[Action], granted: &Granted) -> Alike {
        if granted.grants.is_empty() {
            own.clone().told_apart_by(self.key.policy.iter(), actions)
        } else {
            Alike::none()
        }
    }

    /// The same for one, with its reasons.
    pub(crate) fn explain(&self, who: Who<'_>, action: &Action, granted: &Granted) -> Explanation {
        let request = self.request(who, action);
        let mut found = explain(&self.policies(who, &who.holdings.identity, &granted.grants), &request);
        if who.is_foreign && found.decision != Decision::Allow {
            found = explain(&self.policies(who, self.everything(), &granted.grants), &request);
            if matches!(found.decision, Decision::Allow | Decision::Depends) {
                found.decision = Decision::Depends;
                found.statements.retain(|statement| statement.layer != "identity");
                let why = Some(FOREIGN);
                let foreign = Dependency { key: None, operator: None, values: Vec::new(), why, statement: None };
                found.depends_on.push(foreign);
            }
        }
        let of_depends = found.depends_on.iter_mut().filter_map(|one| one.statement.as_mut());
        for statement in found.statements.iter_mut().chain(of_depends).filter(|one| one.layer == "grant") {
            statement.policy_index = granted.at.get(statement.policy_index).copied().unwrap_or_default();
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
            rcps: self.rcps,
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
