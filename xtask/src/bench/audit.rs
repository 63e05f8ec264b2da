//! The audit of a large account, beside what others are there. `tests/benchmarks/audit.py` measures, from outside; what is
//! measured is an example of access-audit, which is built without the AWS SDK.

use crate::Audited;
use crate::failure::{Doing, Result};
use crate::{process, setup, workspace};
use std::process::Command;

const EXAMPLE: &str = "large_account";
const REQUIREMENTS: &str = "infra/local-account/requirements-peers.txt";

pub fn run(asked: &Audited) -> Result {
    let build = ["build", "--release", "--package", "access-audit", "--example", EXAMPLE];
    process::run(workspace::cargo().args(build)).doing("build the audit")?;
    let python = if asked.without_peers {
        setup::run()?;
        workspace::python()
    } else {
        let environment = workspace::target().join("bench-peers");
        setup::environment_at(&environment, REQUIREMENTS)?;
        environment.join("bin/python")
    };
    let mut bench = Command::new(&python);
    bench.args(["-m", "tests.benchmarks.audit", "--binary"]);
    bench.arg(workspace::target().join("release/examples").join(EXAMPLE));
    bench.args(["--roles", &asked.roles.to_string(), "--runs", &asked.runs.to_string(), "--curve"]);
    bench.args(asked.curve.iter().map(u32::to_string));
    if let Some(cordon) = &asked.cordon {
        bench.arg("--cordon").arg(cordon);
    }
    if !asked.without_peers {
        bench.arg("--peers").args(python.parent());
    }
    process::run(bench.current_dir(workspace::root())).doing("measure the audit")
}
