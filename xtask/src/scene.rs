//! Fleets in the local account, enrolled as a later part of Cordon will do it.

use crate::account::{LocalAccount, Stack};
use crate::failure::{Doing, Result};
use crate::process;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is launched: an Auto Scaling group in `enforce` mode whose instances have a role of their own.
#[derive(Debug)]
pub struct Launch<'a> {
    pub group: &'a str,
    pub size: usize,
    /// Of the first instance; the second one lies in another subnet.
    pub interfaces: usize,
}

/// How its instances are watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Enrolment {
    pub hint: bool,
    pub quarantine_group: bool,
    /// None for an anomaly band.
    pub threshold: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub struct Fleet {
    pub group: String,
    pub vpc_id: String,
    pub instance_ids: Vec<String>,
    pub role_arn: String,
    pub role_name: String,
}

impl Fleet {
    pub fn launch(account: &LocalAccount, launch: &Launch<'_>) -> Result<Self> {
        let body = json!({
            "group": launch.group, "size": launch.size, "min_size": 1, "max_size": launch.size * 2,
            "mode": "enforce", "instance_profile": true, "target_group": true,
            "two_eni_index": (launch.interfaces > 1).then_some(0),
        });
        let fleet: Self = serde_json::from_value(account.post("scenario/fleet", &body)?)?;
        for _ in 2..launch.interfaces {
            account.post("network-interfaces", &json!({"instance_id": fleet.first()?}))?;
        }
        Ok(fleet)
    }

    pub fn first(&self) -> Result<&str> {
        self.instance_ids.first().map(String::as_str).doing(format!("find an instance in {}", self.group))
    }

    /// Gives each of the instances an alarm that leads to the stack. Answers with their network interfaces.
    pub fn enroll(
        &self,
        account: &LocalAccount,
        stack: &Stack,
        how: Enrolment,
        instances: &[String],
    ) -> Result<BTreeMap<String, Vec<String>>> {
        let mut program = account.program("local_account.demo_scene");
        program.args(["--topic", stack.output("AlarmTopicArn")?, "--group", &self.group, "--vpc", &self.vpc_id]);
        if !how.hint {
            program.arg("--without-hint");
        }
        if !how.quarantine_group {
            program.arg("--without-quarantine-group");
        }
        if let Some(threshold) = how.threshold {
            program.args(["--threshold", &threshold.to_string()]);
        }
        let printed =
            process::output(program.arg("--instance").args(instances)).doing(format!("enroll {}", self.group))?;
        Ok(serde_json::from_str(&printed)?)
    }
}

/// The parameters that let the stack act on these fleets, and `more`.
pub fn enforcing<'a>(fleets: impl IntoIterator<Item = &'a Fleet>, more: &[(&str, &str)]) -> Value {
    let roles: Vec<_> = fleets.into_iter().map(|fleet| fleet.role_arn.as_str()).collect();
    let roles = roles.join(",");
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let own = [
        ("Mode", "enforce"),
        ("RevocableRoleArns", roles.as_str()),
        ("Architecture", architecture),
        // A scene makes its own alarms, and what it measures is measured without anybody else's calls.
        ("EnrollFleet", "off"),
        ("AuditAccess", "off"),
    ];
    own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

/// Unix seconds now.
pub fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
