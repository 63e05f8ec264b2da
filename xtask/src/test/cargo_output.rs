//! Reads what `cargo test` prints, stdout and stderr together.

use super::counts::{Seen, Verdict};

#[derive(Debug, Default)]
pub struct CargoOutput {
    /// The test binary whose tests follow, as `package-or-file`, without the hash that cargo adds.
    binary: String,
}

impl CargoOutput {
    pub fn read(&mut self, line: &str) -> Option<Seen> {
        let trimmed = line.trim_start();
        if let Some(rest) = trimmed.strip_prefix("Running ").filter(|_| line.starts_with(' ')) {
            self.binary = binary(rest);
        } else if let Some(name) = trimmed.strip_prefix("Doc-tests ").filter(|_| line.starts_with(' ')) {
            name.clone_into(&mut self.binary);
        }
        let (name, verdict) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
        let verdict = match verdict {
            "ok" => Verdict::Passed,
            "FAILED" => Verdict::Failed,
            _ if verdict.starts_with("ignored") => Verdict::Skipped,
            _ => return None,
        };
        let name = name.strip_suffix(" - should panic").unwrap_or(name);
        Some(Seen { name: format!("{}::{name}", self.binary), verdict, times: 1 })
    }
}

/// `tests/plan.rs (target/debug/deps/plan-0f3a)` → `plan`.
fn binary(running: &str) -> String {
    let path = running.rsplit('(').next().unwrap_or_default().trim_end_matches(')');
    let file = path.rsplit('/').next().unwrap_or_default();
    file.rsplit_once('-').map_or(file, |(name, _)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Seen> {
        let mut output = CargoOutput::default();
        lines.iter().filter_map(|line| output.read(line)).collect()
    }

    #[test]
    fn tests_carry_the_name_of_their_binary() {
        let seen = read(&[
            "     Running tests/plan.rs (target/debug/deps/plan-0f3a99)",
            "running 1 test",
            "test a::stops_last ... ok",
            "     Running unittests src/lib.rs (target/debug/deps/contain_instance-77)",
            "test b - should panic ... FAILED",
        ]);
        let expected = [("plan::a::stops_last", Verdict::Passed), ("contain_instance::b", Verdict::Failed)];
        assert_eq!(seen, expected.map(|(name, verdict)| Seen { name: name.to_owned(), verdict, times: 1 }));
    }

    #[test]
    fn an_ignored_test_is_skipped_and_a_summary_is_no_test() {
        let seen = read(&["test c ... ignored, needs AWS", "test result: ok. 3 passed; 0 failed", "test d ... bench"]);
        assert_eq!(seen.iter().map(|seen| seen.verdict).collect::<Vec<_>>(), [Verdict::Skipped]);
    }
}
