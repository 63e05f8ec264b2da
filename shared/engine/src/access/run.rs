//! One invocation of the scheduled audit: it begins when one is due, goes on where the last stopped, and ends with what is
//! new being told.

use super::collect::Collector;
use super::findings;
use super::inventory::AccountFiles;
use super::progress::{Progress, STATE, State};
use crate::retry::persist;
use access_audit::{Baseline, Files, Report, Status, audit};
use containment::ids::IncidentId;
use ports::{AuditPorts, AuditStore, Notice, PortError, PortResult, Section, Severity};
use serde::Serialize;
use signal::{AccountId, Region};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

const BASELINE: &str = "baseline.json";
const SUPPRESSIONS: &str = "suppressions.json";
/// Judging, storing and telling take at most this; with less, the next invocation does it.
const FINISH: Duration = Duration::seconds(180);
/// An audit that can't come to its end for so long is begun again: what it read is of yesterday.
const STALE: Duration = Duration::hours(24);

/// The deployment's audit of who can do what.
pub struct AccessAudit {
    pub ports: AuditPorts,
    pub account: AccountId,
    pub region: Region,
    pub partition: String,
    /// The name of the deployment's stack.
    pub stack: String,
    /// From the beginning of one audit to that of the next.
    pub every: Duration,
    /// When the invocation must have ended.
    pub deadline: OffsetDateTime,
}

/// Why an invocation failed. The next goes on where it stopped.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AuditError {
    #[error("the account could not be read: {0}")]
    Unread(PortError),
    #[error("the audit could not be kept: {0}")]
    Unkept(PortError),
    #[error("nobody could be told what changed: {0}")]
    Untold(PortError),
    #[error("the findings were not imported: {0}")]
    Unimported(PortError),
    #[error("the report can't be written: {0}")]
    Unwritten(String),
}

/// What an invocation came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum AuditOutcome {
    NotDue,
    /// The next invocation goes on.
    Unfinished {
        left: Vec<Section>,
    },
    Audited(AuditSummary),
}

/// What an audit found, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditSummary {
    /// Where the store keeps the report.
    pub report: String,
    /// Of what fails and is accepted by nobody.
    pub failing: usize,
    pub suppressed: usize,
    /// Findings about Cordon's own roles that are not on the list.
    pub own: usize,
    pub errors: usize,
    pub new: usize,
    pub gone: usize,
}

impl AccessAudit {
    pub async fn run(&self) -> Result<AuditOutcome, AuditError> {
        let now = self.ports.clock.now();
        let state = self.state().await?;
        let begun = state.run.filter(|run| now.unix_timestamp() - run.began_at < STALE.whole_seconds());
        let mut progress = match begun {
            Some(run) => run,
            None if state
                .last_began_at
                .is_some_and(|last| now.unix_timestamp() < last + self.every.whole_seconds()) =>
            {
                return Ok(AuditOutcome::NotDue);
            }
            None => Progress::begin(now.unix_timestamp(), &Section::ALL),
        };
        let store = self.ports.store.as_ref();
        let collector = Collector {
            reader: self.ports.reader.as_ref(),
            store,
            clock: self.ports.clock.as_ref(),
            deadline: self.deadline,
        };
        let saved = async |progress: &Progress| {
            put_json(store, STATE, &State::new(state.last_began_at, Some(progress.clone()))).await
        };
        collector.read(&mut progress, saved).await.map_err(AuditError::Unread)?;
        let has_time = self.ports.clock.now() + FINISH < self.deadline;
        if !progress.left.is_empty() || !has_time {
            return Ok(AuditOutcome::Unfinished { left: progress.left });
        }
        let (summary, imported) = self.finish(&progress).await?;
        let state = State::new(Some(progress.began_at), None);
        put_json(store, STATE, &state).await.map_err(AuditError::Unkept)?;
        // People were told. Security Hub, where it isn't enabled, must not have them told again and again.
        imported?;
        Ok(AuditOutcome::Audited(summary))
    }

