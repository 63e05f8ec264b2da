//! Every control that `cargo xtask controls` takes out is where the list says, and a test of that name is there.

use super::threat_model::last_part;
use super::{File, Report, find, source_tests};
use crate::controls;

pub fn check(files: &[File], report: &mut Report) {
    let Some(list) = find(files, controls::FILE, report) else { return };
    let listed = match controls::read(&list.text) {
        Ok(listed) => listed,
        Err(error) => return report.problem(error),
    };
    let tests = source_tests::find_all(files);
    for control in listed {
        let Some(file) = find(files, &control.file, report) else { continue };
        if let Err(error) = control.taken_out_of(&file.text) {
            report.problem(format!("{}: {error}", controls::FILE));
        }
        if !tests.iter().any(|test| test.name == last_part(&control.test)) {
            report.problem(format!("{}: {}: `{}` is no test", controls::FILE, control.id, control.test));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "[[control]]\nid = \"floor\"\nfile = \"a.rs\"\nfrom = \"a < b\"\nto = \"true\"\npackage = \"x\"\ntest = \"holds\"\n";

    fn problems(list: &str, source: &str) -> usize {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let mut report = Report::default();
        check(&[file(controls::FILE, list), file("a.rs", source)], &mut report);
        report.problems.len()
    }

    #[test]
    fn a_list_that_cannot_be_read_or_a_control_or_test_that_moved_is_reported() {
        let test = "#[test]\nfn holds() {}\n";
        assert_eq!(problems(LIST, &format!("a < b\n{test}")), 0);
        assert_eq!(problems(LIST, &format!("a <= b\n{test}")), 1);
        assert_eq!(problems(LIST, "a < b\n"), 1);
        assert_eq!(problems("[[control]]\n", test), 1);
    }
}
