//! Compiles what the local account runs, with cargo's own progress on stderr.

use crate::failure::{Doing, Result};
use crate::{process, workspace};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Logical id in `template.yaml` → the binary that is its code.
pub const FUNCTIONS: [(&str, &str); 7] = [
    CONTAIN_INSTANCE,
    ("ReconcileIncidentsFunction", "reconcile-incidents"),
    ("EnrollFleetFunction", "enroll-fleet"),
    ("MeasureFleetFunction", "measure-fleet"),
    ("AuditAccessFunction", "audit-access"),
    ("ReleaseInstanceFunction", "release-instance"),
    ("RevokeCredentialsFunction", "revoke-credentials"),
];

pub const CONTAIN_INSTANCE: (&str, &str) = ("ContainInstanceFunction", "contain-instance");

/// The functions, and what else runs beside them, in the dev profile.
pub fn packages(more: &[&str]) -> Result {
    eprintln!("build: compiling the functions (the first time takes some minutes: the AWS SDK is large)");
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--locked"]);
    for package in FUNCTIONS.iter().map(|(_, package)| package).chain(more) {
        cargo.args(["-p", package]);
    }
    process::run(&mut cargo).doing("compile the functions")
}

/// What the door's `deploy` takes as `code`: logical id → path of the compiled binary in `folder`.
pub fn code(folder: &Path) -> Map<String, Value> {
    FUNCTIONS.iter().map(|(id, binary)| ((*id).to_owned(), json!(folder.join(binary)))).collect()
}
