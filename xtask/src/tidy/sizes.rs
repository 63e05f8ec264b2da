//! Files that one can read at a sitting.

use super::{File, Report};

const TALK_ABOVE: usize = 300;
const MOST: usize = 500;

pub fn check(files: &[File], report: &mut Report) {
    for file in files.iter().filter(|file| file.has_extension(&["rs", "py"])) {
        match file.lines().count() {
            lines if lines > MOST => report.problem(format!("{}: {lines} lines; split it ({MOST} at most)", file.path)),
            lines if lines > TALK_ABOVE => report.warning(format!("{}: {lines} lines; has it one job?", file.path)),
            _ => {}
        }
    }
}
