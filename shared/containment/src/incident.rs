//! An incident: what one confirmed nomination led to. It is the fold of its journal's events, and nothing else writes it.

use crate::authority::{Authority, Mode};
use crate::capture::{Capture, Captured, LATER_AFTER};
use crate::figure::Figure;
use crate::finding::FindingRecord;
use crate::ids::{GroupName, IncidentId};
use crate::journal::{EventBody, Opening};
use crate::judged::Judged;
use crate::operator::Operator;
use crate::plan::Plan;
use crate::prior::PriorState;
use crate::refusal::Refusal;
use crate::release::ReleasePlan;
use crate::request::Requested;
use crate::snapshot_lock::SnapshotLocks;
use crate::step::Step;
use serde::{Deserialize, Serialize};
use signal::{AlarmArn, InstanceId};
use std::collections::BTreeMap;
use time::OffsetDateTime;

pub const SCHEMA: u32 = 1;

/// After this many failures of a step, a minute apart, it is tried rarely or left to people.
pub const MAX_FAILURES: u32 = 60;
/// How long the steps that cut the instance off then wait between two attempts: they are never given up.
const RARELY: time::Duration = time::Duration::minutes(15);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name")]
pub enum IncidentState {
    /// The intent is committed; nothing has been read back yet.
    Committed,
    /// Every interface was read back in its quarantine group: no new flow.
    Isolated,
    /// Isolated; something AWS does in its own time is not finished (draining, stopping, snapshots).
    Settling,
    /// Group, power state, snapshots and flags were seen as intended.
    Contained,
    /// Some steps are not done: they failed (and are retried while the incident is open) or AWS doesn't allow them.
    Partial {
        steps: Vec<Step>,
    },
    /// Mode `observe`: planned and reported, nothing touched.
    Observed,
    Refused {
        reason: Refusal,
    },
    Released,
    ReleasePartial {
        steps: Vec<Step>,
    },
}

impl IncidentState {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Committed => "Committed",
            Self::Isolated => "Isolated",
            Self::Settling => "Settling",
            Self::Contained => "Contained",
            Self::Partial { .. } => "Partial",
            Self::Observed => "Observed",
            Self::Refused { .. } => "Refused",
            Self::Released => "Released",
            Self::ReleasePartial { .. } => "ReleasePartial",
        }
    }
}

/// How far a step is, by what AWS showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum StepStatus {
    Planned,
    Done,
    /// Accepted by AWS, not yet complete; or not possible yet.
    Waiting {
        why: String,
    },
    Failed {
        error: String,
    },
}

impl StepStatus {
    pub fn failed(error: impl ToString) -> Self {
        Self::Failed { error: error.to_string() }
    }
    pub fn waiting(why: impl ToString) -> Self {
        Self::Waiting { why: why.to_string() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    #[serde(flatten)]
    pub status: StepStatus,
    pub failures: u32,
    /// What it did, for people: ids made, values set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub schema: u32,
    pub id: IncidentId,
    /// None for a signal that nominated nobody that could be verified.
    pub instance: Option<InstanceId>,
    pub alarm: Option<AlarmArn>,
    pub group: Option<GroupName>,
    pub authority: Option<Authority>,
    pub mode: Option<Mode>,
    pub drill: bool,
    pub state: IncidentState,
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub transitioned_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub isolated_at: Option<OffsetDateTime>,
    /// When the instance was seen stopped: tracked connections live until then.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub severed_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub contained_at: Option<OffsetDateTime>,
    pub plan: Plan,
    pub prior: Option<PriorState>,
    pub steps: BTreeMap<Step, StepRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<Requested>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Captured>,
    /// What AWS's own evaluation of the alarm compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
    /// What the verifier said of its traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// How far its finding in Security Hub is, where one was to be imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingRecord>,
    #[serde(default, skip_serializing_if = "SnapshotLocks::is_empty")]
    pub locks: SnapshotLocks,
    /// Who released it said that the alarm was wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub false_alarm: bool,
}

/// An operator's release of an incident, as far as it got. Where it was begun more than once, the last one's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub by: Operator,
    pub reason: String,
    #[serde(with = "time::serde::rfc3339")]
    pub begun_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub released_at: Option<OffsetDateTime>,
    pub plan: ReleasePlan,
    /// How far undoing each step is.
    pub undone: BTreeMap<Step, StepRecord>,
}

impl Release {
    /// Steps of the plan that are not undone yet, in order.
    pub fn left(&self) -> Vec<Step> {
        let is_left = |step: &&Step| self.undone.get(step).is_none_or(|record| record.status != StepStatus::Done);
        self.plan.steps.iter().filter(is_left).copied().collect()
    }
}

impl Incident {
    /// The incident as its first event makes it.
    pub fn opened(opening: &Opening, at: OffsetDateTime) -> Self {
        let planned = |step: &Step| (*step, StepRecord { status: StepStatus::Planned, failures: 0, detail: None, at });
        Self {
            schema: SCHEMA,
            id: opening.id.clone(),
            instance: opening.instance.clone(),
            alarm: opening.alarm.clone(),
            group: opening.group.clone(),
            authority: opening.authority.clone(),
            mode: opening.mode,
            drill: opening.drill,
            state: opening.state.clone(),
            opened_at: at,
            transitioned_at: opening.transitioned_at,
            isolated_at: None,
            severed_at: None,
            contained_at: None,
            steps: match opening.state {
                IncidentState::Committed => opening.plan.steps.iter().map(planned).collect(),
                _ => BTreeMap::new(),
            },
            plan: opening.plan.clone(),
            prior: opening.prior.clone(),
            requested: opening.requested.clone(),
            release: None,
            evidence: Vec::new(),
            figure: opening.figure.clone(),
            judged: opening.judged.clone(),
            finding: None,
            locks: SnapshotLocks::default(),
            false_alarm: false,
        }
    }

