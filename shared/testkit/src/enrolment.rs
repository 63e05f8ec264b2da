//! CloudWatch's alarms and detectors as enrolment meets them: quotas, rates, and detectors that come back.

use crate::account::Account;
use crate::process::Process;
use async_trait::async_trait;
use containment::ids::GroupName;
use containment::observed::PowerState;
use enrolment::{AlarmShape, Detector, Machine, SeenAlarm, Training};
use ports::{
    Detectors, EnrolmentRecord, Enrolments, ErrorKind, Holds, Lease, PortError, PortResult, RecordChange, Watches,
};
use signal::{AlarmHint, InstanceId};
use std::collections::{BTreeMap, BTreeSet};
use time::{Duration, OffsetDateTime};

#[derive(Debug, Clone, PartialEq)]
pub struct WatchingAlarm {
    pub shape: Option<AlarmShape>,
    pub tag: Option<String>,
    pub actions_enabled: bool,
    pub quiet: bool,
}

#[derive(Debug)]
pub struct EnrolmentState {
    pub alarms: BTreeMap<String, WatchingAlarm>,
    pub detectors: BTreeSet<Detector>,
    /// How those of them are trained that are not trained as a new one is.
    pub trained: BTreeMap<Detector, Training>,
    /// Detectors of other forms, and AWS's quota for all.
    pub other_detectors: usize,
    pub quota: usize,
    pub detailed: BTreeSet<InstanceId>,
    pub record: EnrolmentRecord,
    pub lease: Option<Lease>,
    /// Calls a second of an operation above which it is throttled.
    pub rates: BTreeMap<&'static str, usize>,
    /// Writes that CloudWatch took, in order.
    pub writes: Vec<(OffsetDateTime, &'static str, String)>,
}

impl Default for EnrolmentState {
    fn default() -> Self {
        Self {
            alarms: BTreeMap::new(),
            detectors: BTreeSet::new(),
            trained: BTreeMap::new(),
            other_detectors: 0,
            quota: 500,
            detailed: BTreeSet::new(),
            record: EnrolmentRecord::default(),
            lease: None,
            rates: BTreeMap::from([(PUT_ALARM, 3), (PUT_DETECTOR, 10), (DELETE_DETECTOR, 5), (DELETE_ALARMS, 3)]),
            writes: Vec::new(),
        }
    }
}

const PUT_ALARM: &str = "cloudwatch:PutMetricAlarm";
const PUT_DETECTOR: &str = "cloudwatch:PutAnomalyDetector";
const DELETE_DETECTOR: &str = "cloudwatch:DeleteAnomalyDetector";
const DELETE_ALARMS: &str = "cloudwatch:DeleteAlarms";
const UPDATE: &str = "dynamodb:UpdateItem";

fn error(operation: &'static str, kind: ErrorKind, code: &str) -> PortError {
    PortError::new(operation, kind, Some(code), "as AWS answers")
}

impl EnrolmentState {
    /// Takes the write, or throttles it.
    fn write(&mut self, now: OffsetDateTime, operation: &'static str, what: String) -> PortResult<()> {
        let recent = self.writes.iter().rev().take_while(|(at, ..)| now - *at < Duration::seconds(1));
        let count = recent.filter(|(_, known, _)| *known == operation).count();
        if self.rates.get(operation).is_some_and(|rate| count >= *rate) {
            return Err(error(operation, ErrorKind::Throttled, "Throttling"));
        }
        self.writes.push((now, operation, what));
        Ok(())
    }

    fn add_detector(&mut self, operation: &'static str, detector: &Detector) -> PortResult<()> {
        if !self.detectors.contains(detector) && self.detectors.len() + self.other_detectors >= self.quota {
            return Err(error(operation, ErrorKind::Rejected, "LimitExceededException"));
        }
        self.detectors.insert(detector.clone());
        Ok(())
    }

