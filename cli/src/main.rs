//! `cordon`: the security team's command. stdout is data, stderr is for people.

mod answer;
mod arguments;
mod ask;
mod deployment;
mod exit;
mod incidents;
mod plan_text;
mod show;

use arguments::{Arguments, Command};
use clap::Parser;
use deployment::Deployment;
use exit::{Exit, Failed};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok((text, exit)) => {
            println!("{text}");
            exit.into()
        }
        Err(failed) => {
            eprintln!("error: {failed}");
            failed.exit().into()
        }
    }
}

/// What is to be printed on stdout, and the exit code.
async fn run(arguments: &Arguments) -> Result<(String, Exit), Failed> {
    let deployment = Deployment::new(&arguments.global).await?;
    let json = arguments.global.json;
    match &arguments.command {
        Command::Contain(_)
        | Command::Approve { .. }
        | Command::Release { .. }
        | Command::Freeze { .. }
        | Command::Unfreeze { .. } => ask::run(&deployment, &arguments.command, json).await,
        Command::Incidents(filter) => incidents::run(&deployment, filter, json).await,
        Command::Show { incident } => show::run(&deployment, incident, json).await,
    }
}
