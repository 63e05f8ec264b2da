//! The ports on AWS. The only crate that names the AWS SDK.

mod alarm_mapping;
mod alarms;
mod clients;
mod credentials;
mod error;
mod evidence;
mod groups;
mod instance_mapping;
mod instances;
mod journal;
mod journal_items;
mod journal_writes;
mod network;
mod notifier;
mod roles;
mod snapshots;
mod system_clock;
mod targets;

pub use clients::{Clients, connect, journal, ports, roles};
