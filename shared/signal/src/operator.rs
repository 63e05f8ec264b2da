//! A request by the security team: `{"cordon": "TEXT", "proof": {…}}`, where TEXT is itself JSON:
//! `{"version": 1, "function": "…", "action": "contain", "instance": "i-…", "reason": "…", …}`.
//!
//! The request is text so that its exact bytes can be hashed: the proof of who sends it is bound to that hash. A field
//! of a request that is not known is refused, unlike everywhere else: a misspelt `dry_run` must not contain an instance.

use crate::document;
use crate::error::SignalError;
use crate::model::{OperatorAction, OperatorRequest};
use crate::node::Node;
use crate::proof;
use crate::quoted::{Quoted, is_plain};

const VERSION: u64 = 1;
const COMMON_FIELDS: [&str; 6] = ["version", "function", "action", "reason", "source", "dry_run"];
const REASON_LIMIT: usize = 1000;
const NAME_LIMIT: usize = 140;
const OVERRIDE_LIMIT: usize = 16;
/// A freeze that nobody lifts ends after a week at most: forgetting it must not leave the account unwatched.
const MAX_FREEZE_MINUTES: u64 = 7 * 24 * 60;

pub(crate) fn read(event: &Node<'_>, request: &Node<'_>) -> Result<OperatorRequest, SignalError> {
    let text = request.text()?;
    let document = document::read(text.as_bytes(), request.path())?;
    let request = Node::root(request.path(), &document);
    let version = request.require("version")?;
    if version.whole_number()? != VERSION {
        return Err(version.invalid(format!("expected {VERSION}, found {}", version.whole_number()?)));
    }
    let (action, fields) = action(&request)?;
    let known = |key: &str| COMMON_FIELDS.contains(&key) || fields.contains(&key);
    if let Some(unknown) = request.object()?.keys().find(|key| !known(key)) {
        return Err(SignalError::UnknownField { field: request.path().to_owned(), name: Quoted(unknown).to_string() });
    }
    Ok(OperatorRequest {
        action,
        function: name(&request.require("function")?)?,
        reason: reason(&request.require("reason")?)?,
        dry_run: flag(&request, "dry_run")?,
        claimed_source: request.get("source")?.map(|node| name(&node)).transpose()?,
        proof: proof::read(&event.require("proof")?)?,
        digest: crate::digest(text.as_bytes()),
    })
}

/// The action and the fields that it alone has.
fn action(request: &Node<'_>) -> Result<(OperatorAction, &'static [&'static str]), SignalError> {
    let node = request.require("action")?;
    Ok(match node.text()? {
        "contain" => {
            let instance = request.require("instance")?.parse()?;
            let overrides = match request.get("overrides")? {
                Some(list) => list.list(OVERRIDE_LIMIT)?.iter().map(name).collect::<Result<_, _>>()?,
                None => Vec::new(),
            };
            let (hold, untrack) = (flag(request, "hold")?, flag(request, "untrack")?);
            if let Some(node) = request.get("untrack")?.filter(|_| untrack && !hold) {
                return Err(node.invalid("only with hold: without it the instance is stopped, which cuts everything"));
            }
            let fields = &["instance", "hold", "untrack", "overrides"];
            (OperatorAction::Contain { instance, hold, untrack, overrides }, fields)
        }
        "approve" => (OperatorAction::Approve { request: name(&request.require("request")?)? }, &["request"]),
        "release" => {
            let incident = name(&request.require("incident")?)?;
            let (accept_drift, false_alarm) = (flag(request, "accept_drift")?, flag(request, "false_alarm")?);
            let fields = &["incident", "accept_drift", "false_alarm"];
            (OperatorAction::Release { incident, accept_drift, false_alarm }, fields)
        }
        "freeze" => {
            let node = request.require("minutes")?;
            let minutes = node.whole_number()?;
            if !(1..=MAX_FREEZE_MINUTES).contains(&minutes) {
                return Err(node.invalid(format!("expected 1 to {MAX_FREEZE_MINUTES} minutes, found {minutes}")));
            }
            (OperatorAction::Freeze { minutes }, &["minutes"])
        }
        "unfreeze" => (OperatorAction::Unfreeze, &[]),
        other => {
            return Err(node
                .invalid(format!("expected contain, approve, release, freeze or unfreeze, found {}", Quoted(other))));
        }
    })
}

fn flag(request: &Node<'_>, name: &str) -> Result<bool, SignalError> {
    request.get(name)?.map_or(Ok(false), |node| node.boolean())
}

/// An identifier of ours, or a name: short, and the same everywhere it is shown.
fn name(node: &Node<'_>) -> Result<String, SignalError> {
    let text = node.text()?;
    let is_name = (1..=NAME_LIMIT).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte));
    if is_name {
        return Ok(text.to_owned());
    }
    Err(node.invalid(format!("expected 1 to {NAME_LIMIT} letters, digits and - _ . : / @, found {}", Quoted(text))))
}

/// The reason ends up in journals, notifications and reports, so it must read the same everywhere.
fn reason(node: &Node<'_>) -> Result<String, SignalError> {
    let text = node.text()?;
    let length = text.chars().count();
    if text.trim().is_empty() || length > REASON_LIMIT {
        return Err(
            node.invalid(format!("expected 1 to {REASON_LIMIT} characters that are not all spaces, found {length}"))
        );
    }
    if let Some(hidden) = text.chars().find(|character| !is_plain(*character)) {
        return Err(
            node.invalid(format!("holds the control or hidden character {}; leave it out", hidden.escape_unicode()))
        );
    }
    Ok(text.to_owned())
}