    /// Folds one more event in.
    pub fn apply(&mut self, body: &EventBody, at: OffsetDateTime) {
        match body {
            EventBody::Opened(_) | EventBody::Resumed => {}
            EventBody::StepReported { step, status, detail, locks } => {
                report(&mut self.steps, *step, status, detail.as_ref(), at);
                self.locks.report(locks);
            }
            EventBody::TargetsFound { targets } => {
                if let Some(prior) = &mut self.prior {
                    prior.targets = Some(targets.clone());
                }
            }
            EventBody::PriorExtended { interfaces, volumes } => {
                if let Some(prior) = &mut self.prior {
                    prior.extend(interfaces, volumes);
                }
            }
            EventBody::StateChanged { state } => self.enter(state, at),
            EventBody::Severed => self.severed_at = self.severed_at.or(Some(at)),
            EventBody::EvidenceCaptured(captured) => self.evidence.push(captured.clone()),
            EventBody::FindingReported { status } => {
                self.finding = Some(FindingRecord::after(self.finding.as_ref(), status.clone(), at));
            }
            EventBody::ReleaseBegun { by, reason, plan, false_alarm } => {
                self.begin_release(by, reason, plan, at);
                // Who goes on with a release need not say it again.
                self.false_alarm |= *false_alarm;
            }
            EventBody::UndoReported { step, status, detail } => {
                if let Some(release) = &mut self.release {
                    report(&mut release.undone, *step, status, detail.as_ref(), at);
                }
            }
        }
    }

    /// What an earlier attempt undid stays on record until this one has looked at it again.
    fn begin_release(&mut self, by: &Operator, reason: &str, plan: &ReleasePlan, at: OffsetDateTime) {
        let undone = self.release.take().map(|earlier| earlier.undone).unwrap_or_default();
        self.release = Some(Release {
            by: by.clone(),
            reason: reason.to_owned(),
            begun_at: at,
            released_at: None,
            plan: plan.clone(),
            undone,
        });
    }

    fn enter(&mut self, state: &IncidentState, at: OffsetDateTime) {
        match state {
            IncidentState::Isolated => self.isolated_at = self.isolated_at.or(Some(at)),
            IncidentState::Contained => self.contained_at = Some(at),
            IncidentState::Released => {
                if let Some(release) = &mut self.release {
                    release.released_at = Some(at);
                }
            }
            _ => {}
        }
        self.state = state.clone();
    }

    pub fn status(&self, step: Step) -> Option<&StepStatus> {
        self.steps.get(&step).map(|record| &record.status)
    }

    /// Whether being seen in quarantine would make it `Isolated` now. Not while a group swap may still open an interface.
    pub fn awaits_isolation(&self) -> bool {
        let untracked = self.status(Step::UntrackConnections);
        self.isolated_at.is_none() && !matches!(untracked, Some(StepStatus::Planned | StepStatus::Waiting { .. }))
    }

    /// The state that the steps add up to. It never says more than the steps' last statuses, which AWS showed. Telling
    /// people is no part of it: what was told changes nothing about the instance.
    pub fn state_by_steps(&self) -> IncidentState {
        let records = || self.steps.iter().filter(|(step, _)| **step != Step::Notify);
        let failed = records().filter(|(_, record)| matches!(record.status, StepStatus::Failed { .. }));
        let impossible = self.plan.impossible.iter().map(|omission| omission.step);
        let has_failed = failed.clone().next().is_some();
        let mut missing: Vec<Step> = failed.map(|(step, _)| *step).chain(impossible).collect();
        missing.sort_unstable();
        let unfinished =
            records().any(|(_, record)| matches!(record.status, StepStatus::Planned | StepStatus::Waiting { .. }));
        match (has_failed, unfinished, self.isolated_at.is_some()) {
            (true, _, _) => IncidentState::Partial { steps: missing },
            (false, true, true) => IncidentState::Settling,
            (false, true, false) => IncidentState::Committed,
            (false, false, _) if missing.is_empty() => IncidentState::Contained,
            (false, false, _) => IncidentState::Partial { steps: missing },
        }
    }

