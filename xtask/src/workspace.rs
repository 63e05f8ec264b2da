//! Where things are.

use crate::failure::{Doing, Result};
use crate::process;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's top folder: cargo says where this package is when it runs it, which holds when the checkout moves.
pub fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package.as_deref().and_then(Path::parent).unwrap_or(Path::new(".")).to_path_buf()
}

pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |given| root().join(given))
}

/// Where `cargo build` puts what the local account runs.
pub fn binaries() -> PathBuf {
    target().join("debug")
}

pub fn python() -> PathBuf {
    root().join(".venv/bin/python")
}

/// Files of the project, relative to its top: known to git or about to be, and still there.
pub fn files() -> Result<Vec<String>> {
    let listed = process::output(
        Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(root()),
    )
    .doing("list the project's files with git")?;
    let mut files: Vec<String> =
        listed.split('\0').filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

pub fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(root().join(path)).doing(format!("read {path}"))
}

/// A `cargo` that runs at the top.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Set by the cargo that runs us; they belong to this package, not to those we build.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_")) {
        command.env_remove(name);
    }
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
    command
}
