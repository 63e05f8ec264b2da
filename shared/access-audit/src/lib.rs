//! Who can do what in an account: what IAM says of its principals, as a whole.
//!
//! An [`Inventory`] is read from what GetAccountAuthorizationDetails answered. What can't be read is kept as an error where
//! it belongs: it never counts as a policy that isn't there.

mod account;
mod age;
mod controls;
mod credentials;
mod decrypt;
mod dump;
mod escalation;
mod finding;
mod inventory;
mod key_parts;
mod keys;
mod organization;
mod report;
mod resources;
mod root;

pub use controls::{CONTROLS, Control};
pub use decrypt::Reader;
pub use finding::{Confidence, Finding, Problem, Severity, Status, Witness};
pub use inventory::{Group, Held, Holdings, Inventory, LastUsed, Principal};
pub use organization::Organization;
pub use report::{CatalogueUsed, Files, Report, audit};
pub use resources::ResourcePolicies;

/// The most bytes of a file that are read: an account's largest dump has some 50 MB.
pub const MAX_FILE_BYTES: usize = 256 * 1024 * 1024;