    fn watched(&self, detector: &Detector) -> bool {
        self.alarms.keys().filter_map(|name| named(name)).any(|found| found == *detector)
    }

    /// Writes of one operation.
    pub fn count(&self, operation: &str) -> usize {
        self.writes.iter().filter(|(_, known, _)| *known == operation).count()
    }
}

fn named(alarm: &str) -> Option<Detector> {
    let hint = AlarmHint::parse(alarm)?;
    Some(Detector { instance: hint.instance, metric: hint.metric.parse().ok()? })
}

impl Account {
    /// Takes a member out of its group, and terminates it.
    pub fn terminate_member(&mut self, id: &InstanceId) {
        self.instance(id).state = PowerState::Terminated;
        self.groups.values_mut().for_each(|group| group.members.retain(|member| member.instance != *id));
    }
}

#[async_trait]
impl Watches for Process {
    async fn machines(&self, groups: &[GroupName]) -> PortResult<BTreeMap<InstanceId, Machine>> {
        self.read("ec2:DescribeInstances", |account| {
            let members = groups.iter().filter_map(|name| account.groups.get(name)).flat_map(|group| &group.members);
            let shown = members.map(|member| &account.machines[&member.instance].shown);
            let there = shown.filter(|shown| matches!(shown.state, PowerState::Pending | PowerState::Running));
            let machine = |shown: &containment::observed::ObservedInstance| Machine {
                vpc: shown.vpc.clone(),
                detailed: account.enrolment.detailed.contains(&shown.id),
            };
            Ok(there.map(|shown| (shown.id.clone(), machine(shown))).collect())
        })
        .await
    }

    async fn alarms(&self) -> PortResult<BTreeMap<String, SeenAlarm>> {
        self.read("cloudwatch:DescribeAlarms", |account| {
            let seen = |(name, alarm): (&String, &WatchingAlarm)| {
                let seen = SeenAlarm {
                    arn: name.clone(),
                    shape: alarm.shape.clone(),
                    actions_enabled: alarm.actions_enabled,
                    quiet: alarm.quiet,
                };
                (name.clone(), seen)
            };
            Ok(account.enrolment.alarms.iter().map(seen).collect())
        })
        .await
    }

    async fn detectors(&self) -> PortResult<Detectors> {
        self.read("cloudwatch:DescribeAnomalyDetectors", |account| {
            let state = &account.enrolment;
            let count = state.detectors.len() + state.other_detectors;
            Ok(Detectors { count, of_instances: state.detectors.clone(), trained: state.trained.clone() })
        })
        .await
    }

    async fn enrolled_tag(&self, arn: &str) -> PortResult<Option<String>> {
        self.read("cloudwatch:ListTagsForResource", |account| {
            let gone = || error("cloudwatch:ListTagsForResource", ErrorKind::Gone, "ResourceNotFoundException");
            Ok(account.enrolment.alarms.get(arn).ok_or_else(gone)?.tag.clone())
        })
        .await
    }

    async fn put_detector(&self, detector: &Detector, training: &Training) -> PortResult<()> {
        self.change(PUT_DETECTOR, |account| {
            account.enrolment.write(account.now, PUT_DETECTOR, detector.to_string())?;
            account.enrolment.add_detector(PUT_DETECTOR, detector)?;
            account.enrolment.trained.insert(detector.clone(), training.clone());
            account.enrolment.trained.retain(|_, training| *training != Training::default());
            Ok(())
        })
        .await
    }

    /// A detector below an alarm comes back.
    async fn delete_detector(&self, detector: &Detector) -> PortResult<()> {
        self.change(DELETE_DETECTOR, |account| {
            let state = &mut account.enrolment;
            state.write(account.now, DELETE_DETECTOR, detector.to_string())?;
            if !state.detectors.contains(detector) {
                return Err(error(DELETE_DETECTOR, ErrorKind::Gone, "ResourceNotFoundException"));
            }
            if !state.watched(detector) {
                state.detectors.remove(detector);
                state.trained.remove(detector);
            }
            Ok(())
        })
        .await
    }

