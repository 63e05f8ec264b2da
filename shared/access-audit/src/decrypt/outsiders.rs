//! Principals that a key, a grant or a role names, and that are no user or role of the dump.

use crate::Holdings;
use crate::account::Account;
use crate::decrypt::ask::Who;
use crate::keys::Key;
use iam_policy::{Arn, Caller, CallerKind, Named, Statement};
use std::collections::BTreeMap;

/// No policy names this account, so it stands for all of them.
const STRANGER: &str = "000000000000";
const ANY_SERVICE: &str = "any.amazonaws.com";

/// Of a principal that is named, and isn't there.
pub(crate) const ABSENT: &str = "that it exists: the authorization details don't have it";

pub(crate) struct Outsider {
    /// `*` for everyone.
    pub(crate) shown: String,
    pub(crate) kind: &'static str,
    pub(crate) holdings: Holdings,
    pub(crate) is_foreign: bool,
    pub(crate) assumes: Option<&'static str>,
}

impl Outsider {
    pub(crate) fn who(&self) -> Who<'_> {
        Who { holdings: &self.holdings, is_foreign: self.is_foreign }
    }

    /// Anyone with an account.
    pub(crate) fn everyone() -> Option<Self> {
        let assumes = "asked as the root user of an account that stands for any";
        Self::of("*", STRANGER, "everyone", true).map(|everyone| Self { assumes: Some(assumes), ..everyone })
    }

    fn of(shown: &str, caller: &str, kind: &'static str, is_foreign: bool) -> Option<Self> {
        let caller = Caller::parse(caller).ok()?;
        let holdings = Holdings { caller, identity: Vec::new(), boundaries: Vec::new() };
        Some(Self { shown: shown.to_owned(), kind, holdings, is_foreign, assumes: None })
    }

    /// `None` for users and roles of the dump, those of them that can't be read, and who can't be asked for: a removed
    /// principal, of which only the unique id is left.
    pub(crate) fn named(account: &Account<'_>, named: &Named) -> Option<Self> {
        match named {
            Named::Everyone => Self::everyone(),
            Named::Account(id) => Self::root(account, id),
            Named::Arn { arn, .. } => Self::principal(account, arn),
            Named::Service(name) if &**name == "*" => Self::of("*", ANY_SERVICE, "service", false),
            Named::Service(name) => Self::of(name, name, "service", false),
            Named::Federated(name) => Self::of(name, name, "identity-provider", false),
            Named::UniqueId(_) | Named::CanonicalUser(_) => None,
        }
    }

    /// An account's root user. Of another account it stands for all that its account lets.
    pub(crate) fn root(account: &Account<'_>, id: &str) -> Option<Self> {
        let arn = format!("arn:{}:iam::{id}:root", account.partition);
        let is_own = id == account.id;
        Self::of(&arn, &arn, if is_own { "root" } else { "account" }, !is_own)
    }

    /// By an ARN, or a service's name: who a grant is to.
    pub(crate) fn principal(account: &Account<'_>, text: &str) -> Option<Self> {
        let caller = Caller::parse(text).ok()?;
        let kind = match caller.kind() {
            CallerKind::Root => return Self::root(account, caller.account()?),
            CallerKind::User => "user",
            CallerKind::Role => "role",
            CallerKind::RoleSession => "session",
            CallerKind::FederatedUser => "federated-user",
            CallerKind::Service => "service",
            CallerKind::Federated => "identity-provider",
            CallerKind::Anonymous => return Self::everyone(),
        };
        if caller.account() != Some(&account.id) {
            return Self::of(text, text, kind, caller.account().is_some());
        }
        match account.inventory.principal(text) {
            Some(role) if kind == "session" => {
                let holdings = account.inventory.holdings(role, text).ok()?;
                Some(Self { holdings, ..Self::of(text, text, kind, false)? })
            }
            Some(_) => None,
            None => Self::of(text, text, kind, false).map(|one| Self { assumes: Some(ABSENT), ..one }),
        }
    }
}

/// By what they are shown as. `speaks`: whether a statement is about what is asked.
pub(crate) fn of_key(
    account: &Account<'_>,
    key: &Key,
    grantees: impl Iterator<Item = impl AsRef<str>>,
    speaks: impl Fn(&Statement) -> bool,
) -> BTreeMap<String, Outsider> {
    let allows = key.policy.iter().flat_map(|policy| policy.document.allows()).filter(|statement| speaks(statement));
    let mut found: Vec<Option<Outsider>> = Vec::new();
    for statement in allows {
        if statement.is_not_principal() || statement.principals().contains(&Named::Everyone) {
            found.push(Outsider::everyone());
            found.push(Outsider::root(account, &key.account));
            found.extend(in_conditions(account, statement));
        }
        if !statement.is_not_principal() {
            found.extend(statement.principals().iter().map(|named| Outsider::named(account, named)));
        }
    }
    found.extend(grantees.map(|grantee| Outsider::principal(account, grantee.as_ref())));
    found.into_iter().flatten().map(|one| (one.shown.clone(), one)).collect()
}

/// Where everyone is named, conditions say whom it means.
fn in_conditions(account: &Account<'_>, statement: &Statement) -> Vec<Option<Outsider>> {
    let mut found = Vec::new();
    for (_, key, values) in statement.conditions() {
        for value in values {
            found.push(match key.to_ascii_lowercase().as_str() {
                "aws:principalaccount" | "kms:calleraccount" => Outsider::root(account, value),
                "aws:principalarn" if value.contains(['*', '?']) => any_of(value),
                "aws:principalarn" => Outsider::principal(account, value),
                _ => None,
            });
        }
    }
    found
}

/// One whom a pattern of other accounts' principals means. Those of the dump are asked for by themselves.
fn any_of(pattern: &str) -> Option<Outsider> {
    let arn = Arn::split(pattern)?;
    let id = if arn.account == "*" { STRANGER } else { arn.account };
    let example = format!("arn:{}:iam::{id}:{}", arn.partition, arn.resource.replace(['*', '?'], "x"));
    Outsider::of(pattern, &example, "everyone", true)
        .map(|one| Outsider { assumes: Some("asked as one whom the pattern means"), ..one })
}
