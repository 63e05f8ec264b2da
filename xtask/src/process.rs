//! Child processes: each leads a process group of its own, and every group is stopped when we end, however we end.

use crate::failure::{Doing, Failure, Result};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs;
use std::io::{BufRead, BufReader, Read, pipe};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What must not outlive us. Whoever holds the lock may start a process or forbid that.
static OURS: Mutex<Ours> = Mutex::new(Ours { groups: Vec::new(), folders: Vec::new() });

struct Ours {
    groups: Vec<Pid>,
    folders: Vec<PathBuf>,
}

const PATIENCE: Duration = Duration::from_secs(5);

/// From now on Ctrl-C, SIGTERM and SIGHUP stop all groups before they end us.
pub fn stop_all_when_interrupted() -> Result {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        if let Some(number) = signals.forever().next() {
            eprintln!("\ninterrupted: stopping what was started");
            // Held until the end: nothing new starts.
            let ours = ours();
            // The last first: it may be talking to one that was started before it.
            for group in ours.groups.iter().rev() {
                stop(*group);
            }
            for folder in &ours.folders {
                fs::remove_dir_all(folder).ok();
            }
            exit(128 + number);
        }
    });
    Ok(())
}

fn ours() -> MutexGuard<'static, Ours> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process that runs until it is dropped.
pub struct Running {
    child: Child,
    group: Pid,
}

impl Running {
    pub fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut ours = ours();
        let child = command.process_group(0).spawn().doing(format!("start {program}"))?;
        let group = Pid::from_child(&child);
        ours.groups.push(group);
        Ok(Self { child, group })
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn wait(mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        stop(self.group);
        // Already gone, or a zombie until it is waited for: nothing to report either way.
        self.child.wait().ok();
        ours().groups.retain(|group| *group != self.group);
    }
}

/// A new folder that goes when it is dropped, or when we are interrupted.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn make(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path).doing(format!("make the folder {}", path.display()))?;
        ours().folders.push(path.clone());
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
        ours().folders.retain(|folder| *folder != self.0);
    }
}

/// Asks first: the local account ends its functions itself.
fn stop(group: Pid) {
    let give_up = Instant::now() + PATIENCE;
    if kill_process_group(group, Signal::TERM).is_err() {
        return;
    }
    while Instant::now() < give_up && !leader_ended(group) && test_kill_process_group(group).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    // What outlives the leader of its group, or ignores the request. An empty group is an error that says nothing.
    kill_process_group(group, Signal::KILL).ok();
}

/// A process that ended stays signallable until it is waited for.
fn leader_ended(group: Pid) -> bool {
    let state = fs::read_to_string(format!("/proc/{}/stat", group.as_raw_nonzero()));
    state.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}

/// Runs to the end, showing what it prints; an exit code other than 0 is a failure.
pub fn run(command: &mut Command) -> Result {
    let name = shown(command);
    require(Running::start(command.stdin(Stdio::null()))?.wait()?, &name)
}

/// What it printed on stdout; stderr is shown.
pub fn output(command: &mut Command) -> Result<String> {
    let name = shown(command);
    let mut running = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let mut text = String::new();
    if let Some(stdout) = &mut running.child().stdout {
        stdout.read_to_string(&mut text)?;
    }
    require(running.wait()?, &name)?;
    Ok(text)
}

/// Hands over every line of stdout and stderr, in the order in which they were printed.
pub fn lines(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let (reader, writer) = pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let running = Running::start(command)?;
    // The command holds ends of the pipe as well: while they are open there is no end of file.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        each(String::from_utf8_lossy(&line).trim_end_matches('\n'));
        line.clear();
    }
    running.wait()
}

fn require(status: ExitStatus, name: &str) -> Result {
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{name}` failed ({status})"))) }
}

fn shown(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let program = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    let arguments: Vec<_> = words.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    format!("{program} {}", arguments.join(" "))
}