    /// Whether no audit has come to its end for twice as long as one should take to be followed by the next.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn is_overdue(&self) -> Result<bool, AuditError> {
        let state = self.state().await?;
        // Of a deployment whose first audit is under way, its beginning counts.
        let last = state.last_began_at.or(state.run.map(|run| run.began_at));
        let limit = 2 * self.every.whole_seconds();
        Ok(last.is_some_and(|last| self.ports.clock.now().unix_timestamp() > last + limit))
    }

    /// What can't be read as a state is none: the audit begins anew.
    async fn state(&self) -> Result<State, AuditError> {
        let bytes = self.ports.store.get(STATE).await.map_err(AuditError::Unkept)?;
        let state = bytes.as_deref().map(State::parse);
        if matches!(state, Some(None)) {
            tracing::error!("what is kept of the last audit can't be read; a new one begins");
        }
        Ok(state.flatten().unwrap_or_default())
    }

    /// Judges what was read, keeps it, and tells what changed. Telling comes before the baseline is replaced: what was not
    /// told is told by the next invocation.
    async fn finish(&self, progress: &Progress) -> Result<(AuditSummary, Result<(), AuditError>), AuditError> {
        let store = self.ports.store.as_ref();
        let read = AccountFiles::of(store, progress, &self.region).await.map_err(AuditError::Unread)?;
        let kept = store.get(BASELINE).await.map_err(AuditError::Unkept)?;
        let suppressions = store.get(SUPPRESSIONS).await.map_err(AuditError::Unkept)?;
        let at = OffsetDateTime::from_unix_timestamp(progress.began_at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let report = audit(&Files {
            suppressions: suppressions.as_deref(),
            since: kept.as_deref(),
            own_stack: Some(&self.stack),
            ..read.files(at)
        });
        let key = format!("{}/report.json", progress.folder());
        put_json(store, &key, &report).await.map_err(AuditError::Unkept)?;
        // One that can't be read is in the report's errors, and is replaced.
        let before = kept.as_deref().and_then(|bytes| Baseline::parse(bytes).ok());
        let (told, imported) =
            tokio::join!(self.tell(&report, &key, before.is_none()), self.import(&report, before.as_ref()));
        told?;
        let baseline = Baseline::of(&report, before.as_ref()).to_json();
        let baseline = baseline.map_err(|error| AuditError::Unwritten(error.to_string()))?;
        store.put(BASELINE, baseline).await.map_err(AuditError::Unkept)?;
        Ok((summary(&report, key), imported))
    }

    /// What is new or gone; and the first time, what there is.
    async fn tell(&self, report: &Report, key: &str, is_first: bool) -> Result<(), AuditError> {
        let account = self.account.as_str();
        let notice = match &report.changes {
            Some(changes) => changes.notice(account),
            None if is_first => Some(report.first_notice()),
            None => None,
        };
        let Some(access_audit::Notice { subject, text }) = notice else { return Ok(()) };
        let details = serde_json::json!({
            "schema": 1, "audit": key, "account": account, "region": self.region.as_str(),
            "new": report.changes.as_ref().map(|changes| changes.new.len()),
            "gone": report.changes.as_ref().map(|changes| changes.gone.len()),
        });
        let notice = Notice {
            incident: IncidentId::new("audit"),
            severity: if is_urgent(report) { Severity::Page } else { Severity::Info },
            subject,
            text: format!("{text}\nThe report: {key} in the stack's audit bucket. Or now: cordon audit"),
            details: details.to_string(),
        };
        let clock = self.ports.clock.as_ref();
        let sent = persist(clock, |error| Some(error), async || self.ports.notifier.notify(&notice).await).await;
        sent.map_err(AuditError::Untold)
    }

    async fn import(&self, report: &Report, before: Option<&Baseline>) -> Result<(), AuditError> {
        let Some(hub) = &self.ports.findings else { return Ok(()) };
        let place = findings::Place {
            account: &self.account,
            region: &self.region,
            partition: &self.partition,
            now: self.ports.clock.now(),
        };
        let findings = findings::of(report, before, &place);
        if findings.is_empty() {
            return Ok(());
        }
        hub.import(&findings).await.map_err(AuditError::Unimported)
    }
}

/// Somebody must look: a way to become administrator is new, or Cordon's own roles changed.
fn is_urgent(report: &Report) -> bool {
    let new = report.changes.iter().flat_map(|changes| &changes.new);
    new.into_iter().any(|change| change.own || change.severity == access_audit::Severity::Critical)
}

fn summary(report: &Report, key: String) -> AuditSummary {
    let failing = || report.with(Status::Fail);
    let counts = |finding: &&access_audit::Finding| finding.suppressed.is_none();
    AuditSummary {
        report: key,
        failing: failing().filter(counts).count(),
        suppressed: failing().filter(|finding| !counts(finding)).count(),
        own: failing().filter(counts).filter(|finding| finding.own).count(),
        errors: report.errors.len() + report.with(Status::Error).count(),
        new: report.changes.as_ref().map_or(0, |changes| changes.new.len()),
        gone: report.changes.as_ref().map_or(0, |changes| changes.gone.len()),
    }
}

async fn put_json(store: &dyn AuditStore, key: &str, value: &impl Serialize) -> PortResult<()> {
    let bytes = serde_json::to_vec(value).map_err(|error| PortError::unreadable("s3:PutObject", error))?;
    store.put(key, bytes).await
}
