//! The glossary's rejected words name nothing in the code.

use super::{File, Report, find};

const GLOSSARY: &str = "docs/GLOSSARY.md";
const DEFINING: [&str; 13] =
    ["fn", "struct", "enum", "trait", "mod", "type", "const", "static", "let", "mut", "class", "def", "macro_rules!"];

pub fn check(files: &[File], report: &mut Report) {
    let Some(glossary) = find(files, GLOSSARY, report) else { return };
    let rejected = rejected_words(&glossary.text);
    if rejected.is_empty() {
        report.problem(format!("{GLOSSARY}: no `words` under a heading with \"Rejected\" in it"));
    }
    for file in files.iter().filter(|file| file.has_extension(&["rs", "py"])) {
        let stem = file.path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        if let Some(word) = rejected_part(stem, &rejected) {
            report.problem(format!("{}: the glossary rejects `{word}`", file.path));
        }
        for (number, line) in file.lines() {
            for name in defined(line) {
                if let Some(word) = rejected_part(name, &rejected) {
                    report.problem(format!("{}:{number}: `{name}`: the glossary rejects `{word}`", file.path));
                }
            }
        }
    }
}

fn rejected_words(glossary: &str) -> Vec<String> {
    let lines = glossary.lines().skip_while(|line| !(line.starts_with('#') && line.contains("ejected")));
    let section = lines.skip(1).take_while(|line| !line.starts_with('#'));
    section.flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_lowercase).collect()
}

fn defined(line: &str) -> impl Iterator<Item = &str> {
    let words: Vec<_> = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '!')).collect();
    let pairs: Vec<_> = words.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect();
    pairs.into_iter().filter(|(keyword, _)| DEFINING.contains(keyword)).map(|(_, name)| name)
}

/// `HelperThing` and `do_help_all` have parts; a plural is the same word.
fn rejected_part<'a>(name: &str, rejected: &'a [String]) -> Option<&'a str> {
    let mut parts = String::new();
    for character in name.chars() {
        if character.is_uppercase() {
            parts.push('_');
        }
        parts.extend(character.to_lowercase());
    }
    let is_part = |word: &&String| parts.split('_').any(|part| part == *word || part.strip_suffix('s') == Some(word));
    rejected.iter().find(is_part).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected() -> Vec<String> {
        rejected_words("# Words\n`kept`\n## Rejected words\n- `rollback`: it lies\n- `util`\n# Next\n`alarm`")
    }

    #[test]
    fn only_the_section_of_rejected_words_counts() {
        assert_eq!(rejected(), ["rollback", "util"]);
    }

    #[test]
    fn a_rejected_word_is_found_in_camel_case_snake_case_and_plural() {
        for name in ["RollbackPlan", "do_rollback", "utils"] {
            assert!(rejected_part(name, &rejected()).is_some(), "{name}");
        }
        assert_eq!(rejected_part("utility", &rejected()), None);
    }

    #[test]
    fn only_what_is_defined_is_judged() {
        assert_eq!(defined("pub fn contain(utils: &str) {").collect::<Vec<_>>(), ["contain"]);
        assert_eq!(defined("from moto.core.utils import now").count(), 0);
    }
}
