//! `cordon trim`: smaller policies for one principal, from what it used. It prints them; nothing is applied.

mod text;

use crate::arguments::Trim;
use crate::exit::{Exit, Failed};
use access_audit::{Ask, TrimError, trim};
use signal::OneLine;
use std::fs;
use std::path::Path;
use time::OffsetDateTime;

/// Exit code 1: no such principal; 6: something could not be read, or not be proved.
pub(crate) fn run(asked: &Trim, json: bool) -> Result<(String, Exit), Failed> {
    let details = read(&asked.authorization_details)?;
    let accessed = read(&asked.last_accessed)?;
    let ask = Ask {
        principal: &asked.principal,
        authorization_details: &details,
        last_accessed: &accessed,
        days: asked.days,
        now: OffsetDateTime::now_utc(),
    };
    let trimmed = trim(&ask).map_err(|error| match error {
        TrimError::Principal(problem) => Failed::Other(OneLine(&problem).to_string()),
        TrimError::Unread(problems) => {
            let problems = problems.iter().map(|one| format!("{}: {}", one.at, one.problem));
            Failed::Unchecked(listed("nothing is trimmed, since something could not be read", problems))
        }
        TrimError::Unproved(problems) => {
            Failed::Unchecked(listed("nothing is shown, since it was not proved", problems.into_iter()))
        }
    })?;
    let printed = if json {
        serde_json::to_string(&trimmed)
            .map_err(|error| Failed::Other(format!("the answer can't be written: {error}")))?
    } else {
        text::of(&trimmed)
    };
    Ok((printed, Exit::Done))
}

fn listed(why: &str, problems: impl Iterator<Item = String>) -> String {
    let problems = problems.map(|problem| format!("\n  {}", OneLine(&problem))).collect::<String>();
    format!("{why}:{problems}")
}

fn read(path: &Path) -> Result<Vec<u8>, Failed> {
    fs::read(path).map_err(|error| Failed::Other(format!("{}: {error}", path.display())))
}
