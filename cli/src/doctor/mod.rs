//! `cordon doctor`: whether what is deployed is whole, and what to do where it isn't. It changes nothing.

mod check;
mod functions;
mod messages;
mod stack;
mod storage;
mod topic_policy;
mod watch;

use crate::deployment::Deployment;
use crate::exit::{Exit, Failed};
use crate::table::{cell, wrapped};
use check::{Check, Finding, Fix, Problem};
use ports::ErrorKind;
use serde_json::json;
use signal::Quoted;
use stack::Stack;
use std::collections::BTreeMap;
use std::fmt::Write;
use time::OffsetDateTime;

const SCHEMA: u32 = 1;

pub(crate) async fn run(deployment: &Deployment, as_json: bool) -> Result<(String, Exit), Failed> {
    let mut checks = examined(deployment).await?;
    checks.sort_by_key(|check| rank(&check.finding));
    let exit = exit(&checks);
    Ok((if as_json { document(deployment.stack(), &checks, exit) } else { text(&checks) }, exit))
}

async fn examined(deployment: &Deployment) -> Result<Vec<Check>, Failed> {
    let clients = &deployment.clients;
    let reader = aws_adapters::stack_reader(clients);
    let name = deployment.stack();
    let resources = match reader.resources(name).await {
        Ok(resources) => resources,
        Err(error) if error.kind == ErrorKind::Gone => {
            return Err(Failed::Other(format!(
                "there is no stack {} in this account and Region; check --stack or CORDON_STACK",
                Quoted(name)
            )));
        }
        Err(error) => return Ok(vec![Check::unchecked("stack-resources", "the stack", &error)]),
    };
    let stack = Stack::new(reader, resources).await;
    let (alarms, account) =
        (aws_adapters::alarms(clients), aws_adapters::coverage(clients, stack.id(stack::TABLE).unwrap_or_default()));
    let (functions, messages, storage, watch) = tokio::join!(
        functions::checks(&stack, OffsetDateTime::now_utc()),
        messages::checks(&stack),
        storage::checks(&stack),
        watch::checks(&stack, &*alarms, &*account),
    );
    Ok([stack.check(), functions, messages, storage, watch].into_iter().flatten().collect())
}

/// What needs a person first.
fn rank(finding: &Finding) -> u8 {
    match finding {
        Finding::Problem(_) => 0,
        Finding::Unchecked(_) => 1,
        Finding::Ok => 2,
    }
}

/// A known problem is the worse news: it needs mending whatever else is found.
fn exit(checks: &[Check]) -> Exit {
    match checks.iter().map(|check| rank(&check.finding)).min() {
        Some(0) => Exit::Error,
        Some(2) => Exit::Done,
        _ => Exit::CouldNotCheck,
    }
}

fn document(stack: &str, checks: &[Check], exit: Exit) -> String {
    let outcome = match exit {
        Exit::Done => "ok",
        Exit::Error => "problems",
        _ => "could-not-check",
    };
    let checks: Vec<_> = checks.iter().map(Check::json).collect();
    json!({"schema": SCHEMA, "stack": stack, "outcome": outcome, "checks": checks}).to_string()
}

fn text(checks: &[Check]) -> String {
    let mut text = String::from("check                    of                              finding\n");
    let mut row = |id: &str, of: &str, finding: &str| {
        let _ = writeln!(text, "{} {} {finding}", cell(id, 24), cell(of, 31));
    };
    let mut passed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for check in checks {
        match &check.finding {
            Finding::Ok => passed.entry(check.id).or_default().push(&check.subject),
            Finding::Unchecked(why) => row(check.id, &check.subject, &beneath("could not check", why, "")),
            Finding::Problem(Problem { what, fix: Fix::Advice(fix) }) => {
                row(check.id, &check.subject, &beneath(&beneath("PROBLEM", what, ""), &format!("fix: {fix}"), ""));
            }
            Finding::Problem(Problem { what, fix: Fix::Command(fix) }) => {
                row(check.id, &check.subject, &beneath(&beneath("PROBLEM", what, ""), &format!("fix: {fix}"), " \\"));
            }
        }
    }
    for (id, subjects) in passed {
        match subjects.as_slice() {
            [one] => row(id, one, "ok"),
            all => {
                let other =
                    if checks.iter().filter(|check| check.id == id).count() > all.len() { "other " } else { "" };
                row(id, &format!("all {other}{}", all.len()), "ok");
            }
        }
    }
    text.push('\n');
    text + &summary(checks)
}

/// Adds lines of at most 80 columns; `glue` makes a shell read the next one with this one.
fn beneath(finding: &str, what: &str, glue: &str) -> String {
    let lines = wrapped(what, 74);
    format!("{finding}\n    {}", lines.join(&format!("{glue}\n    ")))
}

fn summary(checks: &[Check]) -> String {
    let of = |wanted| checks.iter().filter(|check| rank(&check.finding) == wanted).count();
    match (of(0), of(1), of(2)) {
        (0, 0, well) => format!("All {well} checks passed."),
        (problems, unchecked, well) => {
            format!("Problems: {problems}. Could not check: {unchecked}. Passed: {well}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check::{Check, mended_by};
    use super::{Exit, exit, text};
    use ports::{ErrorKind, PortError};

    fn checks() -> [Check; 3] {
        let denied = PortError::new("kms:DescribeKey", ErrorKind::Denied, None, "no");
        let command = format!("aws kms enable-key {}", "--option value ".repeat(12));
        [
            Check::new("key-rotates", "LogKey", Ok(())),
            Check::unchecked("key-enabled", "LogKey", &denied),
            Check::new("key-enabled", "MessageKey", mended_by("it is disabled", command)),
        ]
    }

    #[test]
    fn a_problem_weighs_more_than_what_is_unknown_and_that_more_than_a_pass() {
        let [ok, unchecked, problem] = checks();
        assert_eq!(exit(std::slice::from_ref(&ok)), Exit::Done);
        assert_eq!(exit(&[ok.clone(), unchecked.clone()]), Exit::CouldNotCheck);
        assert_eq!(exit(&[unchecked, problem, ok]), Exit::Error);
        assert_eq!(exit(&[]), Exit::CouldNotCheck, "nothing was looked at");
    }

    #[test]
    fn the_table_fits_80_columns_and_its_commands_can_be_copied() {
        let text = text(&checks());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let command: Vec<_> = text.lines().skip_while(|line| !line.contains("fix: ")).collect();
        assert!(command[0].ends_with(" \\") && command[1].starts_with("    --option"), "{text}");
        assert!(text.ends_with("Problems: 1. Could not check: 1. Passed: 1."));
    }
}
