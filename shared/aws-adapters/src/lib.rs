//! The ports on AWS. The only crate that names the AWS SDK.

mod access;
mod alarm_mapping;
mod alarms;
mod allow_all;
mod audit_store;
mod caller_identity;
mod caller_proof;
mod clients;
mod coverage;
mod credentials;
pub mod deployed;
mod enrolments;
mod error;
mod evidence;
mod evidence_reader;
mod exhibits;
mod findings;
mod fleet_metric;
mod functions;
mod groups;
mod instance_mapping;
mod instances;
mod journal;
mod journal_items;
#[cfg(test)]
mod journal_tests;
mod journal_writes;
mod metric_expression;
mod network;
mod notifier;
mod recorder;
mod roles;
mod signer;
mod snapshots;
mod system_clock;
mod targets;
mod traffic;
mod traffic_exhibits;
mod watch_mapping;
mod watches;

pub use caller_proof::{ProofError, prove};
pub use clients::{
    AuditPlaces, Clients, access_reader, alarms, audit_ports, clock, connect, coverage, enrolment_ports,
    evidence_reader, fleet_ports, functions, groups, journal, ports, roles, stack_reader, traffic,
};
pub use evidence_reader::{EvidenceReader, StoredVersion};
pub use functions::{Functions, Invoked};
