//! What the account shows of an instance, read by a program with another SDK than the functions'.

use crate::account::{LocalAccount, Stack};
use crate::failure::{Doing, Result};
use crate::process::Running;
use crate::scene::Fleet;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

#[derive(Debug, Clone, Deserialize)]
pub struct Seen {
    /// When, in Unix milliseconds.
    pub at_ms: f64,
    pub incident: Option<String>,
    pub state: Option<String>,
    pub instance_state: String,
    pub instance_in_group: bool,
    pub lifecycle_state: Option<String>,
    /// Instances in service.
    pub group_size: usize,
    pub members: Vec<String>,
    /// Ids of the security groups of every network interface.
    pub eni_groups: BTreeMap<String, Vec<String>>,
    pub quarantine_group: Option<String>,
    pub quarantine_rules: Option<usize>,
    pub volumes: Vec<String>,
    pub snapshots: Vec<Snapshot>,
    pub credentials_revoked: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Snapshot {
    pub volume: String,
    pub state: String,
}

/// Reads back all the time and hands over what changed.
pub struct Watch {
    // Held, so that the program ends with the watch.
    _running: Running,
    seen: Receiver<Result<Seen>>,
}

impl Watch {
    pub fn start(account: &LocalAccount, stack: &Stack, fleet: &Fleet) -> Result<Self> {
        let mut program = account.program("local_account.readback");
        program
            .args(["--watch", "--instance", fleet.first()?, "--group", &fleet.group, "--role", &fleet.role_name])
            .args(["--table", stack.output("JournalTableName")?])
            .stdout(Stdio::piped());
        let mut running = Running::start(&mut program)?;
        let stdout = running.child().stdout.take().doing("read what the account shows")?;
        let (sender, seen) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let read = line.doing("read").and_then(|line| serde_json::from_str(&line).doing("understand"));
                if sender.send(read).is_err() {
                    return;
                }
            }
        });
        Ok(Self { _running: running, seen })
    }

    /// The next change, if there is one within `patience`.
    pub fn next(&self, patience: Duration) -> Result<Option<Seen>> {
        match self.seen.recv_timeout(patience) {
            Ok(seen) => seen.map(Some).doing("read back from the account"),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => None.doing("read back from the account: the program ended"),
        }
    }
}
