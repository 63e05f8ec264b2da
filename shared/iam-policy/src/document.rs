//! A policy document, read once and evaluated many times.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements reference". Element
//! names are exact. What isn't known is an error: an element that is skipped could be the one that denies.

use crate::error::{PolicyError, Warning, quoted};
use crate::field::Field;
use crate::json;
use crate::statement::{Effect, Statement};
use serde_json::Value;

/// The most bytes of a document that are read. AWS's largest, a key policy, has 32 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// Where a policy stands, which decides whether its statements name principals and resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// Of a user, group or role, a permissions boundary, or a session policy.
    Identity,
    /// Service control policy.
    ServiceControl,
    /// Resource control policy: about everyone.
    ResourceControl,
    /// Of a resource: a bucket, key, topic, queue, function or secret, or a role's trust policy.
    Resource,
}

/// A policy document, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    kind: DocumentKind,
    /// Denies and allows apart, each in the document's order.
    denies: Box<[Statement]>,
    allows: Box<[Statement]>,
    warnings: Box<[Warning]>,
}

impl Document {
    /// Reads a document from its bytes.
    ///
    /// # Errors
    /// What [`json::read`] refuses, and what [`Document::from_value`] does.
    pub fn parse(bytes: &[u8], kind: DocumentKind) -> Result<Self, PolicyError> {
        Self::from_value(&json::read(bytes, MAX_DOCUMENT_BYTES, "policy")?, kind)
    }

    /// Reads a document from a JSON object, or from text that holds one. The tree must come from [`json::read`], which
    /// refuses repeated keys.
    ///
    /// # Errors
    /// Where an element, operator or form isn't one that AWS knows; the error names the statement and the element.
    pub fn from_value(value: &Value, kind: DocumentKind) -> Result<Self, PolicyError> {
        if let Value::String(text) = value {
            let inner = json::read(text.as_bytes(), MAX_DOCUMENT_BYTES, "policy")?;
            if inner.is_string() {
                return Err(PolicyError::new("policy", "expected an object, found text within text"));
            }
            return Self::from_value(&inner, kind);
        }
        let root = Field::root("policy", value);
        let mut variables = false;
        let mut statements = None;
        for (name, field) in root.entries()? {
            match name {
                "Version" => variables = takes_variables(&field)?,
                "Statement" => statements = Some(Field { path: "Statement".to_owned(), value: field.value }),
                "Id" => {
                    field.text()?;
                }
                _ => return Err(field.error("no such element; a policy has Version, Id and Statement")),
            }
        }
        let statements = statements.ok_or_else(|| PolicyError::new("policy", "has no Statement"))?;
        let mut warnings = Vec::new();
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        for (index, field) in statements.items().iter().enumerate() {
            let statement = Statement::parse(field, index, kind, variables, &mut warnings)?;
            match statement.effect {
                Effect::Allow => allows.push(statement),
                Effect::Deny => denies.push(statement),
            }
        }
        Ok(Self { kind, denies: denies.into(), allows: allows.into(), warnings: warnings.into() })
    }

    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// What was accepted but deserves to be seen.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    pub fn denies(&self) -> &[Statement] {
        &self.denies
    }

    pub fn allows(&self) -> &[Statement] {
        &self.allows
    }

    /// The same document without one of its statements, by its index in the document.
    #[must_use]
    pub fn without(&self, index: usize) -> Self {
        let kept = |statements: &[Statement]| statements.iter().filter(|one| one.index != index).cloned().collect();
        Self {
            kind: self.kind,
            denies: kept(&self.denies),
            allows: kept(&self.allows),
            warnings: self.warnings.clone(),
        }
    }
}

/// A document without a version is one of 2008-10-17, to which `${` is text.
fn takes_variables(field: &Field<'_>) -> Result<bool, PolicyError> {
    match field.text()? {
        "2012-10-17" => Ok(true),
        "2008-10-17" => Ok(false),
        other => Err(field.error(&format!("{}: expected 2012-10-17 or 2008-10-17", quoted(other)))),
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
