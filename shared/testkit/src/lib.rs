//! An in-memory AWS behind the ports, for tests: real semantics where a containment depends on them, time that moves
//! only when it is told to, and calls that fail, lose their answer or never return where a test wants it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests use this crate, and a broken test must stop at once"
)]

mod account;
mod alarms;
mod callers;
mod deliveries;
mod enrolment;
mod faults;
mod fleet;
mod groups;
mod instances;
mod journal;
mod network;
mod process;
mod scene;
mod snapshots;
mod targets;
mod traffic;

pub use account::{Account, Delays};
pub use callers::request;
pub use enrolment::{EnrolmentState, WatchingAlarm};
pub use faults::{Call, Fault, Faults};
pub use process::Process;
pub use scene::{FUNCTION, GROUP, Scene, config, instance_id};
