//! `cordon`: the security team's command. stdout is data, stderr is for people.

mod show;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Look at what Cordon did.
#[derive(Parser)]
#[command(name = "cordon", version, about)]
struct Arguments {
    /// The journal's table: output JournalTableName of the stack.
    #[arg(long, env = "CORDON_TABLE")]
    table: String,
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

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let journal = aws_adapters::journal(&aws_adapters::connect().await, &arguments.table);
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
