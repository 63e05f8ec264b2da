//! Who can do what in the account: what an audit finds where something is wrong, and that Cordon's own roles hold no more than
//! they are meant to.

use super::command::{ask, page};
use crate::account::LocalAccount;
use crate::failure::{Doing, Failure, Result};
use crate::process;
use crate::workspace;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What was made for the audit to find.
#[derive(Deserialize)]
struct Planted {
    climbers: Vec<String>,
    vendor: String,
    key: String,
}

/// Prints what was found. Fails unless all that was planted is among it, and nothing on Cordon's own roles.
pub fn show(account: &LocalAccount) -> Result<Value> {
    println!(
        "\nSomebody adds a role that leads to administrator, one that a stranger may assume, and a key that is open to all."
    );
    let mut program = account.program("local_account.vulnerable_scene");
    let planted: Planted = serde_json::from_str(&process::output(&mut program).doing("make the account vulnerable")?)?;
    let report = ask(account, &["audit"])?;
    let findings = report.get("findings").and_then(Value::as_array).doing("find the audit's findings")?;
    let failing = |control: &'static str| {
        findings.iter().filter(move |one| one["control"] == control && one["status"] == "fail").collect::<Vec<_>>()
    };
    println!("\n$ cordon audit");
    for one in findings.iter().filter(|one| one["severity"] == "critical" && one["status"] == "fail") {
        println!("CRITICAL  {}: {}", text(&one["control"]), text(&one["resource"]));
        println!("  {}", text(&one["message"]));
        println!("  Fix: {}", text(&one["fix"]));
    }
    if let Some(cut) = report.pointer("/escalation/cuts/0") {
        println!(
            "One change breaks the paths of {} of {}: statement {} of {} of {}",
            cut["breaks"],
            cut["of"],
            cut["statement"],
            text(&cut["policy"]),
            text(&cut["holder"])
        );
    }
    let own: Vec<_> = findings.iter().filter(|one| one["own"] == true).collect();
    let beyond: Vec<_> = own.iter().filter(|one| one["suppressed"].is_null()).collect();
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in own.iter().filter(|one| !one["suppressed"].is_null()) {
        *reasons.entry((text(&one["control"]), one.pointer("/suppressed/reason").map_or("-", text))).or_default() += 1;
    }
    println!("\nCordon's own roles. On the list of what is as it should be:");
    for ((control, reason), count) in reasons {
        println!("  {count} times {control}: {reason}");
    }
    println!("Beyond the list: {}", beyond.len());
    let climbing = failing("iam-privilege-escalation");
    let unseen = planted.climbers.iter().filter(|climber| !climbing.iter().any(|one| one["principal"] == **climber));
    let missed: Vec<String> = unseen
        .cloned()
        .chain(unless(
            failing("iam-trust-external-account").iter().any(|one| one["resource"] == planted.vendor),
            &planted.vendor,
        ))
        .chain(unless(failing("kms-public-key").iter().any(|one| one["resource"] == planted.key), &planted.key))
        .collect();
    let file = workspace::target().join("demo-audit.html");
    page(account, &["audit", "--format", "html"], &file)?;
    println!("\nOpen {} in a browser.", file.display());
    match (missed.is_empty(), own.is_empty(), beyond.is_empty()) {
        (true, false, true) => Ok(json!({"climbers": climbing.len(), "own": own.len(), "own_beyond_the_list": 0})),
        (false, ..) => Err(Failure::new(format!("the audit did not find {}", missed.join(", ")))),
        _ => Err(Failure::new("Cordon's own roles were not seen, or hold more than the list says")),
    }
}

fn unless(found: bool, name: &str) -> Option<String> {
    (!found).then(|| name.to_owned())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
