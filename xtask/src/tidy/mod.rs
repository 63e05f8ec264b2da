//! `cargo xtask tidy`: what compilers don't hold: who depends on whom, and that documents say what is so.

mod audit_controls;
mod cores;
mod crates;
mod documents;
mod links;
mod names;
mod places;
mod sizes;
mod source_tests;
mod tables;
mod taken_out;
mod threat_model;

use crate::failure::{Failure, Result};
use crate::workspace;

/// A file of the project: its path from the top, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    /// Numbered from 1, as editors do.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

#[derive(Default)]
pub struct Report {
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Report {
    pub fn problem(&mut self, text: impl ToString) {
        let text = text.to_string();
        // Several checks need the same file; that it is missing is said once.
        if !self.problems.contains(&text) {
            self.problems.push(text);
        }
    }

    pub fn warning(&mut self, text: impl ToString) {
        self.warnings.push(text.to_string());
    }
}

/// With `ran`, tests that documents name must also have passed in the last `cargo xtask test`.
pub fn run(ran: bool) -> Result {
    let files = text_files()?;
    let mut report = Report::default();
    crates::check(&files, &mut report);
    cores::check(&files, &mut report);
    sizes::check(&files, &mut report);
    names::check(&files, &mut report);
    places::check(&files, &mut report);
    links::check(&files, &mut report);
    documents::check(&files, &mut report);
    threat_model::check(&files, &mut report);
    taken_out::check(&files, &mut report);
    audit_controls::check(&files, &mut report);
    if ran {
        threat_model::check_ran(&files, &mut report)?;
    }
    for warning in &report.warnings {
        println!("warning: {warning}");
    }
    for problem in &report.problems {
        println!("error: {problem}");
    }
    match report.problems.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!("{count} untidy: see above"))),
    }
}

/// Files that aren't text hold nothing to check.
fn text_files() -> Result<Vec<File>> {
    let read = |path: String| workspace::read(&path).ok().map(|text| File { path, text });
    Ok(workspace::files()?.into_iter().filter_map(read).collect())
}

fn find<'a>(files: &'a [File], path: &str, report: &mut Report) -> Option<&'a File> {
    let found = files.iter().find(|file| file.path == path);
    if found.is_none() {
        report.problem(format!("{path} is missing"));
    }
    found
}
