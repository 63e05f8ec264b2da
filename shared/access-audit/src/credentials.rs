//! Files beside the dump: the credential report, the account summary, the password policy.

use crate::MAX_FILE_BYTES;
use iam_policy::{PolicyError, json};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// GetCredentialReport's content. One row a user, the root user's as `<root_account>` (IAM User Guide, "Generate credential
/// reports").
#[derive(Debug)]
pub struct CredentialReport {
    pub(crate) rows: Vec<Row>,
}

/// A row's cells, by their column.
#[derive(Debug)]
pub(crate) struct Row(BTreeMap<String, String>);

/// GetAccountSummary's map.
#[derive(Debug)]
pub struct AccountSummary(Map<String, Value>);

/// GetAccountPasswordPolicy's policy.
#[derive(Debug)]
pub struct PasswordPolicy(Map<String, Value>);

/// The columns that controls look at. A report without one of them would look like one in which all is well.
const COLUMNS: [&str; 15] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "cert_1_active",
    "cert_2_active",
];

impl CredentialReport {
    /// # Errors
    /// No UTF-8, a column missing, or a row of another length than the header's.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "credential report";
        let problem = |problem: String| PolicyError::new(name, problem);
        if bytes.len() > MAX_FILE_BYTES {
            return Err(problem(format!("{} bytes; at most {MAX_FILE_BYTES} are read", bytes.len())));
        }
        let text = str::from_utf8(bytes).map_err(|_| problem("not UTF-8".to_owned()))?;
        let mut lines = text.lines().enumerate();
        let header: Vec<&str> = lines.next().map(|(_, line)| line.split(',').collect()).unwrap_or_default();
        if let Some(missing) = COLUMNS.iter().find(|column| !header.contains(column)) {
            let form = "give the content as CSV (aws iam get-credential-report encodes it as base64)";
            return Err(problem(format!("has no column {missing}; {form}")));
        }
        let mut rows = Vec::new();
        for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let cells: Vec<&str> = line.split(',').collect();
            if cells.len() != header.len() {
                let found = format!("line {} has {} cells and the header {}", index + 1, cells.len(), header.len());
                return Err(problem(format!("{found}: is it cut off?")));
            }
            let cells = header.iter().zip(cells).map(|(column, cell)| ((*column).to_owned(), cell.to_owned()));
            rows.push(Row(cells.collect()));
        }
        if !rows.iter().any(Row::is_root) {
            return Err(problem("has no row <root_account>, which every report has".to_owned()));
        }
        Ok(Self { rows })
    }
}

impl Row {
    pub(crate) fn cell(&self, column: &str) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }

    pub(crate) fn is(&self, column: &str) -> bool {
        self.cell(column) == "true"
    }

    pub(crate) fn is_root(&self) -> bool {
        self.cell("user") == "<root_account>"
    }

    pub(crate) fn arn(&self) -> &str {
        self.cell("arn")
    }
}

impl AccountSummary {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        inner(bytes, "account summary", "SummaryMap").map(Self)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }
}

impl PasswordPolicy {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        inner(bytes, "password policy", "PasswordPolicy").map(Self)
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}

/// The one member that the API's answer has; the member's content by itself is no answer of the API.
fn inner(bytes: &[u8], name: &str, member: &str) -> Result<Map<String, Value>, PolicyError> {
    match json::read(bytes, MAX_FILE_BYTES, name)? {
        Value::Object(mut answer) => match answer.remove(member) {
            Some(Value::Object(found)) if !found.is_empty() => Ok(found),
            _ => Err(PolicyError::new(name, format!("has no {member} with anything in it"))),
        },
        _ => Err(PolicyError::new(name, format!("expected an object with {member}"))),
    }
}
