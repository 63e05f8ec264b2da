//! `cargo xtask controls`: takes out one control at a time, in a copy of the sources, and asks for its test to fail.
//! A test that passes without the control it is named for proves nothing.

mod copy;
mod entry;
mod run;

pub use entry::{FILE, read, tests_named};

use crate::failure::{Doing, Failure, Result};
use crate::{setup, workspace};
use copy::Copy;
use entry::Control;
use run::Finding;
use std::collections::BTreeSet;

/// All controls, or those whose id begins with `only`.
pub fn run(only: Option<&str>) -> Result {
    setup::run()?;
    let controls: Vec<_> = entry::read(&workspace::read(FILE)?)?
        .into_iter()
        .filter(|control| only.is_none_or(|start| control.id.starts_with(start)))
        .collect();
    if controls.is_empty() {
        return Err(Failure::new(format!("{FILE} has no such control")));
    }
    let copy = Copy::make().doing("copy the sources")?;
    pass_untouched(&copy, &controls)?;
    let mut missed = 0;
    for control in &controls {
        let finding = copy.without(control, || run::test(&copy, control))?;
        missed += usize::from(finding != Finding::Failed);
        println!("{:<12} {:<40} {}", finding.verdict(), control.id, control.test);
    }
    println!("{} of {} controls are watched by their test", controls.len() - missed, controls.len());
    if missed == 0 { Ok(()) } else { Err(Failure::new(format!("{missed} controls are not"))) }
}

/// A test that fails by itself would seem to watch anything.
fn pass_untouched(copy: &Copy, controls: &[Control]) -> Result {
    let mut seen = BTreeSet::new();
    for control in controls.iter().filter(|control| seen.insert((&control.package, &control.test))) {
        eprintln!("controls: {} as it is", control.test);
        let finding = run::test(copy, control)?;
        if finding != Finding::Passed {
            return Err(Failure::new(format!("{}: without any change the test {}", control.test, finding.verdict())));
        }
    }
    Ok(())
}
