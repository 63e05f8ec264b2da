//! A program that prints a JSON object a line for as long as it runs.

use crate::failure::{Doing, Result};
use crate::process::Running;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

pub struct Lines<T> {
    // Held, so that the program ends with this.
    _running: Running,
    read: Receiver<Result<T>>,
}

impl<T: DeserializeOwned + Send + 'static> Lines<T> {
    pub fn of(program: &mut Command) -> Result<Self> {
        let mut running = Running::start(program.stdout(Stdio::piped()))?;
        let stdout = running.child().stdout.take().doing("read from the program")?;
        let (sender, read) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let line = line.doing("read").and_then(|line| serde_json::from_str(&line).doing("understand"));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { _running: running, read })
    }

    /// The next line, if there is one within `patience`.
    pub fn next(&self, patience: Duration) -> Result<Option<T>> {
        match self.read.recv_timeout(patience) {
            Ok(line) => line.map(Some).doing("read back from the account"),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => None.doing("read back from the account: the program ended"),
        }
    }
}
