//! The policies that are asked, by where they stand.

use crate::document::Document;
use crate::error::PolicyError;
use crate::grant::Grant;
use std::sync::Arc;

/// A document with the name it goes by in answers. A copy shares both, so one managed policy serves a thousand roles.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub name: Arc<str>,
    pub document: Arc<Document>,
}

impl Policy {
    pub fn new(name: &str, document: Document) -> Self {
        Self { name: name.into(), document: Arc::new(document) }
    }
}

/// Everything that has a say in a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// Inline and managed, of the user or role, and of a user's groups.
    pub identity: &'a [Policy],
    /// Permissions boundaries; each must allow. AWS takes one.
    pub boundaries: &'a [Policy],
    /// Session policies; one of them must allow. Empty: the session has none.
    pub session: &'a [Policy],
    /// Service control policies from the root through the units to the caller's account: one of each level must allow.
    pub scps: &'a [Vec<Policy>],
    /// Resource control policies, likewise, to the resource's account.
    pub rcps: &'a [Vec<Policy>],
    pub resource: ResourcePolicy<'a>,
    /// Of the KMS key.
    pub grants: &'a [Grant],
}

/// The resource's own policy: a bucket's, key's, topic's, queue's, function's or secret's, or a role's trust policy.
#[derive(Debug, Clone, Copy, Default)]
pub enum ResourcePolicy<'a> {
    #[default]
    None,
    /// It may have one that could not be seen: the answer depends on it.
    Unseen,
    Is(&'a Policy),
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    Identity,
    Boundary,
    Session,
    /// With its level, from 0 at the root.
    ServiceControl(usize),
    ResourceControl(usize),
    Resource,
    Grant,
}

impl Layer {
    /// As JSON and text name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::ServiceControl(_) => "scp",
            Self::ResourceControl(_) => "rcp",
            Self::Resource => "resource",
            Self::Grant => "grant",
        }
    }
}

/// Reads several documents at once; errors name the one by `name` and its index.
///
/// # Errors
/// The first document's that can't be read.
pub fn read_policies(
    values: &[serde_json::Value],
    kind: crate::DocumentKind,
    name: &str,
) -> Result<Vec<Policy>, PolicyError> {
    let read = |(index, value)| {
        let name = format!("{name}[{index}]");
        let document = Document::from_value(value, kind).map_err(|error| error.within(&name))?;
        Ok(Policy::new(&name, document))
    };
    values.iter().enumerate().map(read).collect()
}
