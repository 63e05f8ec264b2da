//! The cores never await, read a clock, an environment variable, a file or a network.

use super::crates::CORES;
use super::{File, Report};

const FORBIDDEN: [(&str, &str); 23] = [
    ("async fn", "awaits"),
    (".await", "awaits"),
    ("now_utc", "reads a clock"),
    ("now_local", "reads a clock"),
    ("SystemTime", "reads a clock"),
    ("Instant::now", "reads a clock"),
    ("std::env", "reads the environment"),
    ("std::{env", "reads the environment"),
    ("env!(", "reads the environment"),
    ("std::fs", "reads files"),
    // The traits of `std::io` reach nothing by themselves: what they reach, a caller opened.
    ("stdin", "reads or writes"),
    ("stdout", "reads or writes"),
    ("stderr", "reads or writes"),
    ("io::pipe", "reads or writes"),
    ("std::net", "uses the network"),
    ("std::process", "starts processes"),
    ("std::thread", "starts threads"),
    ("std::os", "depends on the system"),
    ("println!", "prints"),
    ("eprintln!", "prints"),
    ("include_str!", "reads files"),
    ("SVGBackend::new", "writes files"),
    ("unsafe ", "is unsafe"),
];

pub fn check(files: &[File], report: &mut Report) {
    for file in files.iter().filter(|file| in_core(&file.path)) {
        for (number, line) in file.lines() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some((word, what)) = FORBIDDEN.iter().find(|(word, _)| code.contains(word)) {
                report.problem(format!("{}:{number}: a core that {what}: `{word}`", file.path));
            }
        }
    }
}

fn in_core(path: &str) -> bool {
    CORES.iter().any(|core| path.starts_with(&format!("shared/{core}/src/"))) && path.ends_with(".rs")
}
