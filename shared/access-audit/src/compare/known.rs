//! What is known of an account from an earlier audit.

use crate::MAX_FILE_BYTES;
use crate::decrypt::Reader;
use crate::finding::{Finding, Severity, Status};
use iam_policy::{PolicyError, json};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The essence of a report: what the next is compared with. A report's own JSON is one, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    pub(super) schema: u32,
    pub(super) account: String,
    pub(super) findings: Vec<Known>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) decrypt: Option<Vec<Reach>>,
}

/// A finding, of any status: which controls were looked at is a part of what is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) control: String,
    pub(super) status: Status,
    pub(super) severity: Severity,
    pub(super) resource: Option<String>,
    pub(super) principal: Option<String>,
    pub(super) message: String,
    /// A report's JSON says why, what is kept of it only that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not", deserialize_with = "is_there")]
    suppressed: bool,
}

/// One way of a principal to a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reach {
    pub(super) key: String,
    pub(super) principal: String,
    pub(super) operations: Vec<String>,
    pub(super) by: Vec<String>,
    #[serde(default)]
    pub(super) via: Vec<String>,
}

impl Baseline {
    /// # Errors
    /// No JSON, a newer schema, or not what an audit wrote: nothing may be concluded from it.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "the earlier audit";
        let value = json::read(bytes, MAX_FILE_BYTES, name)?;
        let schema = value.get("schema").and_then(Value::as_u64);
        if schema != Some(u64::from(super::SCHEMA)) {
            let found = schema.map_or("no schema".to_owned(), |schema| format!("schema {schema}"));
            let problem = format!("has {found}; this version reads schema {}", super::SCHEMA);
            return Err(PolicyError::new(name, problem));
        }
        serde_json::from_value(value)
            .map_err(|error| PolicyError::new(name, format!("is not what an audit wrote: {error}")))
    }

    /// As JSON, to be kept.
    ///
    /// # Errors
    /// serde_json's own; no input causes one.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

impl Known {
    pub(super) fn of(finding: &Finding) -> Self {
        Self {
            control: finding.control.to_owned(),
            status: finding.status,
            severity: finding.severity,
            resource: finding.resource.clone(),
            principal: finding.principal.clone(),
            message: finding.message.clone(),
            suppressed: finding.suppressed.is_some(),
        }
    }

    /// Of a control that could not look, or not at everything.
    pub(super) fn is_blind(&self) -> bool {
        matches!(self.status, Status::Error | Status::NotEvaluated)
    }

    /// Wrong, and not accepted by anybody.
    pub(super) fn counts(&self) -> bool {
        self.status == Status::Fail && !self.suppressed
    }
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(!matches!(Value::deserialize(deserializer)?, Value::Null | Value::Bool(false)))
}

impl Reach {
    pub(super) fn of(reader: &Reader) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            key: reader.key.clone(),
            principal: reader.principal.clone(),
            operations: owned(&reader.operations),
            by: owned(&reader.by),
            via: reader.via.clone(),
        }
    }
}
