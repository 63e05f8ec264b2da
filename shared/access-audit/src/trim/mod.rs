//! Smaller policies for one principal, from what it used: shown, never applied.
//!
//! Of each Allow statement the actions are narrowed to what was used, or is not tracked. Everything else (conditions,
//! resources, Sids, Deny statements) stays as it is. What comes out is proved by the evaluator, and not shown where the
//! proof fails.
//!
//! Source: IAM User Guide, "Refine permissions in AWS using last accessed information".

mod actions;
mod document;
mod held;
mod notes;
mod proof;
#[cfg(test)]
mod properties;
mod size;
#[cfg(test)]
mod tests;
mod used;

pub use proof::Proof;
pub use size::Size;

use crate::finding::Problem;
use crate::last_accessed::LastAccessed;
use crate::{Inventory, Principal};
use held::Original;
use iam_policy::PolicyError;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use used::Used;

/// As far as IAM looks back.
pub const TRACKED_DAYS: u16 = 400;

/// What is to be trimmed, and by what.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// An ARN, or the name of a user or role.
    pub principal: &'a str,
    /// GetAccountAuthorizationDetails, all pages.
    pub authorization_details: &'a [u8],
    /// As an audit takes it, or the principal's own answer of GetServiceLastAccessedDetails.
    pub last_accessed: &'a [u8],
    /// What was not used for so many days, 1 to [`TRACKED_DAYS`], is unused.
    pub days: u16,
    pub now: OffsetDateTime,
}

/// The smaller policies of one principal. Serialized as the command line gives it.
#[derive(Debug, Serialize)]
pub struct Trimmed {
    pub schema: u32,
    pub principal: String,
    pub policies: Vec<TrimmedPolicy>,
    pub proof: Proof,
    /// What a person has to know before anything is changed.
    pub notes: Vec<String>,
}

/// One policy that the principal holds by itself.
#[derive(Debug, Serialize)]
pub struct TrimmedPolicy {
    pub name: String,
    /// Of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    pub old: Value,
    /// `None`: no statement is left.
    pub new: Option<Value>,
    /// Actions, or whole patterns, that are no longer allowed.
    pub dropped: Vec<String>,
    /// Statements of which nothing is left: their Sid, or their place.
    pub dropped_statements: Vec<String>,
    /// Actions, or whole patterns, of whose use AWS tells nothing.
    pub kept_untracked: Vec<String>,
    pub size: Size,
}

/// Why nothing is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrimError {
    /// No principal, or more than one, goes by that name.
    Principal(String),
    /// Something that the smaller policies would have to be judged by.
    Unread(Vec<Problem>),
    /// The smaller policies were not proved to keep what was used, or to allow nothing more.
    Unproved(Vec<String>),
}

/// # Errors
/// See [`TrimError`]. What could not be read or proved is never trimmed in part.
pub fn trim(ask: &Ask<'_>) -> Result<Trimmed, TrimError> {
    let inventory = Inventory::parse(ask.authorization_details).map_err(unread)?;
    let principal = named(&inventory, ask.principal)?;
    let holdings = inventory.holdings(principal, &principal.arn).map_err(|errors| {
        TrimError::Unread(errors.into_iter().map(|PolicyError { at, problem }| Problem { at, problem }).collect())
    })?;
    let accessed = LastAccessed::parse(ask.last_accessed, Some(&principal.arn)).map_err(unread)?;
    let at = format!("last accessed of {}", principal.arn);
    if let Some(problem) = accessed.unread.into_iter().find(|problem| problem.at == at) {
        return Err(TrimError::Unread(vec![problem]));
    }
    let Some(own) = accessed.principals.get(&principal.arn) else {
        let problem = "isn't in the file; what it used is not known, and nothing can be trimmed".to_owned();
        return Err(TrimError::Unread(vec![Problem { at, problem }]));
    };
    let used = Used::new(own, ask.now, ask.days);
    let originals = held::of(ask.authorization_details, principal).map_err(unread)?;
    let narrowed = originals.iter().map(|one| document::narrowed(&one.document, &used)).collect::<Result<Vec<_>, _>>();
    let narrowed = narrowed.map_err(unread)?;
    let pairs: Vec<_> = originals
        .iter()
        .zip(&narrowed)
        .map(|(old, new)| (old.name.as_str(), &old.document, new.document.as_ref()))
        .collect();
    let proof = proof::of(&holdings, &pairs, &used).map_err(TrimError::Unproved)?;
    let policies: Vec<TrimmedPolicy> = originals
        .into_iter()
        .zip(narrowed)
        .map(|(Original { name, arn, document: old, .. }, new)| TrimmedPolicy {
            size: Size::of(&old, new.document.as_ref(), arn.is_some(), principal.trust.is_some()),
            name,
            arn,
            old,
            new: new.document,
            dropped: new.dropped,
            dropped_statements: new.dropped_statements,
            kept_untracked: new.untracked,
        })
        .collect();
    let notes = notes::of(&inventory, principal, &policies, &used);
    Ok(Trimmed { schema: 1, principal: principal.arn.clone(), policies, proof, notes })
}

fn unread(PolicyError { at, problem }: PolicyError) -> TrimError {
    TrimError::Unread(vec![Problem { at, problem }])
}

/// By ARN, or by a name that one principal alone has.
fn named<'a>(inventory: &'a Inventory, text: &str) -> Result<&'a Principal, TrimError> {
    if text.starts_with("arn:") {
        let missing = || TrimError::Principal(format!("{text} isn't in the dump"));
        return inventory.principal(text).ok_or_else(missing);
    }
    let found: Vec<&Principal> = inventory.principals().filter(|one| one.name == text).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(TrimError::Principal(format!("no user and no role of the dump is called {text}"))),
        several => {
            let arns = several.iter().map(|one| one.arn.as_str()).collect::<Vec<_>>().join(" and ");
            Err(TrimError::Principal(format!("{text} could be {arns}: give the ARN")))
        }
    }
}
