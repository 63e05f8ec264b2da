//! `cargo xtask ci`: every gate, cheap ones first, each with the time it took. Stops at the first that fails.

use crate::failure::{Doing, Failure, Result};
use crate::{catalogue, process, setup, test, tidy, workspace};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

const CHECKS: &str = "infra/local-account/requirements-checks.txt";
const TEMPLATE: &str = "template.yaml";

struct Stage {
    name: &'static str,
    run: fn() -> Result,
}

const STAGES: [Stage; 10] = [
    Stage { name: "fmt", run: fmt },
    Stage { name: "tidy", run: tidy_sources },
    Stage { name: "setup", run: set_up },
    Stage { name: "catalogue", run: check_catalogue },
    Stage { name: "cfn-lint", run: cfn_lint },
    Stage { name: "cargo-deny", run: cargo_deny },
    Stage { name: "clippy", run: clippy },
    Stage { name: "test", run: test::run },
    Stage { name: "doc", run: doc },
    Stage { name: "evidence", run: tidy_evidence },
];

pub fn run() -> Result {
    let started = Instant::now();
    for Stage { name, run } in STAGES {
        println!("== {name}");
        let since = Instant::now();
        let outcome = run();
        println!(
            "== {name}: {} in {:.1} s",
            if outcome.is_ok() { "ok" } else { "FAILED" },
            since.elapsed().as_secs_f64()
        );
        outcome.map_err(|failure| Failure::new(format!("{name}: {failure}")))?;
    }
    println!("== all stages passed in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn fmt() -> Result {
    process::run(workspace::cargo().args(["fmt", "--all", "--check"]))
        .doing("find every file as rustfmt writes it; run `cargo fmt`")
}

fn tidy_sources() -> Result {
    tidy::run(false)
}

fn tidy_evidence() -> Result {
    tidy::run(true)
}

fn set_up() -> Result {
    setup::run()?;
    setup::environment_at(&checks(), CHECKS)
}

fn check_catalogue() -> Result {
    catalogue::run(true)
}

fn cfn_lint() -> Result {
    process::run(
        Command::new(workspace::root().join(".venv/bin/cfn-lint")).arg(TEMPLATE).current_dir(workspace::root()),
    )
}

/// Licences, bans and sources need no network. Advisories do: where their database can't be had, that is said, since
/// an advisory of today must not depend on which machine asks.
fn cargo_deny() -> Result {
    deny(&["check", "licenses", "bans", "sources"])?;
    match deny(&["fetch", "db"]) {
        Ok(()) => deny(&["check", "advisories"]),
        Err(_) => {
            println!("advisories: not checked, as their database could not be fetched (see above)");
            Ok(())
        }
    }
}

fn deny(arguments: &[&str]) -> Result {
    process::run(Command::new(checks().join("bin/cargo-deny")).args(arguments).current_dir(workspace::root()))
}

fn clippy() -> Result {
    process::run(workspace::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn doc() -> Result {
    process::run(
        workspace::cargo().args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn checks() -> PathBuf {
    workspace::target().join("checks-venv")
}
