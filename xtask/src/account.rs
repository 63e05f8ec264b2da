//! The local account as a process, and its test door.

use crate::failure::{Doing, Failure, Result};
use crate::process::{Running, Scratch};
use crate::workspace;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio, id};
use std::time::Duration;
use ureq::Agent;

/// What takes how long.
#[derive(Debug, Clone, Copy)]
pub struct Behaviour {
    /// Injected into every call that isn't root's.
    pub latency_ms: u32,
    /// How often scheduled rules fire, in place of their own schedule.
    pub schedule_seconds: f64,
}

/// Runs until it is dropped; its folder goes with it.
pub struct LocalAccount {
    // Dropped first: the process must be gone before its folder.
    _running: Running,
    pub endpoint: String,
    region: String,
    door: String,
    agent: Agent,
    state: Scratch,
}

/// The line that the account prints when it answers.
#[derive(Deserialize)]
struct Ready {
    endpoint: String,
    region: String,
    door: String,
}

/// A deployed stack.
#[derive(Debug, Deserialize)]
pub struct Stack {
    outputs: Map<String, Value>,
}

impl Stack {
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs.get(name).and_then(Value::as_str).doing(format!("find the stack's output {name}"))
    }
}

impl LocalAccount {
    /// Its log goes to a file of that name in the target folder, so that it survives the account.
    pub fn start(name: &str, behaviour: &Behaviour) -> Result<Self> {
        let state = Scratch::make(workspace::target().join(format!("local-account-{name}-{}", id())))?;
        let log = workspace::target().join(format!("local-account-{name}.log"));
        let mut command = python_module("local_account");
        command
            .args(["--latency-ms", &behaviour.latency_ms.to_string()])
            .args(["--schedule-seconds", &behaviour.schedule_seconds.to_string(), "--state-dir"])
            .arg(state.path())
            // A pipe that closes with us, even if we are killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log)?);
        let mut running = Running::start(&mut command)?;
        let ready = readiness(&mut running).doing(format!("start the local account; see {}", log.display()))?;
        let agent: Agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(300)))
            .http_status_as_error(false)
            .build()
            .into();
        Ok(Self { _running: running, endpoint: ready.endpoint, region: ready.region, door: ready.door, agent, state })
    }

    pub fn get(&self, path: &str) -> Result<Value> {
        let answer = self.agent.get(format!("{}/{path}", self.door)).call();
        Self::read(answer.doing(format!("ask the local account for {path}"))?, path)
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.agent.post(format!("{}/{path}", self.door)).send_json(body);
        Self::read(answer.doing(format!("ask the local account for {path}"))?, path)
    }

    fn read(mut answer: ureq::http::Response<ureq::Body>, path: &str) -> Result<Value> {
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(1 << 30).read_json::<Value>()?;
        if status.is_success() {
            return Ok(body);
        }
        let error = body.get("error").and_then(Value::as_str).unwrap_or("no reason given");
        Err(Failure::new(format!("the local account refused {path} ({status}): {error}")))
    }

    /// Deploys the project's template. `code`: logical id of a function → path of its binary.
    pub fn deploy(&self, parameters: &Value, code: &Map<String, Value>) -> Result<Stack> {
        let template = workspace::root().join("template.yaml");
        let body = json!({"template": template, "parameters": parameters, "code": code});
        Ok(serde_json::from_value(self.post("deploy", &body)?)?)
    }

    /// Where the account keeps the code of its functions: their processes run in folders below it.
    pub fn state_folder(&self) -> &Path {
        self.state.path()
    }

    /// The environment in which an AWS command speaks to this account as its root.
    pub fn root_environment(&self) -> [(&'static str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_REGION", &self.region),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]
    }

    /// A program of the account's package, told where the account is.
    pub fn program(&self, module: &str) -> Command {
        let mut command = python_module(module);
        command.args(["--endpoint", &self.endpoint]).stdin(Stdio::null());
        command
    }
}

fn readiness(running: &mut Running) -> Result<Ready> {
    let stdout = running.child().stdout.take().doing("read its output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    serde_json::from_str(&line).doing("read its first line")
}

fn python_module(module: &str) -> Command {
    let mut command = Command::new(workspace::python());
    let package: &Path = &workspace::root().join("infra/local-account");
    command.args(["-m", module]).env("PYTHONPATH", package).env("PYTHONUNBUFFERED", "1");
    command
}
