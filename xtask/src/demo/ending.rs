//! How the security team ends it: a report, the record checked, and the instance released, all by the compiled command.

use crate::account::LocalAccount;
use crate::failure::{Doing, Failure, Result};
use crate::workspace;
use std::process::{Command, Stdio};

/// Prints what the command says. Fails if any of it does.
pub fn show(account: &LocalAccount, incident: &str) -> Result {
    let page = workspace::target().join("demo-report.html");
    println!("\nThe report, the record checked, and the release, with the security team's command:");
    run(account, &["report", incident, "--out", &page.display().to_string()])?;
    run(account, &["evidence", "verify", incident])?;
    run(account, &["release", incident, "--reason", "the demonstration is over"])?;
    println!("\nOpen {} in a browser.", page.display());
    Ok(())
}

fn run(account: &LocalAccount, arguments: &[&str]) -> Result {
    println!("\n$ cordon {}", arguments.join(" "));
    let status = Command::new(workspace::binaries().join("cordon"))
        .args(arguments)
        .envs(account.root_environment())
        .stdin(Stdio::null())
        .status()
        .doing("run cordon")?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("cordon {} ended with {status}", arguments.join(" "))))
    }
}
