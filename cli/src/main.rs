//! `cordon`: the security team's command. stdout is data, stderr is for people.

mod answer;
mod arguments;
mod ask;
mod audit;
mod backtest;
mod bundle;
mod can;
mod coverage;
mod deployment;
mod doctor;
mod evidence;
mod exit;
mod incidents;
mod live_account;
mod manual;
mod plan_text;
mod report_file;
mod show;
mod table;
mod told;
mod trim;

use arguments::{Arguments, Command, Evidence};
use clap::Parser;
use deployment::Deployment;
use exit::{Exit, Failed};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok((text, exit)) => {
            match writeln!(std::io::stdout(), "{text}") {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    eprintln!("error: stdout cannot be written: {error}");
                    Exit::Error.into()
                }
                // Whoever reads no further, such as `head`, has what they wanted.
                _ => exit.into(),
            }
        }
        Err(failed) => {
            eprintln!("error: {failed}");
            failed.exit().into()
        }
    }
}

/// What is to be printed on stdout, and the exit code.
async fn run(arguments: &Arguments) -> Result<(String, Exit), Failed> {
    let json = arguments.global.json;
    let deployment = async || Deployment::new(&arguments.global).await;
    match &arguments.command {
        Command::Contain(_)
        | Command::Approve { .. }
        | Command::Release { .. }
        | Command::Freeze { .. }
        | Command::Unfreeze { .. } => ask::run(&deployment().await?, &arguments.command, json).await,
        Command::Incidents(filter) => incidents::run(&deployment().await?, filter, json).await,
        Command::Show { incident } => show::run(&deployment().await?, incident, json).await,
        Command::Coverage => coverage::run(&deployment().await?, json).await,
        Command::Doctor => doctor::run(&deployment().await?, json).await,
        Command::Backtest(asked) => backtest::run(&arguments.global, asked).await,
        Command::Audit(asked) => audit::run(&arguments.global.stack, asked, json).await,
        Command::Can(asked) => can::run(asked, json).await,
        Command::Trim(asked) => trim::run(asked, json),
        Command::Report(arguments) => report_file::run(&deployment().await?, arguments).await,
        Command::Evidence(Evidence::Verify { archive: Some(archive), public_key, .. }) => {
            evidence::run_offline(archive, public_key.as_deref(), json)
        }
        Command::Evidence(command) => evidence::run(&deployment().await?, command, json).await,
        Command::Completions { shell } => Ok(manual::completions(*shell)),
        Command::Man { out } => manual::pages(out),
    }
}
