//! Which crate may depend on which: dependencies point one way, and one crate alone names the AWS SDK.

use super::{File, Report};
use toml::{Table, Value};

const CORE_LIBRARIES: [&str; 5] = ["serde", "serde_json", "sha2", "thiserror", "time"];
/// What a core may have beyond that. Evidence checks signatures on P-256 and reads and writes an archive; a report fills a
/// page, draws a plot, and encodes and wraps text; a notice encodes links, an audit decodes policies. None of it is Cordon's to invent, and all of it computes over what the
/// caller hands in, but for plotters' way to a file, which `cores` forbids.
const MORE_LIBRARIES: [(&str, &[&str]); 4] = [
    ("access-audit", &["percent-encoding"]),
    ("evidence", &["base64", "flate2", "p256", "tar"]),
    ("notice", &["percent-encoding"]),
    ("report", &["askama", "base64", "plotters", "textwrap"]),
];
const AWS_ADAPTERS: &str = "aws-adapters";
/// What a function wires together; the command also reports.
const WIRED: &[&str] = &["aws-adapters", "containment", "engine", "ports", "signal", "telemetry"];
/// Enrolment knows no incident.
const ENROLLING: &[&str] = &["aws-adapters", "engine", "enrolment", "ports", "signal", "telemetry"];
const COMMAND: &[&str] = &[
    "access-audit",
    "aws-adapters",
    "containment",
    "detection",
    "engine",
    "evidence",
    "iam-policy",
    "ports",
    "report",
    "signal",
    "telemetry",
];

/// Crate → the workspace's crates it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("signal", &[]),
    ("access-audit", &["iam-policy"]),
    ("containment", &["detection", "signal"]),
    ("detection", &[]),
    ("enrolment", &["containment", "detection", "signal"]),
    ("evidence", &["containment", "signal"]),
    ("iam-policy", &[]),
    ("notice", &["containment", "signal"]),
    ("ports", &["containment", "detection", "enrolment", "evidence", "notice", "signal"]),
    ("engine", &["access-audit", "containment", "detection", "enrolment", "evidence", "notice", "ports", "signal"]),
    ("aws-adapters", &["containment", "detection", "enrolment", "evidence", "ports", "signal"]),
    ("report", &["access-audit", "containment", "notice", "signal"]),
    ("telemetry", &[]),
    ("testkit", &["containment", "detection", "enrolment", "evidence", "ports", "signal"]),
    ("contain-instance", WIRED),
    ("enroll-fleet", ENROLLING),
    ("audit-access", &["aws-adapters", "engine", "ports", "signal", "telemetry"]),
    ("measure-fleet", &["aws-adapters", "engine", "ports", "telemetry"]),
    ("reconcile-incidents", WIRED),
    ("release-instance", WIRED),
    ("revoke-credentials", WIRED),
    ("cli", COMMAND),
    // It judges by itself, one read after another.
    ("plain-containment", &["aws-adapters", "containment", "detection", "engine", "ports", "signal", "telemetry"]),
    ("backtest-bench", &["detection"]),
    ("xtask", &[]),
];

/// Crates that compute and nothing else: see `cores`.
pub const CORES: [&str; 9] =
    ["access-audit", "containment", "detection", "enrolment", "evidence", "iam-policy", "notice", "report", "signal"];

struct Manifest<'a> {
    path: &'a str,
    name: String,
    /// With whether it is for tests only.
    dependencies: Vec<(String, bool)>,
}

pub fn check(files: &[File], report: &mut Report) {
    let manifests: Vec<_> = files.iter().filter(|file| is_member(&file.path)).filter_map(manifest).collect();
    let members: Vec<_> = manifests.iter().map(|manifest| manifest.name.as_str()).collect();
    for manifest in &manifests {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == manifest.name) else {
            report.problem(format!(
                "{}: nobody has said what `{}` may depend on; say it in xtask/src/tidy/crates.rs",
                manifest.path, manifest.name
            ));
            continue;
        };
        for (dependency, for_tests) in &manifest.dependencies {
            if let Some(why) = objection(&manifest.name, dependency, *for_tests, allowed, &members) {
                report
                    .problem(format!("{}: `{}` may not depend on `{dependency}`: {why}", manifest.path, manifest.name));
            }
        }
    }
}

