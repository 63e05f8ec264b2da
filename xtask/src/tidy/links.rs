//! Links between documents lead somewhere.

use super::{File, Report};
use crate::workspace;
use std::path::{Path, PathBuf};

pub fn check(files: &[File], report: &mut Report) {
    for file in files.iter().filter(|file| file.has_extension(&["md"])) {
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new("")).to_path_buf();
        for (number, line) in file.lines() {
            for target in relative_targets(line) {
                let path: PathBuf = workspace::root().join(&folder).join(target);
                if !path.exists() {
                    report.problem(format!("{}:{number}: the link to {target} leads nowhere", file.path));
                }
            }
        }
    }
}

/// `[text](target#heading)` → `target`, unless it is an address or a heading of the same document.
fn relative_targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](")
        .filter_map(|(at, opening)| line.get(at + opening.len()..)?.split(')').next())
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_targets_are_followed_without_their_heading() {
        let line = "[a](docs/A.md#top), [b](https://aws.amazon.com/), [c](#here), [d](../b.md)";
        assert_eq!(relative_targets(line).collect::<Vec<_>>(), ["docs/A.md", "../b.md"]);
    }
}
