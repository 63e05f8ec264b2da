//! Nothing of the machine it was written on: the project must mean the same everywhere.

use super::{File, Report};

/// Split, so that this file doesn't contain what it looks for.
const PLACES: [(&str, &str); 5] =
    [("/wo", "rk/"), ("/ro", "ot/"), ("../sha", "red/"), ("artif", "actory"), ("--extra-", "index-url")];

pub fn check(files: &[File], report: &mut Report) {
    for file in files {
        for (number, line) in file.lines() {
            for (start, end) in PLACES {
                let place = format!("{start}{end}");
                if mentions(line, &place) {
                    report.problem(format!("{}:{number}: mentions `{place}`, a place of one machine", file.path));
                }
            }
        }
    }
}

/// A folder at the top of the disk is a place, one of the same name further down is not; and a manifest may point to a
/// neighbour of its own.
fn mentions(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '/' | '}'))
    }) && !(place.starts_with("../") && line.contains("path = "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_at_the_top_of_the_disk_is_a_place_and_one_inside_the_project_is_not() {
        let place = format!("/{}/", "home");
        assert!(mentions("see `/home/x`", &place));
        assert!(!mentions("see src/home/x", &place));
        assert!(!mentions("{dir}/home/x", &place));
    }
}
