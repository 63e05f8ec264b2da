//! What the engine needs of the world, as capabilities: one trait a concern, none of them knowing AWS's SDK.
//!
//! Reads answer `None` for "AWS says there is no such thing"; every other failure is a [`PortError`] whose
//! [`ErrorKind`] tells what a caller may do about it.

mod access;
mod alarms;
mod bundle;
mod callers;
mod coverage;
mod enrolment;
mod error;
mod evidence;
mod fleet_metric;
mod groups;
mod instances;
mod journal;
mod network;
mod notices;
mod roles;
mod snapshots;
mod targets;
mod time_source;
mod traffic;

pub use access::{AUDIT_ACTIONS, AccessReader, AuditPorts, AuditStore, Page, Section};
pub use alarms::{AlarmScope, Alarms};
pub use bundle::{Ports, Resources};
pub use callers::{CallerIdentity, Callers};
pub use coverage::Coverage;
pub use enrolment::{Detectors, EnrolmentPorts, EnrolmentRecord, Enrolments, Holds, RecordChange, Watches};
pub use error::{ErrorKind, PortError, PortResult};
pub use evidence::{CaptureSubject, Evidence, Exhibit, Exhibits, Signer};
pub use fleet_metric::{DATAPOINTS, FleetDatapoint, FleetMetric, FleetPorts};
pub use groups::{Groups, Refresh};
pub use instances::{Instances, ProfileAssociation};
pub use journal::{
    AppendError, BreakerWrite, CommitError, Glance, Intent, Journal, Lease, LettingGo, ListedIncident, StoredIncident,
    Transaction, Wanted,
};
pub use network::Network;
pub use notice::{Finding, FindingSeverity, Notice, RecordState, Severity, WorkflowStatus};
pub use notices::{Findings, Notifier};
pub use roles::{Credentials, ObservedRole, Revocation, Roles};
pub use snapshots::Snapshots;
pub use targets::Targets;
pub use time_source::Clock;
pub use traffic::{History, QUERIES, Span, Traffic};
