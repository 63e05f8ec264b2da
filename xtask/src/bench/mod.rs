//! `cargo xtask bench`: how many round trips, and how long, with 50 ms injected into every AWS call; detection, and the
//! audit.

mod audit;
mod backtest;
mod cases;
mod footprint;
mod measure;
mod print;
mod run;

use crate::account::{Behaviour, LocalAccount};
use crate::build::{self, CONTAIN_INSTANCE};
use crate::failure::{Doing, Result};
use crate::scene::{self, Fleet, Launch};
use crate::{process, setup, workspace};
pub use audit::run as audit;
pub use backtest::run as backtest;
use cases::{CORDON, Case, PLAIN, WARM_UP};
use run::Bench;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::Command;

const LATENCY_MS: u32 = 50;
const SCHEDULE_SECONDS: f64 = 1.0;
const PLAIN_BINARY: &str = "plain-containment";
/// So that no run is in another's way.
const UNLIMITED: [(&str, &str); 6] = [
    ("GroupLimitCount", "1000"),
    ("GroupLimitPercent", "100"),
    ("AccountLimitCount", "10000"),
    ("FleetEventCount", "1000"),
    ("FleetEventPercent", "100"),
    ("MinHealthyInstances", "0"),
];

/// `binaries`: a folder with compiled functions, instead of a build in the dev profile.
pub fn contain(runs: usize, binaries: Option<PathBuf>) -> Result {
    let folder = compiled(binaries, PLAIN_BINARY)?;
    println!("{LATENCY_MS} ms injected into every call of a function; functions from {}", folder.display());
    println!("schedules every {SCHEDULE_SECONDS} s instead of every minute; times from the alarm's message; medians\n");
    print::header();
    let cordon = build::code(&folder);
    let account = measure(&CORDON, runs, &cordon, true)?;
    let mut plain = cordon;
    plain.insert(CONTAIN_INSTANCE.0.to_owned(), json!(folder.join(PLAIN_BINARY)));
    measure(&PLAIN, runs, &plain, false)?;
    footprint::print(&account, &folder)?;
    footprint::print_sizes();
    Ok(())
}

/// What people at the command wait for; the measurements are Python, since they drive `cordon` as the end-to-end tests do.
pub fn command(runs: usize, binaries: Option<PathBuf>) -> Result {
    let folder = compiled(binaries, "cli")?;
    let mut python = Command::new(workspace::python());
    python.args(["-m", "tests.benchmarks.command", "--runs", &runs.to_string()]);
    process::run(python.current_dir(workspace::root()).env("CORDON_BINARIES", folder)).doing("measure the command")
}

fn compiled(binaries: Option<PathBuf>, package: &str) -> Result<PathBuf> {
    setup::run()?;
    match binaries {
        Some(folder) => folder.canonicalize().doing(format!("find {}", folder.display())),
        None => {
            build::packages(&[package])?;
            Ok(workspace::binaries())
        }
    }
}

/// Measures the cases in an account of their own, which is returned with its function processes still there.
fn measure(cases: &[Case], runs: usize, code: &Map<String, Value>, until_contained: bool) -> Result<LocalAccount> {
    let behaviour = Behaviour { latency_ms: LATENCY_MS, schedule_seconds: SCHEDULE_SECONDS };
    let account = LocalAccount::start("bench", &behaviour)?;
    let launch = |case: &Case, group: &str| {
        Fleet::launch(&account, &Launch { group, size: case.size, interfaces: case.interfaces })
    };
    // Roles are parameters of the stack, so every fleet is there before it.
    let warm_up = launch(&WARM_UP, "warm-up")?;
    let mut planned = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let runs = if case.once { 1 } else { runs };
        let fleets = (0..runs).map(|run| launch(case, &format!("case-{index}-{run}"))).collect::<Result<Vec<_>>>()?;
        planned.push((case, fleets));
    }
    let fleets = planned.iter().flat_map(|(_, fleets)| fleets).chain([&warm_up]);
    let stack = account.deploy(&scene::enforcing(fleets, &UNLIMITED), code)?;
    let mut bench = Bench::begin(&account, &stack, until_contained)?;
    bench.run(&WARM_UP, &warm_up)?;
    for (case, fleets) in &planned {
        let mut figures = Vec::new();
        for fleet in fleets {
            figures.extend(bench.run(case, fleet)?);
        }
        print::row(case.name, &figures, case.alarms > 1);
    }
    drop(bench);
    Ok(account)
}
