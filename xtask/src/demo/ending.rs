//! How the security team ends it: a report, the record checked, and the instance released, all by the compiled command.

use super::command::run;
use crate::account::LocalAccount;
use crate::failure::Result;
use crate::workspace;

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
