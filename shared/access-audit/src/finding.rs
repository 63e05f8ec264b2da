//! What an audit says.

use iam_policy::{Decided, Dependency};
use serde::{Deserialize, Serialize};

/// What a control found out. An error is never a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Fail,
    /// Something could not be read, so the control could not look at it.
    Error,
    /// What the control looks at was not given.
    NotEvaluated,
    Pass,
}

/// From the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// From the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The policies say so, whatever else a request holds.
    High,
    /// Something is assumed that the files don't hold, such as a function; the witness names it.
    Medium,
    /// It depends on conditions; the witness lists them.
    Low,
}

/// One request that the evaluator accepts, with the statements by which it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    pub principal: String,
    pub action: String,
    pub resource: String,
    /// `allow` or `depends`.
    pub decision: &'static str,
    pub statements: Vec<Decided>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumes: Option<String>,
}

/// One statement of the audit. Serialized as the command line gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub control: &'static str,
    pub status: Status,
    pub severity: Severity,
    pub confidence: Confidence,
    /// What is wrong; an ARN where there is one.
    pub resource: Option<String>,
    /// Who could use it.
    pub principal: Option<String>,
    pub message: String,
    pub witness: Vec<Witness>,
    pub fix: String,
    /// Accepted: it still fails, and counts no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppressed>,
    /// About a role of Cordon's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

/// Why a finding is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    pub reason: String,
    /// The last day on which it is, as 2027-01-31; `None` for what is on the list of Cordon's own roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

impl Finding {
    pub(crate) fn new(control: &'static str, status: Status, severity: Severity, message: String) -> Self {
        Self {
            control,
            status,
            severity,
            confidence: Confidence::High,
            resource: None,
            principal: None,
            message,
            witness: Vec::new(),
            fix: String::new(),
            suppressed: None,
            own: false,
        }
    }

    pub(crate) fn fail(control: &'static str, severity: Severity, message: String, fix: &str) -> Self {
        Self { fix: fix.to_owned(), ..Self::new(control, Status::Fail, severity, message) }
    }

    #[must_use]
    pub(crate) fn of(mut self, principal: &str) -> Self {
        self.principal = Some(principal.to_owned());
        self.on(principal)
    }

    #[must_use]
    pub(crate) fn on(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    #[must_use]
    pub(crate) fn with(mut self, confidence: Confidence, witness: Vec<Witness>) -> Self {
        (self.confidence, self.witness) = (confidence, witness);
        self
    }
}

/// What could not be read, and what that hides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A file's section, or the ARN of who holds it.
    pub at: String,
    pub problem: String,
}