    /// Makes the detector of an instance's alarm where there is none.
    async fn put_alarm(&self, name: &str, shape: &AlarmShape, topic: &str) -> PortResult<()> {
        self.change(PUT_ALARM, |account| {
            let state = &mut account.enrolment;
            state.write(account.now, PUT_ALARM, name.to_owned())?;
            if let Some(detector) = named(name) {
                state.add_detector(PUT_ALARM, &detector)?;
            }
            let alarm = state.alarms.entry(name.to_owned()).or_insert_with(|| WatchingAlarm {
                shape: None,
                tag: Some(topic.to_owned()),
                actions_enabled: true,
                quiet: true,
            });
            alarm.shape = Some(shape.clone());
            alarm.actions_enabled = true;
            Ok(())
        })
        .await
    }

    async fn delete_alarms(&self, names: &[String]) -> PortResult<()> {
        self.change(DELETE_ALARMS, |account| {
            let state = &mut account.enrolment;
            state.write(account.now, DELETE_ALARMS, names.join(","))?;
            if names.len() > 100 || names.iter().any(|name| !state.alarms.contains_key(name)) {
                return Err(error(DELETE_ALARMS, ErrorKind::Gone, "ResourceNotFound"));
            }
            names.iter().for_each(|name| drop(state.alarms.remove(name)));
            Ok(())
        })
        .await
    }

    async fn switch_alarms(&self, names: &[String], on: bool) -> PortResult<()> {
        self.change("cloudwatch:DisableAlarmActions", |account| {
            for name in names {
                if let Some(alarm) = account.enrolment.alarms.get_mut(name) {
                    alarm.actions_enabled = on;
                }
            }
            Ok(())
        })
        .await
    }

    async fn monitor(&self, instances: &[InstanceId]) -> PortResult<()> {
        self.change("ec2:MonitorInstances", |account| {
            account.enrolment.detailed.extend(instances.iter().cloned());
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Enrolments for Process {
    async fn take(&self, lease: &Lease, now: OffsetDateTime) -> PortResult<Option<EnrolmentRecord>> {
        self.change(UPDATE, |account| {
            let state = &mut account.enrolment;
            if state.lease.as_ref().is_some_and(|held| held.expires_at >= now && held.owner != lease.owner) {
                return Ok(None);
            }
            state.lease = Some(lease.clone());
            Ok(Some(state.record.clone()))
        })
        .await
    }

    async fn change(&self, owner: &str, change: &RecordChange) -> PortResult<bool> {
        self.change(UPDATE, |account| {
            let state = &mut account.enrolment;
            if state.lease.as_ref().is_none_or(|held| held.owner != owner) {
                return Ok(false);
            }
            match change {
                RecordChange::Made(made) => state.record.made.extend(made.iter().cloned()),
                RecordChange::Forgotten(gone) => state.record.made.retain(|one| !gone.contains(one)),
            }
            Ok(true)
        })
        .await
    }

    async fn give_back(&self, owner: &str, cursor: Option<&Detector>) -> PortResult<()> {
        self.change(UPDATE, |account| {
            let state = &mut account.enrolment;
            if state.lease.as_ref().is_some_and(|held| held.owner == owner) {
                state.lease = None;
                state.record.cursor = cursor.cloned();
            }
            Ok(())
        })
        .await
    }

    async fn holds(&self, instances: &[InstanceId]) -> PortResult<Holds> {
        self.read("dynamodb:BatchGetItem", |account| {
            let held = instances.iter().filter(|instance| account.is_held(instance)).cloned().collect();
            let attacks = instances.iter().map(|instance| (instance.clone(), account.attacks(instance).clone()));
            Ok(Holds { held, attacks: attacks.filter(|(_, attacks)| !attacks.is_empty()).collect() })
        })
        .await
    }
}
