//! Making a plan's calls, one after the other, in their rates and in the run's time.

use super::Enrolment;
use super::pace::Pace;
use containment::attack::TimeRange;
use containment::ids::VpcId;
use enrolment::{Call, Detector, Failure, Report, Seen, Stopped, Training};
use ports::{ErrorKind, PortError, PortResult, RecordChange};
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};
use time::Duration;

/// What a call may take, and giving the lease back after it.
const MARGIN: Duration = Duration::seconds(3);
/// Times that one call is throttled before the run leaves the rest to the next.
const ATTEMPTS: u32 = 5;
/// Detectors that are put on record in one write, before the first of them is made.
const AHEAD: usize = 100;
/// Failures that a report names.
const NAMED: usize = 100;

pub(super) struct Work<'a> {
    run: &'a Enrolment,
    pace: Pace,
    recorded: BTreeSet<Detector>,
    attacks: &'a BTreeMap<InstanceId, BTreeSet<TimeRange>>,
    deleted: Vec<Detector>,
    /// Instances about which a call failed.
    blocked: BTreeSet<InstanceId>,
    /// Kinds of calls that no other call of this run may get past: the role lacks the permission, or a quota is used up.
    refused: BTreeSet<&'static str>,
    pub(super) report: Report,
    /// The first that was not made.
    pub(super) cursor: Option<Detector>,
}

impl<'a> Work<'a> {
    pub(super) fn new(run: &'a Enrolment, seen: &'a Seen) -> Self {
        Self {
            run,
            pace: Pace::default(),
            recorded: seen.made.clone(),
            attacks: &seen.attacks,
            deleted: Vec::new(),
            blocked: BTreeSet::new(),
            refused: BTreeSet::new(),
            report: Report::default(),
            cursor: None,
        }
    }

    pub(super) async fn carry_out(&mut self, calls: Vec<Call>) {
        for (number, call) in calls.iter().enumerate() {
            let rest = calls.get(number..).unwrap_or_default();
            if let Err(stopped) = self.one(call, rest).await {
                self.report.stopped = Some(stopped);
                self.report.left += rest.len();
                self.cursor = rest.iter().find_map(|call| call.makes_for().and(call.detector())).cloned();
                break;
            }
        }
        let forgotten = std::mem::take(&mut self.deleted);
        if !forgotten.is_empty() && self.report.stopped != Some(Stopped::LeaseLost) {
            // Left on record, they are forgotten by the next plan.
            let _ = self.run.ports.enrolments.change(&self.run.owner, &RecordChange::Forgotten(forgotten)).await;
        }
    }

    async fn one(&mut self, call: &Call, rest: &[Call]) -> Result<(), Stopped> {
        if let Call::MakeDetector(_, detector) = call
            && !self.is_held_back(call)
            && !self.recorded.contains(detector)
        {
            self.put_on_record(rest).await?;
        }
        if self.is_held_back(call) {
            self.report.left += 1;
            // CloudWatch makes the detector of an alarm that has none: without one of ours there is to be no alarm.
            self.blocked.extend(call.about());
            return Ok(());
        }
        self.make(call).await
    }

    fn is_held_back(&self, call: &Call) -> bool {
        self.refused.contains(call.kind()) || call.about().iter().any(|instance| self.blocked.contains(instance))
    }

    /// Detectors carry no tag: what is not on record as made by Cordon is never deleted by it.
    async fn put_on_record(&mut self, rest: &[Call]) -> Result<(), Stopped> {
        let ahead = rest.iter().filter_map(|call| match call {
            Call::MakeDetector(_, detector) if !self.recorded.contains(detector) => Some(detector.clone()),
            _ => None,
        });
        let ahead: Vec<Detector> = ahead.take(AHEAD).collect();
        let change = RecordChange::Made(ahead.clone());
        match self.run.ports.enrolments.change(&self.run.owner, &change).await {
            Ok(true) => self.recorded.extend(ahead),
            Ok(false) => return Err(Stopped::LeaseLost),
            Err(error) => {
                for detector in &ahead {
                    self.blocked.insert(detector.instance.clone());
                }
                self.name("record", ahead.first().map(ToString::to_string).unwrap_or_default(), &error);
            }
        }
        Ok(())
    }

