//! Tests as the sources have them: their names, and whether they are switched off.

use super::File;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTest {
    pub name: String,
    pub path: String,
    pub switched_off: bool,
}

pub fn find_all(files: &[File]) -> Vec<SourceTest> {
    files
        .iter()
        .flat_map(|file| match file.path.rsplit_once('.') {
            Some((_, "rs")) => rust(file),
            Some((_, "py")) => python(file),
            _ => Vec::new(),
        })
        .collect()
}

/// A function with `#[test]` or `#[tokio::test]` among the attributes above it, also within `proptest!`.
fn rust(file: &File) -> Vec<SourceTest> {
    let mut attributes: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for (_, line) in file.lines() {
        let line = line.trim();
        let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if line.starts_with("#[") {
            attributes.push(line);
        } else if let Some(name) = name {
            if attributes.iter().any(|each| each.starts_with("#[test]") || each.starts_with("#[tokio::test")) {
                let off = attributes.iter().any(|each| each.starts_with("#[ignore") || each.starts_with("#[cfg"));
                found.push(test(file, name, off));
            }
            attributes.clear();
        } else if !line.starts_with("//") && !line.is_empty() {
            attributes.clear();
        }
    }
    found
}

/// `def test_…`, alone or in a class, unless a decorator or the module's mark skips it or expects its failure.
fn python(file: &File) -> Vec<SourceTest> {
    let file_name = file.path.rsplit('/').next().unwrap_or_default();
    if !file_name.starts_with("test_") {
        return Vec::new();
    }
    let skips = |line: &str| line.contains(".skip") || line.contains(".xfail");
    let module_off = file.lines().any(|(_, line)| line.starts_with("pytestmark") && skips(line));
    let mut decorated_off = false;
    let mut found = Vec::new();
    for (_, line) in file.lines() {
        let line = line.trim();
        let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("def ");
        if line.starts_with('@') {
            decorated_off |= skips(line);
        } else if let Some(name) = name {
            if name.starts_with("test_") {
                found.push(test(file, name, module_off || decorated_off));
            }
            decorated_off = false;
        }
    }
    found
}

fn test(file: &File, declaration: &str, switched_off: bool) -> SourceTest {
    let name = declaration.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    SourceTest { name, path: file.path.clone(), switched_off }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(String, bool)> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        find_all(&[file]).into_iter().map(|test| (test.name, test.switched_off)).collect()
    }

    #[test]
    fn rust_tests_are_found_and_ignored_ones_told_apart() {
        let text = "#[test]\nfn one() {}\n/// why\n#[tokio::test(start_paused = true)]\n#[ignore]\nasync fn two() {}\nfn three() {}\n#[test]\nconst X: u8 = 1;\nfn four() {}\n";
        assert_eq!(found("a.rs", text), [("one".to_owned(), false), ("two".to_owned(), true)]);
    }

    #[test]
    fn python_tests_are_found_and_skipped_ones_told_apart() {
        let text = "@pytest.mark.skip\n@other\ndef test_one():\n    def inner(): ...\nclass TestX:\n    def test_two(self): ...\ndef not_a_test(): ...\n";
        assert_eq!(found("test_a.py", text), [("test_one".to_owned(), true), ("test_two".to_owned(), false)]);
    }

    #[test]
    fn a_module_that_is_skipped_switches_off_its_tests() {
        let text = "pytestmark = pytest.mark.skip\ndef test_one(): ...\n";
        assert_eq!(found("test_a.py", text), [("test_one".to_owned(), true)]);
    }
}
