//! KMS keys with their policies and grants.
//!
//! What of a key can't be read, or was not given, is a gap of that key: controls that need it say so, and the others go on.

use crate::MAX_FILE_BYTES;
use crate::controls::Control;
use crate::finding::{Finding, Problem, Status};
use crate::key_parts::{LastUsage, Listed, moment};
use iam_policy::{Arn, Document, DocumentKind, Grant, Policy, PolicyError, Resource, is_account_id, json};
use serde_json::Value;
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// `{"keys": [{"KeyMetadata", "Policy", "KeyRotationEnabled", "Grants"}]}`: what DescribeKey, GetKeyPolicy,
/// GetKeyRotationStatus and ListGrants say of each; GetKeyLastUsage's `KeyLastUsage` and `TrackingStartDate` may be added.
#[derive(Debug)]
pub struct Keys {
    pub(crate) keys: Vec<Key>,
    /// Entries that aren't keys.
    pub(crate) unread: Vec<Problem>,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) arn: String,
    pub(crate) resource: Resource,
    pub(crate) account: String,
    pub(crate) region: String,
    /// Managed by AWS for one of its services. One that doesn't say who manages it counts as the customer's.
    pub(crate) is_aws_managed: bool,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub(crate) state: Option<String>,
    /// `SYMMETRIC_DEFAULT`, …
    pub(crate) spec: Option<String>,
    /// `ENCRYPT_DECRYPT`, …
    pub(crate) usage: Option<String>,
    /// `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`.
    pub(crate) origin: Option<String>,
    pub(crate) is_multi_region: Option<bool>,
    pub(crate) deletion: Option<OffsetDateTime>,
    pub(crate) created: Option<OffsetDateTime>,
    pub(crate) rotates: Option<bool>,
    /// `None`: a gap says why.
    pub(crate) policy: Option<Policy>,
    /// Those that could be read, and what else ListGrants says of each.
    pub(crate) grants: Vec<Grant>,
    pub(crate) listed: Vec<Listed>,
    pub(crate) last_usage: Option<LastUsage>,
    pub(crate) gaps: Vec<Gap>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Metadata,
    Policy,
    Grants,
    Rotation,
    LastUsage,
}

/// What of a key is not known, and what that hides.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) section: Section,
    /// Error where it can't be read, not-evaluated where it was not given.
    pub(crate) status: Status,
    pub(crate) problem: String,
}

impl Keys {
    /// # Errors
    /// No JSON, no list of keys, or one page of several. What of one key can't be read is kept apart.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "kms";
        let mut file = json::read(bytes, MAX_FILE_BYTES, name)?;
        if file.get("Truncated").and_then(Value::as_bool) == Some(true) {
            return Err(PolicyError::new("Truncated", "the file is one page of several; get all of them"));
        }
        let Some(Value::Array(entries)) = file.get_mut("keys").map(Value::take) else {
            return Err(PolicyError::new(name, "expected an object with a list keys"));
        };
        let mut read = Self { keys: Vec::new(), unread: Vec::new() };
        let mut known = BTreeSet::new();
        for (index, entry) in entries.iter().enumerate() {
            let key = key(entry).and_then(|key| match known.insert(key.arn.clone()) {
                true => Ok(key),
                false => Err(PolicyError::new(&key.arn, "stands twice; only its first entry was judged")),
            });
            match key {
                Ok(key) => read.keys.push(key),
                Err(error) => read.unread.push(Problem {
                    at: format!("keys[{index}]"),
                    problem: format!("{error}; who may use the key could not be judged"),
                }),
            }
        }
        Ok(read)
    }

    /// Everything that can't be read. What was not given is said by the controls that need it.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem> {
        let of_key = |key: &Key| {
            let broken = key.gaps.iter().filter(|gap| gap.status == Status::Error);
            let problem = |gap: &Gap| Problem { at: key.arn.clone(), problem: gap.problem.clone() };
            broken.map(problem).collect::<Vec<_>>()
        };
        self.unread.iter().cloned().chain(self.keys.iter().flat_map(of_key))
    }
}

impl Key {
    pub(crate) fn gaps(&self, sections: &[Section]) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| sections.contains(&gap.section))
    }

    /// What a control can't say of the key, for want of these sections.
    pub(crate) fn unjudged(&self, control: &Control, sections: &[Section]) -> Vec<Finding> {
        let finding = |gap: &Gap| {
            let message = format!("{}: {}", control.title, gap.problem);
            Finding::new(control.id, gap.status, control.severity, message).on(&self.arn)
        };
        self.gaps(sections).map(finding).collect()
    }

    /// Allowed to be used: a key that says nothing of its state counts as one.
    pub(crate) fn is_enabled(&self) -> bool {
        self.state.as_deref().is_none_or(|state| state == "Enabled")
    }
}

