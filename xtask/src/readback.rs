//! What the account shows of an instance, read by a program with another SDK than the functions'.

use crate::account::{LocalAccount, Stack};
use crate::failure::Result;
use crate::lines::Lines;
use crate::scene::Fleet;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Deserialize)]
pub struct Seen {
    /// When, in Unix milliseconds; the instance's own state was read a little earlier.
    pub at_ms: f64,
    pub power_at_ms: f64,
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
pub fn watch(account: &LocalAccount, stack: &Stack, fleet: &Fleet) -> Result<Lines<Seen>> {
    let mut program = account.program("local_account.readback");
    program
        .args(["--watch", "--instance", fleet.first()?, "--group", &fleet.group, "--role", &fleet.role_name])
        .args(["--table", stack.output("JournalTableName")?]);
    Lines::of(&mut program)
}
