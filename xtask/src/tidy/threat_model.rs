//! Every row of the threat model names tests that exist, aren't switched off, ran, and fail without the control.

use super::source_tests::{self, SourceTest};
use super::tables::{quoted, rows_with};
use super::{File, Report, find};
use crate::controls;
use crate::failure::{Doing, Result};
use crate::test::RAN;
use crate::workspace;
use std::fs;

const THREAT_MODEL: &str = "docs/THREAT-MODEL.md";
/// The heading of the column that holds test names in backticks.
const COLUMN: &str = "Test";

pub fn check(files: &[File], report: &mut Report) {
    let Some(document) = find(files, THREAT_MODEL, report) else { return };
    let tests = source_tests::find_all(files);
    let taken_out =
        controls::tests_named(files.iter().find(|file| file.path == controls::FILE).map(|file| &*file.text));
    let rows = rows_with(&document.text, COLUMN);
    if rows.is_empty() {
        report.problem(format!("{THREAT_MODEL}: no table with a column \"{COLUMN}\""));
    }
    for (line, cell) in rows {
        let place = format!("{THREAT_MODEL}:{line}");
        let named: Vec<_> = quoted(cell).collect();
        if named.is_empty() {
            report.problem(format!("{place}: the row names no test"));
        } else if !named.iter().any(|name| taken_out.iter().any(|test| last_part(test) == last_part(name))) {
            report.problem(format!("{place}: no control in {} is watched by a test of this row", controls::FILE));
        }
        for name in named {
            if let Some(why) = objection(name, &tests) {
                report.problem(format!("{place}: `{name}` {why}"));
            }
        }
    }
}

/// The named tests passed in the last whole run.
pub fn check_ran(files: &[File], report: &mut Report) -> Result {
    let path = workspace::target().join(RAN);
    let ran = fs::read_to_string(&path).doing(format!("read {}; run `cargo xtask test` first", path.display()))?;
    let Some(document) = find(files, THREAT_MODEL, report) else { return Ok(()) };
    for (line, cell) in rows_with(&document.text, COLUMN) {
        for name in quoted(cell).map(last_part) {
            if !passed(name, &ran) {
                report.problem(format!("{THREAT_MODEL}:{line}: `{name}` did not run and pass"));
            }
        }
    }
    Ok(())
}

/// `name` may say the file too, as `tests/e2e/test_x.py::test_y`.
fn objection(name: &str, tests: &[SourceTest]) -> Option<String> {
    let file = name.split_once("::").map(|(file, _)| file).filter(|file| file.contains('/'));
    let is_named = |test: &&SourceTest| test.name == last_part(name) && file.is_none_or(|file| test.path == file);
    let mut named = tests.iter().filter(is_named).peekable();
    if named.peek().is_none() {
        return Some("is no test".to_owned());
    }
    named.find(|test| test.switched_off).map(|test| format!("is switched off in {}", test.path))
}

/// Where a test has several lines (parameters, or one name in two files) all of them passed.
fn passed(name: &str, ran: &str) -> bool {
    let mut lines = ran.lines().filter_map(|line| line.split_once(' '));
    let mut verdicts =
        lines.by_ref().filter(|(_, test)| last_part(test) == name).map(|(verdict, _)| verdict).peekable();
    verdicts.peek().is_some() && verdicts.all(|verdict| verdict == "passed")
}

/// `crate::module::name` and `tests/test_x.py::name[parameters]` → `name`.
pub fn last_part(test: &str) -> &str {
    let test = test.split('[').next().unwrap_or(test);
    test.rsplit("::").next().unwrap_or(test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_missing_or_switched_off_is_objected_to() {
        let path = "tests/a.rs".to_owned();
        let test = |name: &str, switched_off| SourceTest { name: name.to_owned(), path: path.clone(), switched_off };
        let tests = [test("here", false), test("off", true)];
        assert_eq!(objection("here", &tests), None);
        assert!(objection("off", &tests).is_some());
        assert!(objection("gone", &tests).is_some());
        assert_eq!(objection("tests/a.rs::here", &tests), None);
        assert!(objection("tests/b.rs::here", &tests).is_some());
    }

    #[test]
    fn a_test_passed_only_if_every_run_of_it_passed() {
        let ran = "passed a::one\npassed t.py::two[1]\nfailed t.py::two[2]\nskipped b::three\n";
        assert!(passed("one", ran));
        assert!(!passed("two", ran));
        assert!(!passed("three", ran));
        assert!(!passed("four", ran));
    }
}
