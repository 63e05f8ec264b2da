//! Enrolment: what is wanted of each opted-in instance is compared with what AWS shows, and the difference is mended,
//! under AWS's rates, by one run at a time. A run that is killed leaves nothing that the next one doesn't see.

mod carry_out;
mod pace;
mod read;

use crate::Invocation;
use carry_out::Work;
use containment::ids::GroupName;
use enrolment::{Call, Detector, Plan, Report, Settings, Stopped, plan};
use ports::{EnrolmentPorts, Lease, PortError};
use std::hash::{BuildHasher, Hasher, RandomState};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

/// A run that was killed can still have a call under way; the lease outlasts it.
const AFTER_THE_END: Duration = Duration::seconds(15);

#[derive(Debug, Error)]
pub enum EnrolError {
    #[error("the lease on enrolment could not be taken or given back: {0}")]
    Record(PortError),
    /// Nothing was changed: what was not read must not look as if it were gone.
    #[error("not everything could be read, so nothing was changed: {0}")]
    Unread(PortError),
}

/// One run.
pub struct Enrolment {
    pub ports: EnrolmentPorts,
    pub settings: Settings,
    /// Function, request and a random part: no two runs share it.
    pub owner: String,
    /// When the run must have ended.
    pub deadline: OffsetDateTime,
}

impl Enrolment {
    /// The run of one Lambda invocation. Lambda repeats a failed asynchronous invocation under the same request id, so the
    /// id alone tells no two runs apart.
    pub fn of_invocation(ports: EnrolmentPorts, settings: Settings, invocation: &Invocation<'_>) -> Self {
        let run = RandomState::new().build_hasher().finish();
        let owner = format!("{}/{}/{run:016x}", invocation.function, invocation.request_id);
        let nanoseconds = i128::from(invocation.deadline) * 1_000_000;
        let deadline = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Self { ports, settings, owner, deadline }
    }

    /// Mends every difference it has time for; those of `first` before the others.
    pub async fn run(&self, first: Option<&GroupName>) -> Result<Report, EnrolError> {
        let lease = Lease { owner: self.owner.clone(), expires_at: self.deadline + AFTER_THE_END };
        let enrolments = &self.ports.enrolments;
        let taken = enrolments.take(&lease, self.ports.clock.now()).await.map_err(EnrolError::Record)?;
        let Some(record) = taken else { return Ok(Report::busy()) };
        let cursor = record.cursor.clone();
        let seen = match read::everything(self, record).await {
            Ok(seen) => seen,
            Err(error) => {
                // The lease would expire by itself; giving it back only spares the next run the wait.
                let _ = enrolments.give_back(&self.owner, cursor.as_ref()).await;
                return Err(EnrolError::Unread(error));
            }
        };
        let Plan { calls, groups, unwatched, warnings, cost } = plan(&self.settings, &seen);
        let mut work = Work::new(self, &seen);
        work.carry_out(in_order(calls, first, cursor.as_ref())).await;
        let mut report = Report { schema: Report::SCHEMA, groups, unwatched, warnings, cost, ..work.report };
        if seen.ours.len() >= read::MOST_QUESTIONS {
            report.warnings.push(format!("more than {} alarms differ; the others come next", read::MOST_QUESTIONS));
        }
        if report.stopped != Some(Stopped::LeaseLost) {
            enrolments.give_back(&self.owner, work.cursor.as_ref()).await.map_err(EnrolError::Record)?;
        }
        Ok(report)
    }
}

/// What mends or takes away comes first. Of what is made, the nominated group's, and the rest from where the last run
/// stopped, so that what fails each time does not keep all that follows it from being tried.
fn in_order(calls: Vec<Call>, first: Option<&GroupName>, cursor: Option<&Detector>) -> Vec<Call> {
    let (mut made, mut ordered): (Vec<Call>, Vec<Call>) =
        calls.into_iter().partition(|call| call.makes_for().is_some());
    let at = made.iter().position(|call| cursor.is_some() && call.detector() == cursor);
    made.rotate_left(at.unwrap_or_default());
    made.sort_by_key(|call| first.is_some() && call.makes_for() != first);
    ordered.extend(made);
    ordered
}
