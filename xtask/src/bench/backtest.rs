//! The rule of detection over recorded traffic. `tests/backtest-bench` measures; it is built for speed, and stands on
//! detection, which this package does not.

use crate::Recorded;
use crate::failure::{Doing, Result};
use crate::{process, setup, workspace};
use std::process::Command;

const PACKAGE: &str = "backtest-bench";
const REQUIREMENTS: &str = "infra/local-account/requirements-bench.txt";
const PLAIN_RULE: &str = "tests/backtest-bench/plain_rule.py";

pub fn run(asked: &Recorded) -> Result {
    process::run(workspace::cargo().args(["build", "--release", "--package", PACKAGE])).doing("build the benchmark")?;
    let mut bench = Command::new(workspace::target().join("release").join(PACKAGE));
    bench.arg("--data").arg(&asked.data);
    bench.arg("--scratch").arg(workspace::target().join("bench-series"));
    if let [folder, windows] = asked.metrics.as_slice() {
        bench.arg("--metrics").arg(folder).arg("--windows").arg(windows);
    }
    for (name, path) in [("--json", &asked.json), ("--plot", &asked.plot)] {
        if let Some(path) = path {
            bench.arg(name).arg(path);
        }
    }
    if !asked.without_pandas {
        let environment = workspace::target().join("bench-python");
        setup::environment_at(&environment, REQUIREMENTS)?;
        bench.arg("--plain").arg(environment.join("bin/python")).arg(workspace::root().join(PLAIN_RULE));
    }
    process::run(&mut bench).doing("measure detection")
}
