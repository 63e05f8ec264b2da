//! Documents name everything there is to name: alarms, steps, states, commands.

use super::{File, Report, find};
use crate::Arguments;
use clap::CommandFactory;

const TEMPLATE: &str = "template.yaml";

pub fn check(files: &[File], report: &mut Report) {
    mentions_all(files, report, "docs/OPERATIONS.md", TEMPLATE, alarms);
    mentions_all(files, report, "docs/GLOSSARY.md", "shared/containment/src/step.rs", |text| variants(text, "Step"));
    mentions_all(files, report, "docs/GLOSSARY.md", "shared/containment/src/incident.rs", |text| {
        variants(text, "IncidentState")
    });
    commands_exist(files, report);
}

fn mentions_all(
    files: &[File],
    report: &mut Report,
    document: &str,
    source: &str,
    names: impl Fn(&str) -> Vec<String>,
) {
    let (Some(text), Some(source)) = (find(files, document, report), find(files, source, report)) else { return };
    let names = names(&source.text);
    if names.is_empty() {
        report.problem(format!("{}: found nothing that {document} should mention", source.path));
    }
    for name in names.iter().filter(|name| !text.text.contains(name.as_str())) {
        report.problem(format!("{document} doesn't mention {name} of {}", source.path));
    }
}

/// Logical ids of the alarms: the last key indented by two before the type.
fn alarms(template: &str) -> Vec<String> {
    let mut resource = "";
    let mut found = Vec::new();
    for line in template.lines() {
        if let Some(key) = line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '#', '-'])) {
            resource = key.trim_end().trim_end_matches(':');
        }
        if matches!(line.trim(), "Type: AWS::CloudWatch::Alarm" | "Type: AWS::CloudWatch::CompositeAlarm") {
            found.push(resource.to_owned());
        }
    }
    found
}

/// The variants of an enum as rustfmt writes it.
fn variants(source: &str, name: &str) -> Vec<String> {
    let body = source.lines().skip_while(|line| *line != format!("pub enum {name} {{")).skip(1);
    body.take_while(|line| *line != "}")
        .filter_map(|line| line.strip_prefix("    ").filter(|rest| rest.starts_with(char::is_uppercase)))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric()).collect())
        .collect()
}

/// Every `cargo xtask WORD` in a document is a command of ours.
fn commands_exist(files: &[File], report: &mut Report) {
    let command = Arguments::command();
    for file in files.iter().filter(|file| file.has_extension(&["md", "yml", "yaml"]) || file.path == ".ci/run") {
        for (number, line) in file.lines() {
            for word in line.split("cargo xtask ").skip(1).filter_map(first_word) {
                if command.find_subcommand(word).is_none() {
                    report.problem(format!("{}:{number}: there is no `cargo xtask {word}`", file.path));
                }
            }
        }
    }
}

fn first_word(text: &str) -> Option<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '-')).next().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_are_named_by_their_logical_id() {
        let template = "Resources:\n  First:\n    Type: AWS::SNS::Topic\n  # why\n  Second:\n    Condition: X\n    Type: AWS::CloudWatch::Alarm\n";
        assert_eq!(alarms(template), ["Second"]);
    }

    #[test]
    fn variants_are_read_without_their_fields_and_comments() {
        let source = "pub enum State {\n    /// Why.\n    One,\n    Two { steps: Vec<Step> },\n    #[x]\n    Three(u8),\n}\npub enum Other {\n    Four,\n}\n";
        assert_eq!(variants(source, "State"), ["One", "Two", "Three"]);
    }

    #[test]
    fn a_command_in_prose_ends_with_its_word() {
        assert_eq!(first_word("test`, which"), Some("test"));
        assert_eq!(first_word("bench contain"), Some("bench"));
    }
}
