//! Runs decisions and plans through the ports: reads in parallel, commits before touching, journals what AWS showed.
//!
//! [`Engine::handle`] is one signal's way from nomination to a settling incident; [`Engine::settle`] is what the
//! reconciler does with every open incident until it is contained. [`Engine::operate`] is what people ask for by hand.

mod access;
mod apply;
mod capture;
mod commit;
mod config;
mod contain;
mod cut;
mod enrol;
mod finish;
mod freeze;
mod identity;
mod journal_writer;
mod judge;
mod locks;
mod look_again;
mod measure;
mod news;
mod nomination;
mod nominees;
mod observe;
mod operate;
mod outcome;
mod put_back;
mod release;
mod retry;
mod secure;
mod settle;
mod undo;
mod untrack;
mod window;

pub use access::{AccessAudit, AccountFiles, AuditError, AuditOutcome, AuditSummary, read_account};
pub use config::{Config, ConfigError, ConfigProblem};
pub use enrol::{EnrolError, Enrolment};
pub use identity::ProofFault;
pub use judge::traffic_span;
pub use measure::{GroupMeasure, MeasureError, MeasureReport, Measurement};
pub use outcome::{ContainmentPlan, EngineError, Outcome};

use ports::Ports;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;
use time::OffsetDateTime;

/// How long a run may act without renewing its lease. Longer than any single call may take, so that a paused process
/// finds its lease gone before its next write, and short enough that the reconciler takes over within a minute.
const LEASE: time::Duration = time::Duration::seconds(45);

/// A wave of calls isn't begun with less time than this before the invocation's deadline.
const WAVE_TIME: Duration = Duration::from_secs(12);

/// One invocation's engine.
pub struct Engine {
    pub(crate) ports: Ports,
    pub(crate) config: Config,
    /// Who acts, in the journal and as the lease's owner: function name and request id.
    pub(crate) actor: String,
    pub(crate) deadline: OffsetDateTime,
}

impl Engine {
    /// `actor` must be unique to this invocation; `deadline` is when the invocation will be ended.
    pub fn new(ports: Ports, config: Config, actor: String, deadline: OffsetDateTime) -> Self {
        Self { ports, config, actor, deadline }
    }

    /// The engine of one Lambda invocation.
    pub fn of_invocation(ports: Ports, mut config: Config, invocation: &Invocation<'_>) -> Self {
        // Lambda repeats a failed asynchronous invocation under the same request id: the id alone tells no two runs apart.
        let run = RandomState::new().build_hasher().finish();
        let nanoseconds = i128::from(invocation.deadline) * 1_000_000;
        let deadline = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        config.deployment.function_arn = Some(unqualified(invocation.function_arn));
        Self::new(ports, config, format!("{}/{}/{run:016x}", invocation.function, invocation.request_id), deadline)
    }

    /// Whether there is time for another wave; if not, the reconciler goes on where this run stops.
    pub(crate) fn has_time(&self) -> bool {
        self.ports.clock.now() + WAVE_TIME < self.deadline
    }
}

/// What Lambda says of one invocation.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The crate's name, for the journal.
    pub function: &'a str,
    /// As it was invoked: with a version or an alias, perhaps.
    pub function_arn: &'a str,
    pub request_id: &'a str,
    /// In Unix milliseconds.
    pub deadline: u64,
}

/// `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME`, without a version or alias.
fn unqualified(arn: &str) -> String {
    arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::unqualified;

    #[test]
    fn a_qualifier_is_taken_off_the_function_arn() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:contain-instance";
        assert_eq!(unqualified(arn), arn);
        assert_eq!(unqualified(&format!("{arn}:live")), arn);
    }
}
