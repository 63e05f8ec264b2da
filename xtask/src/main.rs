//! `cargo xtask`: the project's own commands.

mod account;
mod build;
mod calls;
mod ci;
mod controls;
mod demo;
mod failure;
mod process;
mod readback;
mod scene;
mod setup;
mod test;
mod tidy;
mod workspace;

use clap::{Parser, Subcommand};
use failure::Result;
use std::process::ExitCode;

/// Commands for people who work on Cordon. Each sets up what it needs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Contain an instance on a local AWS account, from the alarm on, and show what happens.
    Demo {
        /// Print, as the last line, one JSON object of what the account shows.
        #[arg(long)]
        json: bool,
    },
    /// Run every test: unit, property, in-memory, and end to end on the local account.
    Test,
    /// Run every gate: formatting, lints, licences, template, tests, documentation.
    Ci,
    /// Check what compilers don't: who depends on whom, and that documents say what is so.
    Tidy {
        /// Also check that the tests which documents name passed in the last `cargo xtask test`.
        #[arg(long)]
        ran: bool,
    },
    /// Take out one control at a time and check that its test fails.
    Controls {
        /// Only controls whose id begins so.
        only: Option<String>,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    let arguments = Arguments::parse();
    process::stop_all_when_interrupted()?;
    match arguments.command {
        Command::Demo { json } => demo::run(json),
        Command::Test => test::run(),
        Command::Ci => ci::run(),
        Command::Tidy { ran } => tidy::run(ran),
        Command::Controls { only } => controls::run(only.as_deref()),
    }
}
