//! One request, judged by an account's dump, or by the account itself.

use super::{answer, exit, read, text, to_json, unknown_action};
use crate::arguments::Can;
use crate::exit::{Exit, Failed};
use crate::live_account;
use access_audit::{Holdings, Inventory, Organization, ResourcePolicies};
use iam_policy::{
    Action, Caller, CallerKind, Context, Policies, Policy, PolicyError, Request, Resource, ResourcePolicy, explain,
};
use ports::Section;
use std::path::Path;

pub(super) async fn run(asked: &Can, json: bool) -> Result<(String, Exit), Failed> {
    let (Some(principal), Some(action), Some(resource)) = (&asked.principal, &asked.action, &asked.resource) else {
        return Err(Failed::Usage("name a principal, an action and a resource".to_owned()));
    };
    let inventory = inventory(asked).await?;
    let guards = match &asked.resource_policies {
        Some(path) => read(path, ResourcePolicies::parse)?,
        None => ResourcePolicies::default(),
    };
    let guard = guards.of(resource);
    let mut notes = Vec::new();
    let Holdings { caller, identity, boundaries } = holdings(&inventory, principal, &mut notes)?;
    let account = asked.resource_account.as_deref().or(guard.and_then(|(_, account)| account));
    let resource = Resource::parse(resource, account).map_err(|error| usage(&error))?;
    let action = Action::parse(action).map_err(|error| usage(&error))?;
    let mut request = Request::new(caller, action, resource, context(asked)?);
    let (scps, rcps) = controls(asked.scps.as_deref(), &mut request)?;
    let trust = trust(&inventory, &request)?;
    let policies = Policies {
        identity: &identity,
        boundaries: &boundaries,
        scps: &scps,
        rcps: &rcps,
        resource: match guard.map(|(policy, _)| policy).or(trust) {
            Some(policy) => ResourcePolicy::Is(policy),
            None if always_has_a_policy(&request) => ResourcePolicy::Unseen,
            None => ResourcePolicy::None,
        },
        ..Policies::default()
    };
    let found = explain(&policies, &request);
    notes.extend(unknown_action(&request));
    notes.extend(warnings(&policies));
    let printed = if json { to_json(&answer(&found, &notes))? } else { text::of(&request, &found, &notes) };
    Ok((printed, exit(found.decision)))
}

async fn inventory(asked: &Can) -> Result<Inventory, Failed> {
    match &asked.authorization_details {
        Some(details) => read(details, Inventory::parse),
        None => {
            let account = live_account::read(&[Section::AuthorizationDetails]).await?;
            Inventory::parse(account.authorization_details()).map_err(|error| Failed::Unchecked(error.to_string()))
        }
    }
}

/// Services, providers, the root user and nobody hold nothing in IAM. Of a user or role that isn't in the dump nothing is
/// known that would allow anything, and the answer says so.
fn holdings(inventory: &Inventory, principal: &str, notes: &mut Vec<String>) -> Result<Holdings, Failed> {
    if let Some(known) = inventory.principal(principal) {
        return inventory.holdings(known, principal).map_err(|problems| {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            Failed::Other(format!("what {principal} holds can't be read: {}", problems.join("; ")))
        });
    }
    let caller = Caller::parse(principal).map_err(|error| usage(&error))?;
    match caller.kind() {
        CallerKind::Root | CallerKind::Service | CallerKind::Federated | CallerKind::Anonymous => {}
        _ if caller.account().is_some_and(|account| inventory.is_of_account(account)) => {
            notes.push(format!("{principal} isn't in the dump: it doesn't exist, or the name is misspelt"));
        }
        _ => notes.push(format!("{principal} is of an account that the dump isn't of: judged as if it held nothing")),
    }
    Ok(Holdings { caller, identity: Vec::new(), boundaries: Vec::new() })
}

/// With a context, or --strict, an absent key is absent; without, it is unknown.
fn context(asked: &Can) -> Result<Context, Failed> {
    if asked.context.is_empty() && !asked.strict {
        return Ok(Context::open());
    }
    let mut pairs: Vec<(&str, Vec<&str>)> = Vec::new();
    for one in &asked.context {
        let (key, value) =
            one.split_once('=').ok_or_else(|| Failed::Usage(format!("--context {one}: write KEY=VALUE")))?;
        match pairs.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            Some((_, values)) => values.push(value),
            None => pairs.push((key, vec![value])),
        }
    }
    Ok(pairs.into_iter().fold(Context::closed(), |context, (key, values)| context.with(key, values)))
}

/// Levels of policies, from the root down.
type Levels = Vec<Vec<Policy>>;

/// What limits the caller, and what guards the resource; none where its account is not in the tree.
fn controls(path: Option<&Path>, request: &mut Request) -> Result<(Levels, Levels), Failed> {
    let Some(path) = path else { return Ok((Vec::new(), Vec::new())) };
    let organization = read(path, Organization::parse)?;
    let read = |account: Option<&str>, levels: fn(&Organization, &str) -> Result<Option<Levels>, PolicyError>| {
        let levels = account.map(|account| levels(&organization, account)).transpose();
        let levels = levels.map_err(|error| Failed::Other(format!("{}: {error}", path.display())))?;
        Ok(levels.flatten().unwrap_or_default())
    };
    let caller = request.caller.account();
    let scps = read(caller, Organization::levels)?;
    // A resource whose account nothing says counts as the caller's.
    let rcps = read(request.resource.account().or(caller), Organization::resource_levels)?;
    request.of_management_account = caller.is_some_and(|account| organization.is_management_account(account));
    Ok((scps, rcps))
}

/// The trust policy, where the resource is a role of the dump and it is to be assumed.
fn trust<'a>(inventory: &'a Inventory, request: &Request) -> Result<Option<&'a Policy>, Failed> {
    if request.action.service() != "sts" {
        return Ok(None);
    }
    let trust = inventory.principal(request.resource.arn()).and_then(|role| role.trust.as_ref());
    trust.map(|held| held.as_ref().map_err(|error| Failed::Other(error.to_string()))).transpose()
}

/// Every key and every role has one, seen or not.
fn always_has_a_policy(request: &Request) -> bool {
    let arn = request.resource.arn();
    match request.action.service() {
        "kms" => arn.contains(":kms:") && arn.contains(":key/"),
        "sts" => arn.contains(":iam::") && arn.contains(":role/"),
        _ => false,
    }
}

fn warnings(policies: &Policies<'_>) -> Vec<String> {
    let controls = policies.scps.iter().chain(policies.rcps).flatten();
    let resource = match policies.resource {
        ResourcePolicy::Is(policy) => Some(policy),
        ResourcePolicy::None | ResourcePolicy::Unseen => None,
    };
    let all = policies.identity.iter().chain(policies.boundaries).chain(controls).chain(resource);
    all.flat_map(|policy| policy.document.warnings().iter().map(|warning| format!("{}: {warning}", policy.name)))
        .collect()
}

fn usage(error: &PolicyError) -> Failed {
    Failed::Usage(error.to_string())
}