    /// Whether `step` failed so often that it is left to people.
    pub fn has_given_up(&self, step: Step) -> bool {
        self.steps.get(&step).is_some_and(|record| has_given_up(step, record))
    }

    /// Whether `step` may be tried now, if it is not done.
    pub fn is_due(&self, step: Step, now: OffsetDateTime) -> bool {
        self.steps.get(&step).is_some_and(|record| {
            let often = matches!(record.status, StepStatus::Failed { .. }) && record.failures >= MAX_FAILURES;
            !often || (cuts_off(step) && now - record.at >= RARELY)
        })
    }

    /// Whether the reconciler still has work with it.
    pub fn is_open(&self) -> bool {
        let in_progress = matches!(
            self.state,
            IncidentState::Committed
                | IncidentState::Isolated
                | IncidentState::Settling
                | IncidentState::Contained
                | IncidentState::Partial { .. }
        );
        let unfinished =
            self.steps.iter().any(|(step, record)| record.status != StepStatus::Done && !has_given_up(*step, record));
        let waits = self.waits_for_later_capture() || self.waits_for_locks();
        in_progress && (unfinished || waits) || self.finding_is_due()
    }

    /// Whether a release has begun: from then on only people change anything.
    pub fn is_released(&self) -> bool {
        matches!(self.state, IncidentState::Released | IncidentState::ReleasePartial { .. })
    }

    /// Whether the import of its finding failed and is to be tried again, however the incident ended.
    pub fn finding_is_due(&self) -> bool {
        self.finding.as_ref().is_some_and(FindingRecord::is_due)
    }

    /// The figure of the latest capture that has one.
    pub fn captured_figure(&self) -> Option<&Figure> {
        self.evidence.iter().rev().find_map(|captured| captured.figure.as_ref())
    }

    /// Whether nothing is left but the second capture.
    pub fn only_waits_for_later_capture(&self) -> bool {
        let done = self.steps.values().all(|record| record.status == StepStatus::Done);
        let capture_alone = self.waits_for_later_capture() && !self.waits_for_locks();
        self.is_open() && capture_alone && done && !self.finding_is_due()
    }

    /// Whether an open incident has work at `now`.
    pub fn has_work(&self, now: OffsetDateTime) -> bool {
        self.is_open() && (!self.only_waits_for_later_capture() || self.is_later_capture_due(now))
    }

    fn has_captured(&self, capture: Capture) -> bool {
        self.evidence.iter().any(|captured| captured.capture == capture)
    }

    /// What lags behind the containment is captured a second time, where the first capture succeeded.
    fn waits_for_later_capture(&self) -> bool {
        self.has_captured(Capture::AtContainment)
            && !self.has_captured(Capture::Later)
            && !self.has_given_up(Step::CaptureMetadata)
    }

    /// Whether snapshots are to be locked, and not all of them are seen locked until a known time.
    pub fn waits_for_locks(&self) -> bool {
        let wanted = self.plan.snapshot_lock.is_some() && self.steps.contains_key(&Step::SnapshotVolumes);
        let nothing_to_lock = self.locks.is_empty() && self.has_given_up(Step::SnapshotVolumes);
        wanted && !nothing_to_lock && !self.locks.are_settled() && !self.locks.has_given_up()
    }

    /// Whether the second capture may be made now.
    pub fn is_later_capture_due(&self, now: OffsetDateTime) -> bool {
        self.waits_for_later_capture() && now - self.opened_at >= LATER_AFTER
    }
}

fn report(
    records: &mut BTreeMap<Step, StepRecord>,
    step: Step,
    status: &StepStatus,
    detail: Option<&String>,
    at: OffsetDateTime,
) {
    let before = records.get(&step);
    let failed = u32::from(matches!(status, StepStatus::Failed { .. }));
    let failures = before.map_or(0, |record| record.failures) + failed;
    let detail = detail.cloned().or_else(|| before.and_then(|record| record.detail.clone()));
    records.insert(step, StepRecord { status: status.clone(), failures, detail, at });
}

/// Steps without which the instance is still reachable, or its group may destroy the evidence.
fn cuts_off(step: Step) -> bool {
    matches!(step, Step::QuarantineNetwork | Step::DetachFromGroup | Step::StopInstance)
}

/// Waiting has no bound: draining lasts as long as it lasts. Failing has one, but for what cuts the instance off. Opening an
/// interface is never tried twice.
fn has_given_up(step: Step, record: &StepRecord) -> bool {
    let often = record.failures >= MAX_FAILURES && !cuts_off(step);
    matches!(record.status, StepStatus::Failed { .. }) && (often || step == Step::UntrackConnections)
}
