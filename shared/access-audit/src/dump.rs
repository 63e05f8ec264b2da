//! The shape of GetAccountAuthorizationDetails' answer (IAM API Reference), as its JSON has it.

use iam_policy::PolicyError;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::borrow::Cow;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attached {
    pub(crate) policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Inline {
    pub(crate) policy_name: String,
    pub(crate) policy_document: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Boundary {
    pub(crate) permissions_boundary_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct User {
    pub(crate) arn: String,
    pub(crate) user_name: String,
    pub(crate) user_id: Option<String>,
    #[serde(default)]
    pub(crate) user_policy_list: Vec<Inline>,
    #[serde(default)]
    pub(crate) group_list: Vec<String>,
    #[serde(default)]
    pub(crate) attached_managed_policies: Vec<Attached>,
    pub(crate) permissions_boundary: Option<Boundary>,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Group {
    #[serde(default)]
    pub(crate) arn: String,
    pub(crate) group_name: String,
    #[serde(default)]
    pub(crate) group_policy_list: Vec<Inline>,
    #[serde(default)]
    pub(crate) attached_managed_policies: Vec<Attached>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) role_name: String,
    pub(crate) role_id: Option<String>,
    pub(crate) assume_role_policy_document: Value,
    #[serde(default)]
    pub(crate) role_policy_list: Vec<Inline>,
    #[serde(default)]
    pub(crate) attached_managed_policies: Vec<Attached>,
    pub(crate) permissions_boundary: Option<Boundary>,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
    pub(crate) create_date: Option<String>,
    pub(crate) role_last_used: Option<LastUsed>,
}

/// Of a role that was never used within the 400 days that IAM looks back, there is no date.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LastUsed {
    pub(crate) last_used_date: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Managed {
    pub(crate) arn: String,
    pub(crate) default_version_id: Option<String>,
    pub(crate) policy_version_list: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Version {
    pub(crate) document: Value,
    pub(crate) version_id: String,
    #[serde(default)]
    pub(crate) is_default_version: bool,
}

/// The entries of one section. A dump without a section looks like an account without what it holds, so that is an error.
pub(crate) fn section<T: DeserializeOwned>(
    dump: &mut Map<String, Value>,
    name: &str,
    hides: &str,
) -> Result<Vec<T>, PolicyError> {
    let Some(section) = dump.remove(name) else {
        let problem = format!("missing: without it {hides} can't be seen; get the dump without a filter");
        return Err(PolicyError::new(name, problem));
    };
    let Value::Array(entries) = section else { return Err(PolicyError::new(name, "expected a list")) };
    let read = |(index, entry)| {
        serde_json::from_value(entry).map_err(|error| {
            let problem = error.to_string().chars().flat_map(char::escape_debug).collect::<String>();
            PolicyError::new(format!("{name}[{index}]"), problem)
        })
    };
    entries.into_iter().enumerate().map(read).collect()
}

/// A document as the API gives it is URL-encoded (RFC 3986); as the command line gives it, an object.
pub(crate) fn decoded(document: Value) -> Result<Value, PolicyError> {
    match document {
        Value::String(text) if text.trim_start().starts_with('%') => match percent_decode_str(&text).decode_utf8() {
            Ok(decoded) => Ok(Value::String(Cow::into_owned(decoded))),
            Err(_) => Err(PolicyError::new("policy", "URL-encoded text that is no UTF-8")),
        },
        other => Ok(other),
    }
}
