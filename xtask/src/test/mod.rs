//! `cargo xtask test`: everything that can fail, with one count at the end.

mod cargo_output;
mod counts;
mod pytest_output;

pub use cargo_output::CargoOutput;
pub use counts::{RAN, Verdict};
pub use pytest_output::PytestOutput;

use crate::failure::{Doing, Failure, Result};
use crate::{build, process, setup, workspace};
use counts::Counts;
use std::path::Path;
use std::process::Command;

/// Each is a pytest run of its own: both have a conftest, and modules beside it.
const PYTHON_SUITES: [&str; 2] = ["infra/local-account/tests", "tests"];

/// Runs every test and prints `N passed, N failed, N skipped`. No test at all is a failure.
pub fn run() -> Result {
    setup::run()?;
    build::packages(&["cli", "plain-containment"])?;
    let mut counts = Counts::default();
    let mut unrun = vec![rust(&mut counts)?];
    for suite in PYTHON_SUITES {
        unrun.push(python(suite, &mut counts)?);
    }
    counts.write()?;
    let unrun: Vec<_> = unrun.into_iter().flatten().collect();
    for problem in &unrun {
        println!("error: {problem}");
    }
    println!("{counts}");
    if unrun.is_empty() && counts.all_passed() { Ok(()) } else { Err(Failure::new("the tests did not all pass")) }
}

/// What kept tests from running, if anything did; failed tests are in the counts.
fn rust(counts: &mut Counts) -> Result<Option<String>> {
    let (mut output, before) = (CargoOutput::default(), counts.of(Verdict::Failed));
    let mut cargo = workspace::cargo();
    let status = process::lines(cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]), |line| {
        println!("{line}");
        if let Some(seen) = output.read(line) {
            counts.add(seen);
        }
    })
    .doing("run cargo test")?;
    let explained = status.success() || counts.of(Verdict::Failed) > before;
    Ok((!explained).then(|| format!("`cargo test` ended with {status}")))
}

fn python(suite: &str, counts: &mut Counts) -> Result<Option<String>> {
    let (mut output, before) = (PytestOutput::default(), counts.of(Verdict::Failed));
    let status = process::lines(pytest().args(["-rpfEsxX", suite]), |line| {
        let seen = output.read(line);
        // The summary has a line for every test that passed: the list is for the file.
        if seen.as_ref().is_none_or(|seen| seen.verdict != Verdict::Passed) {
            println!("{line}");
        }
        if let Some(seen) = seen {
            counts.add(seen);
        }
    })
    .doing("run pytest")?;
    let explained = status.success() || counts.of(Verdict::Failed) > before;
    Ok((!explained).then(|| format!("pytest of {suite} ended with {status}")))
}

/// pytest at the top, quiet, with the compiled functions at hand.
pub fn pytest() -> Command {
    pytest_in(&workspace::root())
}

pub fn pytest_in(folder: &Path) -> Command {
    let mut pytest = Command::new(workspace::python());
    pytest
        .args(["-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"])
        .current_dir(folder)
        .env("CORDON_BINARIES", workspace::binaries())
        .env("PYTHONPATH", folder.join("infra/local-account"))
        .env("PYTHONUNBUFFERED", "1");
    pytest
}