fn objection(
    name: &str,
    dependency: &str,
    for_tests: bool,
    allowed: &[&str],
    members: &[&str],
) -> Option<&'static str> {
    let of_aws = ["aws-sdk-", "aws-config", "aws-credential-types", "aws-sigv4", "aws-smithy-", "aws-types"]
        .iter()
        .any(|start| dependency.starts_with(start));
    if of_aws {
        return (name != AWS_ADAPTERS).then_some("only aws-adapters names the AWS SDK");
    }
    if members.contains(&dependency) {
        let in_memory_cloud = for_tests && dependency == "testkit" && !CORES.contains(&name);
        return (!allowed.contains(&dependency) && !in_memory_cloud).then_some("dependencies point the other way");
    }
    let more = MORE_LIBRARIES.iter().any(|(core, libraries)| *core == name && libraries.contains(&dependency));
    let outside_core = CORES.contains(&name) && !for_tests && !CORE_LIBRARIES.contains(&dependency) && !more;
    outside_core.then_some("a core computes and needs no more than its few libraries")
}

fn is_member(path: &str) -> bool {
    path.ends_with("/Cargo.toml") && !path.starts_with("fuzz/")
}

fn manifest(file: &File) -> Option<Manifest<'_>> {
    let table: Table = file.text.parse().ok()?;
    let name = table.get("package")?.get("name")?.as_str()?.to_owned();
    let targets = table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let sections = std::iter::once(&table).chain(targets.filter_map(Value::as_table));
    let dependencies = sections.flat_map(dependencies).collect();
    Some(Manifest { path: &file.path, name, dependencies })
}

fn dependencies(section: &Table) -> Vec<(String, bool)> {
    [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        .into_iter()
        .filter_map(|(key, for_tests)| Some((section.get(key)?.as_table()?, for_tests)))
        .flat_map(|(table, for_tests)| table.iter().map(move |(name, value)| (package(name, value), for_tests)))
        .collect()
}

/// A renamed dependency is what `package` says.
fn package(name: &str, value: &Value) -> String {
    value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: [&str; 4] = ["engine", "ports", "signal", "testkit"];

    fn refused(name: &str, dependency: &str, for_tests: bool) -> bool {
        objection(name, dependency, for_tests, &["signal"], &MEMBERS).is_some()
    }

    #[test]
    fn only_the_adapters_may_name_the_sdk() {
        assert!(refused("engine", "aws-sdk-ec2", false));
        assert!(refused("testkit", "aws-config", true));
        assert!(!refused("aws-adapters", "aws-sdk-ec2", false));
    }

    #[test]
    fn a_dependency_against_the_direction_is_refused() {
        assert!(refused("ports", "engine", false));
        assert!(!refused("ports", "signal", false));
    }

    #[test]
    fn a_core_may_not_gain_a_library_but_its_tests_may() {
        assert!(refused("signal", "tokio", false));
        assert!(refused("containment", "tar", false));
        assert!(!refused("evidence", "tar", false));
        assert!(refused("evidence", "tokio", false));
        assert!(!refused("signal", "proptest", true));
        assert!(refused("signal", "testkit", true));
        assert!(!refused("engine", "testkit", true));
    }

    #[test]
    fn only_the_report_may_draw_and_it_may_do_no_more() {
        assert!(!refused("report", "plotters", false));
        assert!(refused("containment", "plotters", false));
        assert!(refused("report", "tokio", false));
    }

    #[test]
    fn a_renamed_or_target_specific_dependency_is_seen() {
        let text = "[package]\nname = \"x\"\n[target.'cfg(unix)'.dependencies]\nec2 = { package = \"aws-sdk-ec2\" }\n";
        let file = File { path: "x/Cargo.toml".to_owned(), text: text.to_owned() };
        let read = manifest(&file).unwrap();
        assert_eq!(read.dependencies, [("aws-sdk-ec2".to_owned(), false)]);
    }
}
