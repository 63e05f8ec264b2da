//! What a run did, for the log and the function's answer.

use crate::cost::Cost;
use crate::plan::{GroupCount, Unwatched};
use serde::Serialize;
use std::collections::BTreeMap;

/// Why a run ended before its list of calls did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// Another run is under way: it, or the next tick, does the work.
    Busy,
    /// The invocation's time was over; the next one goes on.
    Deadline,
    /// CloudWatch or EC2 asked for fewer calls, again and again.
    Throttled,
    /// Another run took the lease over.
    LeaseLost,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    pub call: String,
    pub about: String,
    pub error: String,
    /// Whether the same call may succeed by itself.
    pub temporary: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub schema: u32,
    pub groups: Vec<GroupCount>,
    /// Calls that were made, by kind.
    pub calls: BTreeMap<&'static str, usize>,
    /// Calls that are left for the next run.
    pub left: usize,
    pub stopped: Option<Stopped>,
    /// What has no detector and alarm of its own, and why.
    pub unwatched: Vec<Unwatched>,
    pub cost: Option<Cost>,
    pub warnings: Vec<String>,
    pub failures: Vec<Failure>,
}

impl Report {
    pub const SCHEMA: u32 = 1;

    pub fn busy() -> Self {
        Self { schema: Self::SCHEMA, stopped: Some(Stopped::Busy), ..Self::default() }
    }

    /// Failures that stay until somebody changes something.
    pub fn lasting(&self) -> impl Iterator<Item = &Failure> {
        self.failures.iter().filter(|failure| !failure.temporary)
    }
}
