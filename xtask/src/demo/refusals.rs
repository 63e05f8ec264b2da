//! Alarms that AWS confirms, and that must isolate nobody: what the verifier says of them.

use super::command;
use crate::account::LocalAccount;
use crate::failure::{Doing, Failure, Result};
use crate::scene::Fleet;
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// The alarms of one group, each refused.
pub struct Refusals {
    group: String,
    /// The code of each refusal.
    codes: Vec<String>,
}

impl Refusals {
    /// Waits until each of the instances was decided on, and shows the reasons of one. Fails if any was acted on.
    pub fn read(account: &LocalAccount, fleet: &Fleet, instances: &[String], patience: Duration) -> Result<Self> {
        let give_up = Instant::now() + patience;
        let decided = loop {
            let listed = command::ask(account, &["incidents", "--group", &fleet.group])?;
            let decided = listed.get("incidents").and_then(Value::as_array).cloned().unwrap_or_default();
            let is_decided = |id: &String| decided.iter().any(|one| text(one, "/instance") == Some(id));
            if instances.iter().all(is_decided) {
                break decided;
            }
            if Instant::now() > give_up {
                let what =
                    format!("{} of {} alarms of {} were decided on", decided.len(), instances.len(), fleet.group);
                return Err(Failure::new(what));
            }
            thread::sleep(Duration::from_millis(300));
        };
        let codes = decided.iter().map(|one| code(account, one)).collect::<Result<Vec<_>>>()?;
        let first = decided.first().and_then(|one| text(one, "/incident")).doing("find an incident")?;
        command::run(account, &["show", first])?;
        Ok(Self { group: fleet.group.clone(), codes })
    }

    pub fn as_json(&self) -> Value {
        json!({"group": self.group, "refused": self.codes, "isolated": 0})
    }
}

fn code(account: &LocalAccount, listed: &Value) -> Result<String> {
    let id = text(listed, "/incident").doing("read an incident's id")?;
    let shown = command::ask(account, &["show", id])?;
    match (text(&shown, "/incident/state/name"), text(&shown, "/incident/state/reason/code")) {
        (Some("Refused"), Some(code)) => Ok(code.to_owned()),
        (state, _) => Err(Failure::new(format!("{id} must be refused, and is {state:?}"))),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}
