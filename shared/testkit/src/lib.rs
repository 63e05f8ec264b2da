//! An AWS account in memory, for tests of whatever works through the ports.
//!
//! [`Scene`] builds an ordinary situation in a [`Cloud`]; [`Cloud::ports`] gives the ports onto it. Time is a
//! [`ManualClock`]: what AWS does in its own time (draining, stopping, snapshots, replacements) happens when that
//! clock has come far enough. [`Faults`] wraps any ports and lets chosen calls fail, lose their answer or kill the
//! run. Every call is in the [`CallLog`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "only tests use this crate, and one that meets the unexpected should stop at once"
)]

mod answers;
mod call_log;
mod cloud;
mod doors;
mod faults;
mod manual_clock;
mod operations;
mod scene;
mod world;

pub use call_log::{Call, CallLog};
pub use cloud::Cloud;
pub use faults::{Calls, Fault, Faults};
pub use manual_clock::ManualClock;
pub use operations::{Effect, Operation};
pub use scene::{ACCOUNT, ALARM_TOPIC, PROFILE, REGION, START, Scene};
pub use world::alarms::Alarm;
pub use world::compute::{Interface, Machine, Template};
pub use world::credentials::Role;
pub use world::network::{SecurityGroup, Vpc};
pub use world::scaling::Group;
pub use world::table::{Hold, Table};
pub use world::{Delays, Snapshot, World};
