//! Who can do what in an account: what IAM says of its principals, as a whole.
//!
//! An [`Inventory`] is read from what GetAccountAuthorizationDetails answered. What can't be read is kept as an error where
//! it belongs: it never counts as a policy that isn't there.

mod account;
mod age;
mod compare;
mod controls;
mod credentials;
mod decrypt;
mod dump;
mod escalation;
mod finding;
mod inventory;
mod key_parts;
mod keys;
mod last_accessed;
mod organization;
mod own;
mod region;
mod report;
mod resources;
mod root;
mod suppress;
mod trim;
mod usage;

pub use compare::{Baseline, Change, Changes, Notice};
pub use controls::{CONTROLS, Control};
pub use decrypt::Reader;
pub use escalation::{Cut, Escalation, EscalationPath, EscalationStep};
pub use finding::{Confidence, Finding, Problem, Severity, Status, Suppressed, Witness};
pub use inventory::{Group, Held, Holdings, Inventory, LastUsed, Principal};
pub use organization::Organization;
pub use own::{Justified, justified};
pub use report::{CatalogueUsed, Files, Report, audit};
pub use resources::ResourcePolicies;
pub use trim::{Ask, Proof, Size, TRACKED_DAYS, TrimError, Trimmed, TrimmedPolicy, trim};

/// The most bytes of a file that are read: an account's largest dump has some 50 MB.
pub const MAX_FILE_BYTES: usize = 256 * 1024 * 1024;
