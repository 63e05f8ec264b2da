//! What a function takes before it does anything: time to start, memory, bytes.

use super::measure::median;
use crate::account::LocalAccount;
use crate::build::FUNCTIONS;
use crate::failure::{Doing, Result};
use crate::process::Running;
use crate::workspace;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const STARTS: usize = 9;
const MIB: f64 = 1_048_576.0;

/// A function's process as Linux shows it.
struct Process {
    folder: PathBuf,
}

/// Prints, for each function that has run: process start to its first request, and the most memory it held.
pub fn print(account: &LocalAccount, folder: &Path) -> Result {
    println!("\n{:<34} {:>30} {:>22}", "function", "process start to first request", "most resident memory");
    for (_, name) in FUNCTIONS {
        let processes = function_processes(account, name);
        let Some(process) = processes.first() else {
            println!("{name:<34} {:>30} {:>22}", "not measured: it has not run,", "or there is no /proc");
            continue;
        };
        let environment = process.environment()?;
        let starts = (0..STARTS).map(|_| start_ms(&folder.join(name), &environment)).collect::<Result<Vec<_>>>()?;
        let start = median(starts).map_or_else(String::new, |start| format!("{start:.1} ms"));
        let memory = processes.iter().filter_map(Process::most_memory_mib).fold(0.0, f64::max);
        println!("{name:<34} {start:>30} {:>22}", format!("{memory:.1} MiB"));
    }
    println!();
    Ok(())
}

/// Prints the sizes of what is deployed, where it was built.
pub fn print_sizes() {
    let folders = [("target/lambda", true), ("target/release", false)];
    let mut found = false;
    for (_, binary) in FUNCTIONS {
        for (folder, own_folder) in folders {
            let folder = workspace::root().join(folder);
            let path = if own_folder { folder.join(binary).join("bootstrap") } else { folder.join(binary) };
            if let Ok(metadata) = fs::metadata(&path) {
                found = true;
                #[expect(clippy::cast_precision_loss, reason = "a size in MiB with one decimal")]
                let mib = metadata.len() as f64 / MIB;
                println!("{:<34} {mib:.1} MiB", path.strip_prefix(workspace::root()).unwrap_or(&path).display());
            }
        }
    }
    if !found {
        println!("release binaries: not measured: none built; `cargo xtask release` builds them");
    }
}

/// From the start of the process to its first request for work, with a Runtime API that only listens.
fn start_ms(binary: &Path, environment: &[(String, String)]) -> Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(environment.iter().cloned())
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = Instant::now();
    let running = Running::start(&mut command)?;
    let (mut connection, _) = listener.accept()?;
    let asked = connection.read(&mut [0; 64])?;
    let elapsed = started.elapsed();
    drop(running);
    (asked > 0).then_some(elapsed.as_secs_f64() * 1_000.0).doing("see the function ask for work")
}

/// Processes whose program lies in the account's folder and belongs to a function called so.
fn function_processes(account: &LocalAccount, name: &str) -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|folder| {
            fs::read_link(folder.join("exe"))
                .is_ok_and(|exe| exe.starts_with(account.state_folder()) && exe.to_string_lossy().contains(name))
        })
        .map(|folder| Process { folder })
        .collect()
}

impl Process {
    fn environment(&self) -> Result<Vec<(String, String)>> {
        let text = fs::read_to_string(self.folder.join("environ")).doing("read a function's environment")?;
        let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// `VmHWM` of /proc/PID/status, in KiB there.
    fn most_memory_mib(&self) -> Option<f64> {
        let status = fs::read_to_string(self.folder.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1_024.0)
    }
}
