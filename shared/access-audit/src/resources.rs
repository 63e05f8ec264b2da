//! Policies of resources, by the resource.

use crate::MAX_FILE_BYTES;
use iam_policy::{Document, DocumentKind, Policy, PolicyError, json};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    resource: String,
    policy: Value,
    account: Option<String>,
}

/// `[{Resource, Policy, Account}]`, or one of them.
#[derive(Debug, Default)]
pub struct ResourcePolicies {
    entries: Vec<(String, Policy, Option<String>)>,
}

impl ResourcePolicies {
    /// # Errors
    /// No JSON, an entry of another form, or a policy that can't be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "resource policies";
        let entries = match json::read(bytes, MAX_FILE_BYTES, name)? {
            Value::Array(entries) => entries,
            one => vec![one],
        };
        let read = |(index, entry)| {
            let at = format!("{name}[{index}]");
            let entry: Entry = serde_json::from_value(entry).map_err(|error| {
                PolicyError::new(&at, error.to_string().chars().flat_map(char::escape_debug).collect::<String>())
            })?;
            let document =
                Document::from_value(&entry.policy, DocumentKind::Resource).map_err(|error| error.within(&at))?;
            Ok((entry.resource.clone(), Policy::new(&entry.resource, document), entry.account))
        };
        Ok(Self { entries: entries.into_iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }

    /// The policy that guards a resource, and the resource's account: its own, that of an object's bucket, or that of a
    /// function's version.
    pub fn of(&self, arn: &str) -> Option<(&Policy, Option<&str>)> {
        let guards = |guarded: &str| {
            arn.strip_prefix(guarded).is_some_and(|rest| {
                rest.is_empty()
                    || (rest.starts_with('/') && guarded.contains(":s3:::"))
                    || (rest.starts_with(':') && guarded.contains(":function:"))
            })
        };
        let found = self.entries.iter().find(|(guarded, ..)| guards(guarded));
        found.map(|(_, policy, account)| (policy, account.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_bucket_guards_its_objects_and_nothing_that_begins_like_it() {
        let policy = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}});
        let text = json!([{"Resource": "arn:aws:s3:::b", "Policy": policy, "Account": "111122223333"}]).to_string();
        let policies = ResourcePolicies::parse(text.as_bytes()).unwrap();
        assert_eq!(policies.of("arn:aws:s3:::b/k").unwrap().1, Some("111122223333"));
        assert!(policies.of("arn:aws:s3:::b").is_some() && policies.of("arn:aws:s3:::b2").is_none());
        assert!(ResourcePolicies::parse(b"[{}]").is_err());
    }
}
