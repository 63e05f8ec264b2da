//! When the journal's incidents enter their states, as seen from outside.

use crate::account::{LocalAccount, Stack};
use crate::failure::Result;
use crate::lines::Lines;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[derive(Deserialize)]
struct Change {
    at_ms: f64,
    /// Instance → the state of its incident.
    states: BTreeMap<String, String>,
}

pub struct JournalWatch {
    changes: Lines<Change>,
    /// Instance → when its incident was first seen in state `Contained`, in Unix milliseconds.
    contained: BTreeMap<String, f64>,
    states: BTreeMap<String, String>,
}

impl JournalWatch {
    pub fn start(account: &LocalAccount, stack: &Stack) -> Result<Self> {
        let mut program = account.program("local_account.readback_journal");
        let changes = Lines::of(program.args(["--table", stack.output("JournalTableName")?]))?;
        Ok(Self { changes, contained: BTreeMap::new(), states: BTreeMap::new() })
    }

    /// Waits until each incident is contained, or `patience` is over, and says when each was.
    pub fn contained(&mut self, instances: &[String], patience: Duration) -> Result<BTreeMap<String, f64>> {
        let give_up = Instant::now() + patience;
        while Instant::now() < give_up && !instances.iter().all(|instance| self.contained.contains_key(instance)) {
            if let Some(change) = self.changes.next(Duration::from_millis(200))? {
                for (instance, _) in change.states.iter().filter(|(_, state)| *state == "Contained") {
                    self.contained.entry(instance.clone()).or_insert(change.at_ms);
                }
                self.states = change.states;
            }
        }
        Ok(self
            .contained
            .iter()
            .filter(|(instance, _)| instances.contains(instance))
            .map(|(i, at)| (i.clone(), *at))
            .collect())
    }

    /// The state last seen of an instance's incident.
    pub fn state(&self, instance: &str) -> &str {
        self.states.get(instance).map_or("no incident", String::as_str)
    }
}
