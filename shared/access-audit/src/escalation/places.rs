//! Where a caller could do something to a resource that no dump lists: a function to be made, or one that is there.
//!
//! The evaluator is asked about resources that stand for others: the type's ARN with `*` for what nobody knows, and the
//! ARNs that the caller's own statements name. What it allows on one of them, it allows on some real resource.

use crate::account::{Account, Step};
use crate::escalation::paths::{On, Path};
use crate::finding::Confidence;
use iam_policy::{Action, Arn, Request, Resource};

/// The most ARNs of one type that are tried for one caller.
const MOST: usize = 64;

/// The steps of a path that don't concern its target. `None` where one of them is not allowed anywhere.
pub(crate) fn solve(account: &Account<'_>, who: usize, path: &Path) -> Option<(Vec<Step>, Confidence)> {
    let (mut steps, mut confidence) = (Vec::new(), Confidence::High);
    let mut done: Vec<&On> = Vec::new();
    for need in &path.needs {
        let resources = match &need.on {
            On::Anything => vec!["*".to_owned()],
            On::Type(_) if done.contains(&&need.on) => continue,
            On::Type(form) => candidates(account, who, form, &actions_on(path, &need.on)),
            _ => continue,
        };
        done.push(&need.on);
        let actions = if need.on == On::Anything { vec![&need.action] } else { actions_on(path, &need.on) };
        let (found, how_sure) = best(account, who, &actions, &resources)?;
        steps.extend(found);
        confidence = confidence.max(how_sure);
    }
    Some((steps, confidence))
}

fn actions_on<'a>(path: &'a Path, on: &On) -> Vec<&'a Action> {
    path.needs.iter().filter(|need| need.on == *on).map(|need| &need.action).collect()
}

/// The resource on which all of the actions are allowed, and most surely.
fn best(
    account: &Account<'_>,
    who: usize,
    actions: &[&Action],
    resources: &[String],
) -> Option<(Vec<Step>, Confidence)> {
    let mut best: Option<(Vec<Step>, Confidence)> = None;
    for resource in resources {
        let step = |action: &&Action| Step {
            who,
            action: (*action).clone(),
            resource: resource.clone(),
            context: account.context(),
            trust: None,
        };
        let steps: Vec<_> = actions.iter().map(step).collect();
        let Some(confidence) = worst(steps.iter().map(|step| account.decide(step))) else { continue };
        if best.as_ref().is_none_or(|(_, known)| confidence < *known) {
            best = Some((steps, confidence));
        }
        if confidence == Confidence::High {
            break;
        }
    }
    best
}

/// `None` where one of them is.
pub(crate) fn worst(each: impl IntoIterator<Item = Option<Confidence>>) -> Option<Confidence> {
    each.into_iter().try_fold(Confidence::High, |worst, one| Some(worst.max(one?)))
}

fn candidates(account: &Account<'_>, who: usize, form: &str, actions: &[&Action]) -> Vec<String> {
    let general = fill(form, account);
    let mut found = vec![general.clone()];
    let Some(subject) = account.subject(who) else { return found };
    let (Some(action), Ok(anything)) = (actions.first(), Resource::parse("*", None)) else { return found };
    let request = Request::new(subject.holdings.caller.clone(), (*action).clone(), anything, account.context());
    let limits = subject.holdings.boundaries.iter().flat_map(|policy| policy.document.allows());
    for statement in subject.allows().chain(limits) {
        if !actions.iter().any(|action| statement.covers_action(action.lower())) {
            continue;
        }
        for example in statement.example_resources(&request) {
            found.extend(fitted(&example, form, &general, account).filter(|one| !found.contains(one)));
            if found.len() >= MOST {
                return found;
            }
        }
    }
    found
}

/// The catalogue's form with what is known of the account, and `*` for the rest.
fn fill(form: &str, account: &Account<'_>) -> String {
    let mut text = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(match name {
            "Partition" => &account.partition,
            "Account" => &account.id,
            _ => "*",
        });
        rest = after;
    }
    text + rest
}

/// A resource of this type and account that a statement's ARN may mean.
fn fitted(example: &str, form: &str, general: &str, account: &Account<'_>) -> Option<String> {
    let (named, general) = (Arn::split(example)?, Arn::split(general)?);
    let is_open = |text: &str| text.contains(['*', '?']);
    if named.service != general.service && !is_open(named.service) {
        return None;
    }
    if !general.account.is_empty() && named.account != account.id && !is_open(named.account) {
        return None;
    }
    let region = if general.region.is_empty() || is_open(named.region) { general.region } else { named.region };
    let form = Arn::split(form).map_or("", |form| form.resource);
    let start = form.split("${").next().unwrap_or_default();
    let resource = match named.resource {
        own if own.starts_with(start) => own.to_owned(),
        own if own.starts_with('*') => format!("{start}{own}"),
        _ => general.resource.to_owned(),
    };
    Some(format!("arn:{}:{}:{region}:{}:{resource}", account.partition, general.service, general.account))
}
