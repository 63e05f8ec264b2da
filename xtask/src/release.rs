//! `cargo xtask release`: what is deployed. Outside CI, as it needs large tools and a long build.
//!
//! Lambda's provided.al2023 has glibc 2.34: a binary that needs a later symbol doesn't start there, so the build is
//! made against 2.34, and every binary is looked at.

use crate::build::FUNCTIONS;
use crate::failure::{Doing, Failure, Result};
use crate::{process, setup, workspace};
use clap::ValueEnum;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = "infra/local-account/requirements-release.txt";
const GLIBC: Version = (2, 34);
const MARK: &[u8] = b"GLIBC_";

type Version = (u32, u32);

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Architecture {
    #[value(name = "x86_64")]
    X86,
    #[value(name = "arm64")]
    Arm,
}

impl Architecture {
    fn target(self) -> &'static str {
        match self {
            Self::X86 => "x86_64-unknown-linux-gnu",
            Self::Arm => "aarch64-unknown-linux-gnu",
        }
    }
}

pub fn run(architecture: Architecture) -> Result {
    setup::run()?;
    let tools = workspace::target().join("release-venv");
    setup::environment_at(&tools, REQUIREMENTS)?;
    validate_template(&tools)?;
    build(&tools, architecture)?;
    let mut late = Vec::new();
    for (_, binary) in FUNCTIONS {
        let path = workspace::target().join("lambda").join(binary).join("bootstrap");
        let content = fs::read(&path).doing(format!("read {}", path.display()))?;
        let (major, minor) = highest_glibc(&content).doing(format!("find the glibc that {binary} needs"))?;
        #[expect(clippy::cast_precision_loss, reason = "a size in MiB with one decimal")]
        let mib = content.len() as f64 / 1_048_576.0;
        println!("{binary:<22} {mib:>6.1} MiB   needs glibc {major}.{minor}   {}", path.display());
        if (major, minor) > GLIBC {
            late.push(binary);
        }
    }
    if late.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("these would not start on provided.al2023 (glibc 2.34): {}", late.join(", "))))
    }
}

fn validate_template(tools: &Path) -> Result {
    process::run(
        Command::new(tools.join("bin/sam"))
            .args(["validate", "--lint", "--template", "template.yaml", "--region", "us-east-1"])
            .current_dir(workspace::root())
            .env("SAM_CLI_TELEMETRY", "0"),
    )
}

fn build(tools: &Path, architecture: Architecture) -> Result {
    let target = architecture.target();
    eprintln!("release: building for {target}, glibc 2.34 (a quarter of an hour on two processors)");
    let mut cargo = workspace::cargo();
    cargo.args(["lambda", "build", "--release", "--locked", "--target", &format!("{target}.2.34")]);
    for (_, binary) in FUNCTIONS {
        cargo.args(["-p", binary]);
    }
    process::run(cargo.env("PATH", path_with(&tools.join("bin"))?).env("VIRTUAL_ENV", tools))
        .doing(format!("build the release; `rustup target add {target}` if the target is missing"))
}

fn path_with(folder: &Path) -> Result<std::ffi::OsString> {
    let others = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(std::iter::once(PathBuf::from(folder)).chain(env::split_paths(&others)))?)
}

/// The highest `GLIBC_x.y` named anywhere in the binary: the versions that the loader asks for are among them, so
/// this never says too little.
fn highest_glibc(content: &[u8]) -> Option<Version> {
    content
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, window)| *window == MARK)
        .filter_map(|(at, _)| {
            let rest = content.get(at + MARK.len()..)?;
            let text: String = rest
                .iter()
                .take(8)
                .map(|byte| char::from(*byte))
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .collect();
            let mut numbers = text.split('.').map(str::parse::<u32>);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_is_compared_as_numbers() {
        assert_eq!(highest_glibc(b"\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_PRIVATE\0"), Some((2, 34)));
        assert_eq!(highest_glibc(b"nothing"), None);
    }

    #[test]
    fn a_version_at_the_very_end_is_read() {
        assert_eq!(highest_glibc(b"GLIBC_2.35"), Some((2, 35)));
    }
}
