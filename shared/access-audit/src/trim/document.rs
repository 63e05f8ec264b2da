//! A policy document with narrower Allow statements, and all else as it was.

use super::actions::{Narrowed, of_action, of_not_action};
use super::used::Used;
use iam_policy::PolicyError;
use serde_json::{Map, Value, json};

#[derive(Debug, Default)]
pub(super) struct Smaller {
    /// `None`: no statement is left.
    pub(super) document: Option<Value>,
    pub(super) dropped: Vec<String>,
    pub(super) dropped_statements: Vec<String>,
    pub(super) untracked: Vec<String>,
}

/// `document`: one that could be read as a policy.
///
/// # Errors
/// It has another form than such a document has.
pub(super) fn narrowed(document: &Value, used: &Used<'_>) -> Result<Smaller, PolicyError> {
    let statements = statements(document);
    if statements.is_empty() {
        return Err(PolicyError::new("Statement", "expected a statement or a list of them"));
    }
    let mut smaller = Smaller::default();
    let mut left = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let at = format!("Statement[{index}]");
        let Value::Object(statement) = statement else { return Err(PolicyError::new(at, "expected an object")) };
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            left.push(Value::Object(statement.clone()));
            continue;
        }
        let Narrowed { kept, dropped, untracked } = actions(statement, used).map_err(|error| error.within(&at))?;
        match (dropped.is_empty(), kept.is_empty()) {
            (true, _) => left.push(Value::Object(statement.clone())),
            (false, false) => left.push(Value::Object(with_actions(statement, &kept))),
            (false, true) => {
                let sid = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
                smaller.dropped_statements.push(sid.map_or(at, str::to_owned));
            }
        }
        append(&mut smaller.dropped, dropped);
        append(&mut smaller.untracked, untracked);
    }
    if !left.is_empty() {
        let mut document = document.clone();
        let single = !matches!(document.get("Statement"), Some(Value::Array(_)));
        if let Value::Object(members) = &mut document {
            let statement = if single { left.into_iter().next().unwrap_or_default() } else { Value::Array(left) };
            members.insert("Statement".to_owned(), statement);
        }
        smaller.document = Some(document);
    }
    Ok(smaller)
}

fn actions(statement: &Map<String, Value>, used: &Used<'_>) -> Result<Narrowed, PolicyError> {
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(patterns), None) => Ok(of_action(&texts(patterns)?, used)),
        (None, Some(patterns)) => Ok(of_not_action(&texts(patterns)?, used)),
        _ => Err(PolicyError::new("Action", "expected Action or NotAction")),
    }
}

fn texts(value: &Value) -> Result<Vec<&str>, PolicyError> {
    let wrong = || PolicyError::new("Action", "expected text or a list of texts");
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(texts) => texts.iter().map(|text| text.as_str().ok_or_else(wrong)).collect(),
        _ => Err(wrong()),
    }
}

fn with_actions(statement: &Map<String, Value>, kept: &[String]) -> Map<String, Value> {
    let mut statement = statement.clone();
    statement.remove("NotAction");
    statement.insert("Action".to_owned(), json!(kept));
    statement
}

fn append(all: &mut Vec<String>, more: Vec<String>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

/// Whether new has nothing but statements of old, in their order, with every Deny whole and of an Allow only the actions
/// changed.
pub(super) fn differs_in_actions_alone(old: &Value, new: Option<&Value>) -> bool {
    let rest = |document: &Value| {
        let mut document = document.clone();
        document.as_object_mut().map(|members| members.remove("Statement"));
        document
    };
    if new.is_some_and(|new| rest(new) != rest(old)) {
        return false;
    }
    let mut left = new.map_or(&[][..], statements).iter().peekable();
    for statement in statements(old) {
        let is_deny = statement.get("Effect").and_then(Value::as_str) != Some("Allow");
        let alike =
            |one: &&Value| if is_deny { *one == statement } else { without_actions(one) == without_actions(statement) };
        if left.next_if(alike).is_none() && is_deny {
            return false;
        }
    }
    left.next().is_none()
}

fn statements(document: &Value) -> &[Value] {
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

fn without_actions(statement: &Value) -> Value {
    let mut statement = statement.clone();
    if let Value::Object(members) = &mut statement {
        members.remove("Action");
        members.remove("NotAction");
    }
    statement
}
