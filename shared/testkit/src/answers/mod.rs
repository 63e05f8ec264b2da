//! The ports, answered by the cloud: one file for each trait.

mod alarms;
mod credentials;
mod evidence;
mod groups;
mod instances;
mod journal;
mod network;
mod notifier;
mod roles;
mod snapshots;
mod targets;
