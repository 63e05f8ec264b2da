//! Reads the short test summary that pytest prints with `-rpfEsxX`.

use super::counts::{Seen, Verdict};

#[derive(Debug, Default)]
pub struct PytestOutput {
    /// What tests print comes before the summary and can't be taken for it.
    in_summary: bool,
}

impl PytestOutput {
    pub fn read(&mut self, line: &str) -> Option<Seen> {
        self.in_summary |= line.starts_with("====") && line.contains(" short test summary info ");
        let (word, rest) = line.split_once(' ').filter(|_| self.in_summary)?;
        let verdict = match word {
            "PASSED" => Verdict::Passed,
            // A test that was expected to fail and passes says that the expectation is out of date.
            "FAILED" | "ERROR" | "XPASS" => Verdict::Failed,
            "SKIPPED" | "XFAIL" => Verdict::Skipped,
            _ => return None,
        };
        let (times, name) = match rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((times, place)) => (times.parse().unwrap_or(1), place),
            None => (1, rest),
        };
        // A failure's message and a skip's reason follow the name.
        let name = if verdict == Verdict::Passed { name } else { name.split(" - ").next().unwrap_or(name) };
        Some(Seen { name: name.to_owned(), verdict, times })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = "=========== short test summary info ===========";

    fn read(lines: &[&str]) -> Vec<(String, Verdict, usize)> {
        let mut output = PytestOutput::default();
        lines.iter().filter_map(|line| output.read(line)).map(|seen| (seen.name, seen.verdict, seen.times)).collect()
    }

    #[test]
    fn the_summary_names_every_test_with_its_verdict() {
        let seen = read(&[
            SUMMARY,
            "PASSED tests/test_a.py::test_b[x - y]",
            "FAILED tests/test_a.py::test_c - assert 1 == 2",
            "ERROR tests/test_d.py - ImportError",
            "SKIPPED [3] tests/test_a.py:9: needs cargo",
        ]);
        let expected = [
            ("tests/test_a.py::test_b[x - y]", Verdict::Passed, 1),
            ("tests/test_a.py::test_c", Verdict::Failed, 1),
            ("tests/test_d.py", Verdict::Failed, 1),
            ("tests/test_a.py:9: needs cargo", Verdict::Skipped, 3),
        ];
        assert_eq!(seen, expected.map(|(name, verdict, times)| (name.to_owned(), verdict, times)));
    }

    #[test]
    fn what_a_test_prints_before_the_summary_is_no_verdict() {
        assert_eq!(read(&["PASSED tests/test_forged.py::test_it"]), []);
    }
}
