//! The security team's command, run as they run it.

use crate::account::LocalAccount;
use crate::failure::{Doing, Failure, Result};
use crate::workspace;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// Shows what it prints. Fails if it does.
pub fn run(account: &LocalAccount, arguments: &[&str]) -> Result {
    println!("\n$ cordon {}", arguments.join(" "));
    let status = cordon(account, arguments).status().doing("run cordon")?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("cordon {} ended with {status}", arguments.join(" "))))
    }
}

/// What it says to a program.
pub fn ask(account: &LocalAccount, arguments: &[&str]) -> Result<Value> {
    let output = cordon(account, arguments).arg("--json").stderr(Stdio::inherit()).output().doing("run cordon")?;
    serde_json::from_slice(&output.stdout).doing(format!("read what `cordon {} --json` says", arguments.join(" ")))
}

/// Its page, written to a file. An audit ends with a code that says what it found.
pub fn page(account: &LocalAccount, arguments: &[&str], file: &Path) -> Result {
    let output = cordon(account, arguments).stderr(Stdio::inherit()).output().doing("run cordon")?;
    if output.stdout.is_empty() {
        return Err(Failure::new(format!("cordon {} ended with {}", arguments.join(" "), output.status)));
    }
    Ok(std::fs::write(file, output.stdout)?)
}

fn cordon(account: &LocalAccount, arguments: &[&str]) -> Command {
    let mut command = Command::new(workspace::binaries().join("cordon"));
    command.args(arguments).envs(account.root_environment()).stdin(Stdio::null());
    command
}
