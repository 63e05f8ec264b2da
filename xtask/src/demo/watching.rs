//! Enrolment: every instance of the scene's groups gets its detector and its alarm by itself.

use super::command;
use crate::account::LocalAccount;
use crate::failure::{Failure, Result};
use crate::scene::Fleet;
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

/// Waits until all of them are watched, and shows it.
pub fn wait(account: &LocalAccount, fleets: &[&Fleet], patience: Duration) -> Result {
    let give_up = Instant::now() + patience;
    while !is_whole(account, fleets)? {
        if Instant::now() > give_up {
            return Err(Failure::new("enrolment did not give every instance its alarm in time; see `cordon coverage`"));
        }
        thread::sleep(Duration::from_millis(500));
    }
    command::run(account, &["coverage"])
}

fn is_whole(account: &LocalAccount, fleets: &[&Fleet]) -> Result<bool> {
    let coverage = command::ask(account, &["coverage"])?;
    let rows = coverage.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_of = |row: &Value, fleet: &Fleet| row.get("group").and_then(Value::as_str) == Some(&fleet.group);
    let watched = |row: &Value| row.get("watched").and_then(Value::as_u64);
    let is_watched = |fleet: &&Fleet| {
        rows.iter().any(|row| is_of(row, fleet) && watched(row) == u64::try_from(fleet.instance_ids.len()).ok())
    };
    Ok(fleets.iter().all(is_watched))
}
