//! `cordon`: the security team's command. stdout is data, stderr is for people.

mod show;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Look at what Cordon did.
#[derive(Parser)]
#[command(name = "cordon", version, about)]
struct Arguments {
    /// The journal's table: output JournalTableName of the stack.
    #[arg(long, env = "CORDON_TABLE", global = true)]
    table: Option<String>,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One incident with its timeline, after checking that its journal holds together.
    Show {
        /// inc-YYYYMMDD-HHMMSS-xxxxxxxxxx, as notices name it.
        incident: String,
    },
}

/// The command-line contract's exit code for a command that was not understood; clap's own is the same.
const USAGE: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(table) = &arguments.table else {
        eprintln!("error: no journal named: give --table or CORDON_TABLE, the stack's output JournalTableName");
        return ExitCode::from(USAGE);
    };
    let journal = aws_adapters::journal(&aws_adapters::connect().await, table);
    let printed = match &arguments.command {
        Command::Show { incident } => show::show(&*journal, incident, arguments.json).await,
    };
    match printed {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
