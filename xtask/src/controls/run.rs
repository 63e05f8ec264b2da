//! Runs one test in the copy and tells a failed test from one that never ran.

use super::copy::Copy;
use super::entry::Control;
use crate::failure::{Doing, Result};
use crate::test::{CargoOutput, PytestOutput, Verdict, pytest_in};
use crate::{build, process, workspace};
use std::process::Command;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    Passed,
    Failed,
    /// Nothing was compiled, or nothing of that name found: that proves nothing about the control.
    NotRun,
}

impl Finding {
    pub fn verdict(self) -> &'static str {
        match self {
            Self::Passed => "passes",
            Self::Failed => "fails",
            Self::NotRun => "did not run",
        }
    }
}

pub fn test(copy: &Copy, control: &Control) -> Result<Finding> {
    let mut printed = Vec::new();
    let finding =
        if control.is_python() { python(copy, control, &mut printed) } else { rust(copy, control, &mut printed) }?;
    if finding == Finding::NotRun {
        eprintln!("{}", printed.join("\n"));
    }
    Ok(finding)
}

fn rust(copy: &Copy, control: &Control, printed: &mut Vec<String>) -> Result<Finding> {
    let mut output = CargoOutput::default();
    let mut cargo = cargo(copy);
    cargo.args(["test", "--locked", "--no-fail-fast", "-p"]).args(&control.package).arg(&control.test);
    let mut verdicts = Vec::new();
    process::lines(&mut cargo, |line| {
        printed.push(line.to_owned());
        let named = output.read(line).filter(|seen| seen.name.rsplit("::").next() == Some(control.test.as_str()));
        verdicts.extend(named.map(|seen| seen.verdict));
    })
    .doing("run cargo test")?;
    Ok(judged(&verdicts))
}

fn python(copy: &Copy, control: &Control, printed: &mut Vec<String>) -> Result<Finding> {
    let binaries = match control.file.rsplit_once('.') {
        // The functions have to be built from the changed sources.
        Some((_, "rs")) => {
            let mut cargo = cargo(copy);
            cargo.args(["build", "--locked"]);
            for (_, package) in build::FUNCTIONS {
                cargo.args(["-p", package]);
            }
            if !process::lines(&mut cargo, |line| printed.push(line.to_owned()))?.success() {
                return Ok(Finding::NotRun);
            }
            copy.target.join("debug")
        }
        _ => workspace::binaries(),
    };
    let mut output = PytestOutput::default();
    let mut pytest = pytest_in(&copy.folder);
    pytest.args(["-rpfsxX", &control.test]).env("CORDON_BINARIES", binaries);
    // Compiled modules are told apart by second and size: a change and its undoing may have both in common.
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    let mut verdicts = Vec::new();
    process::lines(&mut pytest, |line| {
        printed.push(line.to_owned());
        verdicts.extend(output.read(line).map(|seen| seen.verdict));
    })
    .doing("run pytest")?;
    Ok(judged(&verdicts))
}

fn judged(verdicts: &[Verdict]) -> Finding {
    if verdicts.contains(&Verdict::Failed) {
        Finding::Failed
    } else if verdicts.contains(&Verdict::Passed) {
        Finding::Passed
    } else {
        Finding::NotRun
    }
}

fn cargo(copy: &Copy) -> Command {
    let mut cargo = workspace::cargo();
    cargo.current_dir(&copy.folder).env("CARGO_TARGET_DIR", &copy.target);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_was_skipped_or_not_found_counts_as_not_run() {
        assert_eq!(judged(&[]), Finding::NotRun);
        assert_eq!(judged(&[Verdict::Skipped]), Finding::NotRun);
    }

    #[test]
    fn one_failing_case_is_enough() {
        assert_eq!(judged(&[Verdict::Passed, Verdict::Failed]), Finding::Failed);
        assert_eq!(judged(&[Verdict::Passed]), Finding::Passed);
    }
}
