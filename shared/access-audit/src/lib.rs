//! Who can do what in an account: what IAM says of its principals, as a whole.
//!
//! An [`Inventory`] is read from what GetAccountAuthorizationDetails answered. What can't be read is kept as an error where
//! it belongs: it never counts as a policy that isn't there.

mod dump;
mod inventory;
mod organization;
mod resources;

pub use inventory::{Held, Holdings, Inventory, Principal};
pub use organization::Organization;
pub use resources::ResourcePolicies;

/// The most bytes of a file that are read: an account's largest dump has some 50 MB.
pub const MAX_FILE_BYTES: usize = 256 * 1024 * 1024;
