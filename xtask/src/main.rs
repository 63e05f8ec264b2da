//! `cargo xtask`: the project's own commands.

mod account;
mod bench;
mod build;
mod calls;
mod catalogue;
mod ci;
mod controls;
mod demo;
mod failure;
mod journal_watch;
mod lines;
mod process;
mod readback;
mod release;
mod scene;
mod setup;
mod test;
mod tidy;
mod traffic;
mod workspace;

use clap::{Args, Parser, Subcommand};
use failure::Result;
use release::Architecture;
use std::path::PathBuf;
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
    /// Measure: containment and the command with 50 ms injected into every AWS call, detection over recorded traffic, and the
    /// audit of a large account.
    Bench {
        #[command(subcommand)]
        what: Bench,
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
    /// Write the action catalogue of `shared/iam-policy` from the data set that is pinned. Needs the network once.
    Catalogue {
        /// Write nothing, and fail where what is checked in differs.
        #[arg(long)]
        check: bool,
    },
    /// Take out one control at a time and check that its test fails.
    Controls {
        /// Only controls whose id begins so.
        only: Option<String>,
    },
    /// Validate the template and build what is deployed, for Lambda's glibc. Needs the network for its tools.
    Release {
        #[arg(long, value_enum, default_value = "arm64")]
        arch: Architecture,
    },
}

#[derive(Subcommand)]
enum Bench {
    /// Round trips and time until an instance is isolated, its stop accepted, and contained.
    Contain(Runs),
    /// The start of `cordon`, a release, a report, and a list of 10,000 incidents.
    Command(Runs),
    /// The rule of detection over a folder of series: what is false, what is found, the curve, and its speed.
    Backtest(Recorded),
    /// The audit of a made-up account beside parliament and Cloudsplaining, and how it grows.
    Audit(Audited),
}

#[derive(Args)]
struct Audited {
    /// Roles of the account that all of them look at; a tenth as many users.
    #[arg(long, default_value_t = 1_000)]
    roles: u32,
    /// Roles of the accounts of the curve.
    #[arg(long, num_args = 0.., default_values_t = [1_000, 2_000, 5_000, 10_000])]
    curve: Vec<u32>,
    /// Runs of each; medians are shown.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=50))]
    runs: u16,
    /// A compiled `cordon`, measured too.
    #[arg(long)]
    cordon: Option<PathBuf>,
    /// Leave out parliament and Cloudsplaining, which need the network once.
    #[arg(long)]
    without_peers: bool,
}

#[derive(Args)]
struct Recorded {
    /// A folder of `epoch_s,network_out_bytes,network_in_bytes`, .csv or .csv.gz, a file for each server.
    #[arg(long)]
    data: PathBuf,
    /// A folder of `timestamp,value`, and JSON of the windows in it: file name to pairs of times.
    #[arg(long, num_args = 2, value_names = ["FOLDER", "WINDOWS"])]
    metrics: Vec<PathBuf>,
    /// Write every figure here, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the curve here, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Leave out the comparison with pandas, which needs the network once.
    #[arg(long)]
    without_pandas: bool,
}

#[derive(Args)]
struct Runs {
    /// Runs a case; medians are shown.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=50))]
    runs: u16,
    /// A folder with what is compiled, instead of a build in the dev profile.
    #[arg(long)]
    binaries: Option<PathBuf>,
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
        Command::Bench { what: Bench::Contain(how) } => bench::contain(usize::from(how.runs), how.binaries),
        Command::Bench { what: Bench::Command(how) } => bench::command(usize::from(how.runs), how.binaries),
        Command::Bench { what: Bench::Backtest(asked) } => bench::backtest(&asked),
        Command::Bench { what: Bench::Audit(asked) } => bench::audit(&asked),
        Command::Test => test::run(),
        Command::Ci => ci::run(),
        Command::Tidy { ran } => tidy::run(ran),
        Command::Catalogue { check } => catalogue::run(check),
        Command::Release { arch } => release::run(arch),
        Command::Controls { only } => controls::run(only.as_deref()),
    }
}