    async fn make(&mut self, call: &Call) -> Result<(), Stopped> {
        let (kind, clock) = (call.kind(), &self.run.ports.clock);
        for _ in 0..ATTEMPTS {
            let wait = self.pace.turn(kind, clock.now());
            if clock.now() + wait + MARGIN > self.run.deadline {
                return Err(Stopped::Deadline);
            }
            clock.sleep(wait).await;
            *self.report.calls.entry(kind).or_default() += 1;
            match self.send(call).await {
                Ok(()) => return Ok(()),
                Err(error) if error.kind == ErrorKind::Throttled => self.pace.slow_down(kind, clock.now()),
                Err(error) => {
                    self.failed(call, &error);
                    return Ok(());
                }
            }
        }
        Err(Stopped::Throttled)
    }

    fn failed(&mut self, call: &Call, error: &PortError) {
        if error.kind == ErrorKind::Denied || is_quota(error) {
            self.refused.insert(call.kind());
        }
        let about = call.about();
        let named = about.first().map(ToString::to_string).unwrap_or_default();
        self.blocked.extend(about);
        self.report.left += 1;
        self.name(call.kind(), named, error);
    }

    fn name(&mut self, call: &str, about: String, error: &PortError) {
        if self.report.failures.len() < NAMED {
            let temporary = error.kind.is_temporary() || error.kind == ErrorKind::Gone;
            let failure = Failure { call: call.to_owned(), about, error: error.to_string(), temporary };
            self.report.failures.push(failure);
        }
    }

    async fn send(&mut self, call: &Call) -> PortResult<()> {
        let watches = &self.run.ports.watches;
        match call {
            Call::MakeQuarantineGroup(vpc) => self.make_quarantine_group(vpc).await,
            Call::EmptyQuarantineGroup(group) => self.run.ports.network.empty_quarantine_group(group).await,
            Call::SwitchOff(names) => watches.switch_alarms(names, false).await,
            Call::SwitchOn(names) => watches.switch_alarms(names, true).await,
            Call::DeleteAlarms(names) => watches.delete_alarms(names).await,
            Call::DeleteDetector(detector) => {
                match watches.delete_detector(detector).await {
                    Err(error) if error.kind != ErrorKind::Gone => return Err(error),
                    _ => self.deleted.push(detector.clone()),
                }
                Ok(())
            }
            Call::Forget(detectors) => {
                self.deleted.extend(detectors.iter().cloned());
                Ok(())
            }
            Call::TurnOnMonitoring(instances) => watches.monitor(instances).await,
            Call::MakeDetector(_, detector) => {
                let attacks = self.attacks.get(&detector.instance).cloned().unwrap_or_default();
                watches.put_detector(detector, &Training::default().without(&attacks).0).await
            }
            Call::ExcludeAttacks(detector, training) => watches.put_detector(detector, training).await,
            Call::PutAlarm { name, shape, .. } => watches.put_alarm(name, shape, &self.run.settings.topic).await,
        }
    }

    /// A new group lets everything out until its rules are revoked.
    async fn make_quarantine_group(&self, vpc: &VpcId) -> PortResult<()> {
        match self.run.ports.network.create_quarantine_group(vpc).await? {
            Some(group) => self.run.ports.network.revoke_default_rules(&group).await,
            None => Ok(()),
        }
    }
}

/// CloudWatch's own count of detectors or alarms is used up, whatever the parameter says.
fn is_quota(error: &PortError) -> bool {
    matches!(error.code.as_deref(), Some("LimitExceeded" | "LimitExceededException" | "LimitExceededFault"))
}
