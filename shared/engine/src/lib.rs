//! Runs decisions and plans through the ports: reads in parallel, commits before touching, journals what AWS showed.
//!
//! [`Engine::handle`] is one signal's way from nomination to a settling incident; [`Engine::settle`] is what the
//! reconciler does with every open incident until it is contained. [`Engine::operate`] is what people ask for by hand.

mod apply;
mod commit;
mod config;
mod contain;
mod cut;
mod finish;
mod identity;
mod journal_writer;
mod nomination;
mod notices;
mod observe;
mod operate;
mod outcome;
mod release;
mod retry;
mod secure;
mod settle;
mod undo;

pub use config::{Config, ConfigError, ConfigProblem};
pub use identity::ProofFault;
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

    /// The engine of one Lambda invocation. Lambda repeats a failed asynchronous invocation under the same request id, so
    /// the id alone does not tell two runs apart. `deadline` is in Unix milliseconds.
    pub fn of_invocation(ports: Ports, config: Config, function: &str, request_id: &str, deadline: u64) -> Self {
        let run = RandomState::new().build_hasher().finish();
        let nanoseconds = i128::from(deadline) * 1_000_000;
        let deadline = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Self::new(ports, config, format!("{function}/{request_id}/{run:016x}"), deadline)
    }

    /// Whether there is time for another wave; if not, the reconciler goes on where this run stops.
    pub(crate) fn has_time(&self) -> bool {
        self.ports.clock.now() + WAVE_TIME < self.deadline
    }
}
