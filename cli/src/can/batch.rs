//! Many requests: one JSON object a line in, one a line out.

use super::{SCHEMA, answer, to_json, unknown_action};
use crate::exit::{Exit, Failed};
use iam_policy::{Case, PolicyError, json};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;

/// The most bytes of a line that are read.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// A line's answer: its id beside a decision or an error.
#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    id: &'a Value,
    #[serde(flatten)]
    answer: T,
}

#[derive(Serialize)]
struct Unread {
    schema: u32,
    error: Problem,
}

#[derive(Serialize)]
struct Problem {
    line: usize,
    at: String,
    problem: String,
}

/// An error of a line stands in that line's answer, and makes the exit code 1 when all lines are through.
pub(super) fn run(path: &Path) -> Result<(String, Exit), Failed> {
    let failed = |error: std::io::Error| Failed::Other(format!("{}: {error}", path.display()));
    let mut input: Box<dyn BufRead> = match path.to_str() {
        Some("-") => Box::new(stdin().lock()),
        _ => Box::new(BufReader::new(File::open(path).map_err(failed)?)),
    };
    let (mut answers, mut exit) = (Vec::new(), Exit::Done);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let limit = u64::try_from(MAX_LINE_BYTES + 2).unwrap_or(u64::MAX);
        if input.by_ref().take(limit).read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            break;
        }
        if bytes.len() > MAX_LINE_BYTES && !bytes.ends_with(b"\n") {
            input.skip_until(b'\n').map_err(failed)?;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        answers.push(match answered(&bytes) {
            Ok(line) => line,
            Err((id, PolicyError { at, problem })) => {
                exit = Exit::Error;
                let error = Problem { line: number, at, problem };
                to_json(&Line { id: &id, answer: Unread { schema: SCHEMA, error } })?
            }
        });
    }
    Ok((answers.join("\n"), exit))
}

/// One line's answer, or its id and why there is none.
fn answered(bytes: &[u8]) -> Result<String, (Value, PolicyError)> {
    let value = json::read(bytes, MAX_LINE_BYTES, "request").map_err(|error| (Value::Null, error))?;
    let id = value.get("id").cloned().unwrap_or_default();
    let case = match Case::from_value(&value) {
        Ok(case) => case,
        Err(error) => return Err((id, error)),
    };
    let notes: Vec<_> = unknown_action(&case.request).into_iter().chain(case.warnings()).collect();
    let line = to_json(&Line { id: &id, answer: answer(&case.explain(), &notes) });
    line.map_err(|failed| (id, PolicyError::new("answer", failed.to_string())))
}
