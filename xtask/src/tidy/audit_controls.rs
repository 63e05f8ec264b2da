//! Each control of the audit is one file, one test and one section of the document.

use super::{File, Report, find};
use std::collections::BTreeSet;

const FOLDER: &str = "shared/access-audit/src/controls/";
const DOCUMENT: &str = "docs/CONTROLS.md";

pub fn check(files: &[File], report: &mut Report) {
    let Some(document) = find(files, DOCUMENT, report) else { return };
    let mut known = BTreeSet::new();
    for file in files.iter().filter(|file| file.path.starts_with(FOLDER)) {
        let Some(id) = id(&file.text) else { continue };
        if !file.text.contains("#[test]") {
            report.problem(format!("{}: the control {id} has no test", file.path));
        }
        if !known.insert(id) {
            report.problem(format!("{}: another file has a control {id}, too", file.path));
        }
    }
    let sections: Vec<&str> =
        document.text.lines().filter_map(|line| line.strip_prefix("## ")).filter(|it| !it.contains(' ')).collect();
    for id in known.iter().filter(|id| sections.iter().filter(|one| one == id).count() != 1) {
        report.problem(format!("{DOCUMENT}: {id} has not one section"));
    }
    for section in sections.iter().filter(|section| !known.contains(*section)) {
        report.problem(format!("{DOCUMENT}: there is no control {section}"));
    }
}

fn id(text: &str) -> Option<&str> {
    // However rustfmt breaks the line.
    let (_, rest) = text.split_once("const CONTROL: Control =")?;
    let (_, rest) = rest.split_once("id: \"")?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(sources: &[(&str, &str)], document: &str) -> Vec<String> {
        let file = |(path, text): &(&str, &str)| File { path: format!("{FOLDER}{path}"), text: (*text).to_owned() };
        let mut files: Vec<_> = sources.iter().map(file).collect();
        files.push(File { path: DOCUMENT.to_owned(), text: document.to_owned() });
        let mut report = Report::default();
        check(&files, &mut report);
        report.problems
    }

    #[test]
    fn a_control_without_a_test_or_a_section_is_untidy_and_so_is_a_section_without_a_control() {
        let control = "const CONTROL: Control = Control {\n    id: \"iam-x\",\n";
        let tested = format!("{control}#[test]");
        assert!(problems(&[("x.rs", &tested), ("mod.rs", "")], "## By standard\n## iam-x\n").is_empty());
        assert_eq!(problems(&[("x.rs", control)], "## iam-x\n").len(), 1);
        assert_eq!(problems(&[("x.rs", &tested)], "## iam-y\n").len(), 2);
        assert_eq!(problems(&[("x.rs", &tested), ("y.rs", &tested)], "## iam-x\n").len(), 1);
    }
}
