//! A request by the security team: `{"cordon": {"version": 1, "action": "contain", "instance": "i-…", "reason": "…",
//! "hold": false, "dry_run": false}}`.
//!
//! Fields beside `cordon` are ignored and left to whoever proves the sender. A field *inside* it that is not known is
//! refused, unlike everywhere else: a misspelt `dry_run` must not contain an instance.

use crate::error::SignalError;
use crate::model::{OperatorAction, OperatorRequest};
use crate::node::Node;
use crate::quoted::{Quoted, is_plain};

const VERSION: u64 = 1;
const FIELDS: [&str; 6] = ["version", "action", "instance", "reason", "hold", "dry_run"];
const REASON_LIMIT: usize = 1000;

pub(crate) fn read(request: &Node<'_>) -> Result<OperatorRequest, SignalError> {
    if let Some(unknown) = request.object()?.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(SignalError::UnknownField { field: request.path().to_owned(), name: Quoted(unknown).to_string() });
    }
    let version = request.require("version")?;
    if version.whole_number()? != VERSION {
        return Err(version.invalid(format!("expected {VERSION}, found {}", version.whole_number()?)));
    }
    let flag = |name: &str| request.get(name)?.map_or(Ok(false), |node| node.boolean());
    Ok(OperatorRequest {
        action: action(&request.require("action")?)?,
        instance: request.require("instance")?.parse()?,
        reason: reason(&request.require("reason")?)?,
        hold: flag("hold")?,
        dry_run: flag("dry_run")?,
    })
}

fn action(node: &Node<'_>) -> Result<OperatorAction, SignalError> {
    match node.text()? {
        "contain" => Ok(OperatorAction::Contain),
        other => Err(node.invalid(format!("expected contain, found {}", Quoted(other)))),
    }
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