fn key(entry: &Value) -> Result<Key, PolicyError> {
    if let Some(why) = entry.get("Unread").and_then(Value::as_str) {
        let id = entry.get("KeyId").and_then(Value::as_str).unwrap_or("a key");
        return Err(PolicyError::new(id, format!("could not be read: {why}")));
    }
    let metadata = entry.get("KeyMetadata").unwrap_or(&Value::Null);
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
    let arn = text("Arn").or_else(|| text("KeyId")).filter(|arn| arn.starts_with("arn:"));
    let arn = arn.ok_or_else(|| PolicyError::new("KeyMetadata", "has no Arn"))?;
    let parts = Arn::split(&arn).filter(|parts| parts.service == "kms" && is_account_id(parts.account));
    let Some(parts) = parts.filter(|parts| parts.resource.starts_with("key/")) else {
        let form = "expected a key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID";
        return Err(PolicyError::new("KeyMetadata.Arn", form));
    };
    let mut gaps = Vec::new();
    if text("KeyState").is_none() {
        gaps.push(not_given(Section::Metadata, "KeyMetadata.KeyState", "whether it is about to be deleted"));
    }
    let policy = policy(entry, &mut gaps);
    let (grants, listed) = grants(entry, &mut gaps).into_iter().unzip();
    let hidden = "whether its material rotates";
    let rotates = match entry.get("KeyRotationEnabled") {
        Some(Value::Bool(rotates)) => Some(*rotates),
        Some(Value::Null) | None => {
            gaps.push(not_given(Section::Rotation, "KeyRotationEnabled", hidden));
            None
        }
        Some(_) => {
            let expected = || PolicyError::new("KeyRotationEnabled", "expected true or false");
            let error = refused(entry, "KeyRotationEnabled").unwrap_or_else(expected);
            gaps.push(broken(Section::Rotation, &error, hidden));
            None
        }
    };
    let hidden = "when it was last used";
    let last_usage =
        refused(entry, "KeyLastUsage").map_or_else(|| LastUsage::read(entry), Err).unwrap_or_else(|error| {
            gaps.push(broken(Section::LastUsage, &error, hidden));
            None
        });
    if last_usage.is_none() && !gaps.iter().any(|gap| gap.section == Section::LastUsage) {
        gaps.push(not_given(Section::LastUsage, "KeyLastUsage", hidden));
    }
    Ok(Key {
        resource: Resource::parse(&arn, None)?,
        account: parts.account.to_owned(),
        region: parts.region.to_owned(),
        is_aws_managed: text("KeyManager").as_deref() == Some("AWS"),
        state: text("KeyState"),
        spec: text("KeySpec").or_else(|| text("CustomerMasterKeySpec")),
        usage: text("KeyUsage"),
        origin: text("Origin"),
        is_multi_region: metadata.get("MultiRegion").and_then(Value::as_bool),
        deletion: metadata.get("DeletionDate").and_then(moment),
        created: metadata.get("CreationDate").and_then(moment),
        rotates,
        policy,
        grants,
        listed,
        last_usage,
        gaps,
        arn,
    })
}

fn policy(entry: &Value, gaps: &mut Vec<Gap>) -> Option<Policy> {
    let hidden = "who may use and administer it";
    let Some(policy) = entry.get("Policy").filter(|policy| !policy.is_null()) else {
        gaps.push(not_given(Section::Policy, "Policy", hidden));
        return None;
    };
    let document = refused(entry, "Policy").map_or_else(|| Document::from_value(policy, DocumentKind::Resource), Err);
    match document {
        Ok(document) => Some(Policy::new("key policy", document)),
        Err(error) => {
            gaps.push(broken(Section::Policy, &error.within("Policy"), hidden));
            None
        }
    }
}

fn grants(entry: &Value, gaps: &mut Vec<Gap>) -> Vec<(Grant, Listed)> {
    let hidden = "who may use it by a grant";
    if entry.get("Truncated").and_then(Value::as_bool) == Some(true) {
        let error = PolicyError::new("Grants", "are one page of several; get all of them");
        gaps.push(broken(Section::Grants, &error, hidden));
    }
    let grants = match entry.get("Grants") {
        Some(Value::Array(grants)) => grants,
        Some(Value::Null) | None => {
            gaps.push(not_given(Section::Grants, "Grants (a list, empty where it has none)", hidden));
            return Vec::new();
        }
        Some(_) => {
            let error = refused(entry, "Grants").unwrap_or_else(|| PolicyError::new("Grants", "expected a list"));
            gaps.push(broken(Section::Grants, &error, hidden));
            return Vec::new();
        }
    };
    let mut read = Vec::new();
    for (index, grant) in grants.iter().enumerate() {
        match Grant::from_value(grant) {
            Ok(one) => read.push((one, Listed::read(grant))),
            Err(error) => gaps.push(broken(Section::Grants, &error.within(&format!("Grants[{index}]")), hidden)),
        }
    }
    read
}

/// Who reads a live account puts `{"Unread": why}` in place of what AWS would not let be read.
fn refused(entry: &Value, member: &str) -> Option<PolicyError> {
    let why = entry.get(member)?.get("Unread")?.as_str()?;
    Some(PolicyError::new(member, format!("could not be read: {why}")))
}

fn not_given(section: Section, what: &str, hidden: &str) -> Gap {
    let problem = format!("{what} is not given; {hidden} could not be judged");
    Gap { section, status: Status::NotEvaluated, problem }
}

fn broken(section: Section, error: &PolicyError, hidden: &str) -> Gap {
    Gap { section, status: Status::Error, problem: format!("{error}; {hidden} could not be judged") }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
