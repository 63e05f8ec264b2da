//! What a bare machine needs before anything runs, and the Python environment that the local account lives in.

use crate::failure::{Doing, Failure, Result};
use crate::{process, workspace};
use sha2::{Digest, Sha256};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REQUIREMENTS: &str = "infra/local-account/requirements.txt";
const PYTHONS: [&str; 6] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
/// Fails where the interpreter is too old or can't make environments.
const PROBE: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

/// Checks the machine and makes `.venv`. Quick when there is nothing to do.
pub fn run() -> Result {
    let mut missing = Vec::new();
    let python = PYTHONS.into_iter().find(|name| can_make_environments(name));
    if python.is_none() {
        missing.push(
            "Python 3.10 or newer with its venv module (Debian, Ubuntu: apt install python3 python3-venv; \
             Fedora: dnf install python3; macOS: brew install python)",
        );
    }
    if !on_path("cc") {
        missing.push("a C compiler, `cc` (Debian, Ubuntu: apt install build-essential; macOS: xcode-select --install)");
    }
    match python {
        Some(python) if missing.is_empty() => environment(python, &workspace::root().join(".venv"), REQUIREMENTS),
        _ => Err(Failure::new(format!("this machine lacks:\n  - {}", missing.join("\n  - ")))),
    }
}

/// A virtual environment at `path` that holds exactly what `requirements` pins, by hash.
pub fn environment_at(path: &Path, requirements: &str) -> Result {
    let python = PYTHONS.into_iter().find(|name| can_make_environments(name)).doing("find Python 3.10 or newer")?;
    environment(python, path, requirements)
}

fn environment(python: &str, path: &Path, requirements: &str) -> Result {
    let wanted = fs::read(workspace::root().join(requirements)).doing(format!("read {requirements}"))?;
    let wanted = Sha256::digest(wanted).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let installed = path.join(format!("installed-{}", file_name(requirements)));
    let interpreter = path.join("bin/python");
    let works = runs(Command::new(&interpreter).arg("--version"));
    if works && fs::read_to_string(&installed).is_ok_and(|hash| hash == wanted) {
        return Ok(());
    }
    if !works {
        eprintln!("setup: making a Python environment in {}", path.display());
        process::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(path))?;
    }
    eprintln!("setup: installing {requirements} (only when it changed; needs the network, about a minute)");
    process::run(
        Command::new(&interpreter)
            // The list is complete; pip, left to resolve, doesn't see that `a[extra]==1` with its hash answers to `a>=1`.
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--require-hashes",
                "-r",
            ])
            .arg(workspace::root().join(requirements)),
    )
    .doing("install the pinned Python packages; check the network and pip's own settings")?;
    Ok(fs::write(installed, wanted)?)
}

fn file_name(path: &str) -> String {
    PathBuf::from(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn can_make_environments(python: &str) -> bool {
    runs(Command::new(python).args(["-c", PROBE]))
}

fn runs(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}
