//! `cordon can`: whether a principal may do something, from files, or for its identity from the live account. What can't be read is never an allow.

mod batch;
mod single;
mod text;

use crate::arguments::Can;
use crate::exit::{Exit, Failed};
use iam_policy::{Catalogue, Decision, Explanation, PolicyError, Request};
use serde::Serialize;
use std::fs;
use std::path::Path;

const SCHEMA: u32 = 1;

/// The answer as JSON has it.
#[derive(Serialize)]
struct Answer<'a> {
    schema: u32,
    decision: &'static str,
    statements: &'a [iam_policy::Decided],
    depends_on: &'a [iam_policy::Dependency],
    /// What doesn't decide, but deserves to be seen.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
}

pub(crate) async fn run(asked: &Can, json: bool) -> Result<(String, Exit), Failed> {
    match &asked.batch {
        Some(path) => batch::run(path),
        None => single::run(asked, json).await,
    }
}

fn answer<'a>(found: &'a Explanation, notes: &'a [String]) -> Answer<'a> {
    Answer {
        schema: SCHEMA,
        decision: found.decision.name(),
        statements: &found.statements,
        depends_on: &found.depends_on,
        notes,
    }
}

/// Part of the command-line contract: 3 is "no" here, and 6 that it can't be told from what is known.
fn exit(decision: Decision) -> Exit {
    match decision {
        Decision::Allow => Exit::Done,
        Decision::ExplicitDeny | Decision::ImplicitDeny => Exit::Refused,
        Decision::Depends => Exit::CouldNotCheck,
    }
}

/// Evaluation matches any action; one that AWS hasn't published is new, or misspelt.
fn unknown_action(request: &Request) -> Option<String> {
    let catalogue = Catalogue::shipped();
    let lower = request.action.as_str().to_ascii_lowercase();
    catalogue.action(&lower).is_none().then(|| {
        format!("{} is not in the catalogue ({} {})", request.action.as_str(), catalogue.source, catalogue.version)
    })
}

fn read<T>(path: &Path, parse: impl Fn(&[u8]) -> Result<T, PolicyError>) -> Result<T, Failed> {
    let bytes = fs::read(path).map_err(|error| Failed::Other(format!("{}: {error}", path.display())))?;
    parse(&bytes).map_err(|error| Failed::Other(format!("{}: {error}", path.display())))
}

fn to_json(value: &impl Serialize) -> Result<String, Failed> {
    serde_json::to_string(value).map_err(|error| Failed::Other(format!("the answer can't be written: {error}")))
}
