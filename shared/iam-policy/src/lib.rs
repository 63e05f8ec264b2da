//! IAM policies: documents, an evaluator with AWS's semantics, and a catalogue of AWS's actions.
//!
//! ```
//! use iam_policy::{Action, Caller, Context, Decision, Document, DocumentKind, Policies, Policy, Request, Resource, decide};
//!
//! let text = br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#;
//! let policy = Policy::new("read", Document::parse(text, DocumentKind::Identity)?);
//! let request = Request::new(
//!     Caller::parse("arn:aws:iam::123456789012:role/app")?,
//!     Action::parse("s3:GetObject")?,
//!     Resource::parse("arn:aws:s3:::bucket/key", None)?,
//!     Context::open(),
//! );
//! let policies = Policies { identity: &[policy], ..Policies::default() };
//! assert_eq!(decide(&policies, &request), Decision::Allow);
//! # Ok::<(), iam_policy::PolicyError>(())
//! ```
//!
//! Answers are three-valued. With [`Context::open`] a condition on a key that isn't known leaves the answer
//! [`Decision::Depends`]; with [`Context::closed`] a key that isn't given is absent, and nothing depends.
//!
//! Reading is total and bounded: any bytes give a [`Document`] or a [`PolicyError`] that names the place. What isn't known
//! (an element, an operator, a form of principal) is an error, because what is skipped could be what denies.

mod arn;
mod caller;
mod case;
mod catalogue;
mod condition;
mod context;
mod decide;
mod document;
mod error;
mod explain;
mod field;
mod grant;
pub mod json;
mod key;
mod operator;
mod pattern;
mod policies;
mod principal;
mod request;
mod statement;
mod template;
mod truth;
mod values;

pub use arn::{Arn, is_account_id};
pub use caller::{Caller, CallerKind};
pub use case::Case;
pub use catalogue::{AccessLevel, Catalogue, KnownAction, KnownService, ResourceType};
pub use context::Context;
pub use decide::{Decision, decide};
pub use document::{Document, DocumentKind, MAX_DOCUMENT_BYTES};
pub use error::{PolicyError, Warning};
pub use explain::{Decided, Dependency, Explanation, explain};
pub use grant::Grant;
pub use pattern::is_like;
pub use policies::{Layer, Policies, Policy, ResourcePolicy, read_policies};
pub use principal::Named;
pub use request::{Action, Request, Resource};
pub use statement::{ActionPattern, Effect, Statement};
pub use truth::Truth;
