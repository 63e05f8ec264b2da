//! What a policy by itself allows on every key, and what a key allows to everyone.

use crate::Holdings;
use crate::account::Account;
use crate::decrypt::ask::Lock;
use crate::decrypt::outsiders::Outsider;
use crate::finding::{Confidence, Witness};
use crate::keys::Key;
use iam_policy::{
    AccessLevel, Action, Caller, Catalogue, Context, Decision, Document, DocumentKind, Named, Policies, Policy,
    PolicyError, Request, Resource, ResourcePolicy, explain,
};
use serde_json::json;

/// FSBP KMS.1 and KMS.2 name these two.
const DECRYPTS: [&str; 2] = ["kms:Decrypt", "kms:ReEncryptFrom"];

/// Every key of an account that leaves its keys to IAM.
pub(crate) struct EveryKey<'a> {
    account: &'a Account<'a>,
    resource: Resource,
    delegating: Policy,
    actions: Vec<Action>,
}

impl<'a> EveryKey<'a> {
    /// # Errors
    /// The account's id is none: nobody in it could be asked about.
    pub(crate) fn of(account: &'a Account<'a>) -> Result<Self, PolicyError> {
        let (partition, id) = (&account.partition, &account.id);
        let resource = Resource::parse(&format!("arn:{partition}:kms:*:{id}:key/*"), None)?;
        let statement = json!({"Effect": "Allow", "Principal": {"AWS": id}, "Action": "kms:*", "Resource": "*"});
        let document = Document::from_value(&json!({"Statement": statement}), DocumentKind::Resource)?;
        let actions = DECRYPTS.iter().map(|action| Action::parse(action)).collect::<Result<_, _>>()?;
        Ok(Self { account, resource, delegating: Policy::new("any key's delegation to IAM", document), actions })
    }

    /// Whether the policy decrypts with a key of which nothing is special: no tag, no alias, no encryption context, not
    /// through a service. `holder`: an ARN that stands for those who have it.
    pub(crate) fn decrypted_by(&self, policy: &Policy, holder: &str) -> Option<(Confidence, Witness)> {
        let caller = Caller::parse(holder).ok()?;
        let holdings = Holdings { caller, identity: vec![policy.clone()], boundaries: Vec::new() };
        let ask = |action: &Action| {
            let context = self.plain(policy);
            let request = Request::new(holdings.caller.clone(), action.clone(), self.resource.clone(), context);
            let resource = ResourcePolicy::Is(&self.delegating);
            let policies = Policies { identity: &holdings.identity, resource, ..Policies::default() };
            let found = explain(&policies, &request);
            let confidence = match found.decision {
                Decision::Allow => Confidence::High,
                Decision::Depends => Confidence::Low,
                Decision::ExplicitDeny | Decision::ImplicitDeny => return None,
            };
            let witness = Witness {
                principal: holder.to_owned(),
                action: action.as_str().to_owned(),
                resource: self.resource.arn().to_owned(),
                decision: found.decision.name(),
                statements: found.statements,
                depends_on: found.depends_on,
                assumes: Some("a key whose policy leaves it to IAM".to_owned()),
            };
            Some((confidence, witness))
        };
        self.actions.iter().filter_map(ask).min_by_key(|(confidence, _)| *confidence)
    }

    /// Conditions that pick some keys, or some uses of them, don't hold.
    fn plain(&self, policy: &Policy) -> Context {
        let statements = policy.document.allows().iter().chain(policy.document.denies());
        let mut context = self.account.context();
        for (_, key, _) in statements.flat_map(iam_policy::Statement::conditions) {
            let lower = key.to_ascii_lowercase();
            let is_derived = lower == "kms:calleraccount";
            if (lower.starts_with("kms:") && !is_derived) || lower.starts_with("aws:resourcetag/") {
                context = context.with::<&str>(key, []);
            }
        }
        context
    }
}

/// What anyone with an account may do, as far as no condition keeps it to somebody: the worst first.
pub(crate) fn open_to_everyone(account: &Account<'_>, key: &Key) -> Vec<(AccessLevel, Witness)> {
    let Some(policy) = &key.policy else { return Vec::new() };
    let allows = policy.document.allows();
    let is_open = |index: usize| {
        let statement = allows.iter().find(|statement| statement.index == index);
        statement.is_some_and(|one| {
            (one.is_not_principal() || one.principals().contains(&Named::Everyone)) && !one.conditions().any(keeps)
        })
    };
    if !allows.iter().any(|statement| is_open(statement.index)) {
        return Vec::new();
    }
    let (lock, catalogue) = (Lock::new(account, key), Catalogue::shipped());
    let (Some(everyone), Some(service)) = (Outsider::everyone(), catalogue.service("kms")) else { return Vec::new() };
    let on_keys = catalogue.actions_of(service).iter().filter(|action| {
        let mut types = catalogue.types_of_action(action);
        types.any(|kind| kind.name == "key")
    });
    let granted = lock.granted(&everyone.holdings.caller);
    let mut found = Vec::new();
    for known in on_keys {
        let Ok(action) = Action::parse(&format!("kms:{}", known.name)) else { continue };
        let said = lock.explain(everyone.who(), &action, &granted);
        let is_by_open = said.statements.iter().any(|one| one.layer == "resource" && is_open(one.index));
        if is_by_open && matches!(said.decision, Decision::Allow | Decision::Depends) {
            let witness = Witness {
                principal: everyone.holdings.caller.id().to_owned(),
                action: action.as_str().to_owned(),
                resource: key.arn.clone(),
                decision: said.decision.name(),
                statements: said.statements,
                depends_on: said.depends_on,
                assumes: everyone.assumes.map(str::to_owned),
            };
            found.push((known.level, witness));
        }
    }
    found
}

/// A condition that holds for fixed callers, networks or sources only. With IfExists it holds without them, too.
pub(crate) fn keeps((operator, key, values): (&str, &str, &[Box<str>])) -> bool {
    const FIXED: [&str; 12] = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "kms:calleraccount",
    ];
    let is_positive =
        !operator.contains("Not") && !operator.ends_with("IfExists") && !operator.starts_with("ForAllValues");
    let is_wide = |value: &str| value.trim_matches(['*', ':', '?']).is_empty() || value.ends_with("/0");
    is_positive
        && operator != "Null"
        && FIXED.contains(&key.to_ascii_lowercase().as_str())
        && !values.iter().any(|value| is_wide(value))
}
