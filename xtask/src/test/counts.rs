//! How many tests passed, and the list of those that ran: the evidence for documents that name tests.

use crate::failure::{Doing, Result};
use crate::workspace;
use std::fmt::{self, Display};
use std::fs;

/// Within the target folder. One line a test: `passed NAME`, `failed NAME`, `skipped NAME`.
pub const RAN: &str = "tests-ran.txt";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed,
    Skipped,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A test, or several that a runner reports in one line.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub name: String,
    pub verdict: Verdict,
    pub times: usize,
}

#[derive(Debug, Default)]
pub struct Counts {
    seen: Vec<Seen>,
}

impl Counts {
    pub fn add(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    pub fn of(&self, verdict: Verdict) -> usize {
        self.seen.iter().filter(|seen| seen.verdict == verdict).map(|seen| seen.times).sum()
    }

    /// A run without a single test proves nothing, so it is no success.
    pub fn all_passed(&self) -> bool {
        self.of(Verdict::Failed) == 0 && self.of(Verdict::Passed) > 0
    }

    pub fn write(&self) -> Result {
        let lines: String = self.seen.iter().map(|seen| format!("{} {}\n", seen.verdict.word(), seen.name)).collect();
        let path = workspace::target().join(RAN);
        fs::write(&path, lines).doing(format!("write {}", path.display()))
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [passed, failed, skipped] = [Verdict::Passed, Verdict::Failed, Verdict::Skipped].map(|each| self.of(each));
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(verdict: Verdict) -> Seen {
        Seen { name: "a".to_owned(), verdict, times: 1 }
    }

    #[test]
    fn a_run_without_tests_is_no_success() {
        assert!(!Counts::default().all_passed());
    }

    #[test]
    fn one_failure_among_passes_is_no_success() {
        let counts = Counts { seen: vec![one(Verdict::Passed), one(Verdict::Failed)] };
        assert!(!counts.all_passed());
        assert_eq!(counts.to_string(), "1 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn a_line_that_stands_for_several_tests_counts_as_several() {
        let skipped = Seen { times: 4, ..one(Verdict::Skipped) };
        let counts = Counts { seen: vec![one(Verdict::Passed), skipped] };
        assert!(counts.all_passed());
        assert_eq!(counts.to_string(), "1 passed, 0 failed, 4 skipped");
    }
}
