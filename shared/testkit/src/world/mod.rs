//! The account's state. Each part of AWS has its own module with what it holds and how it changes.

pub mod alarms;
pub mod compute;
pub mod credentials;
pub mod network;
pub mod scaling;
pub mod schedule;
pub mod table;

use alarms::Alarm;
use compute::{Interface, Machine};
use containment::ids::{GroupName, IncidentId, InterfaceId, SecurityGroupId, TargetGroupArn, VolumeId, VpcId};
use containment::observed::{ObservedSnapshot, SnapshotState, Target};
use credentials::Role;
use network::{SecurityGroup, Vpc};
use ports::Notice;
use scaling::Group;
use schedule::{Change, Schedule};
use signal::InstanceId;
use std::collections::BTreeMap;
use std::time::Duration;
use table::Table;
use time::OffsetDateTime;

/// How long AWS takes for what it does in its own time.
#[derive(Debug, Clone)]
pub struct Delays {
    /// Of every call, before it takes effect.
    pub call: Duration,
    /// Detaching, while connections drain.
    pub detach: Duration,
    pub stop: Duration,
    pub terminate: Duration,
    /// Until a launched member is in service.
    pub launch: Duration,
    /// Until a group judges a member that stopped or became unhealthy.
    pub health_check: Duration,
    pub snapshot: Duration,
    /// A deregistered target's draining.
    pub deregister: Duration,
    /// Until a new security group shows in a description.
    pub visibility: Duration,
    /// Until CloudWatch takes back a state that was set by hand.
    pub evaluation: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            call: Duration::ZERO,
            detach: Duration::from_secs(20),
            stop: Duration::from_secs(20),
            terminate: Duration::from_secs(10),
            launch: Duration::from_secs(30),
            health_check: Duration::from_secs(30),
            snapshot: Duration::from_secs(120),
            deregister: Duration::from_secs(60),
            visibility: Duration::ZERO,
            evaluation: Duration::from_secs(10),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Snapshot {
    pub incident: IncidentId,
    pub observed: ObservedSnapshot,
}

pub struct World {
    pub delays: Delays,
    pub vpcs: BTreeMap<VpcId, Vpc>,
    pub instances: BTreeMap<InstanceId, Machine>,
    pub interfaces: BTreeMap<InterfaceId, Interface>,
    pub security_groups: BTreeMap<SecurityGroupId, SecurityGroup>,
    pub groups: BTreeMap<GroupName, Group>,
    pub target_groups: BTreeMap<TargetGroupArn, Vec<Target>>,
    pub snapshots: Vec<Snapshot>,
    /// By name.
    pub alarms: BTreeMap<String, Alarm>,
    /// `complete` of the alarms in ALARM is false above this many.
    pub alarms_read_at_most: usize,
    /// By the ARN of the instance profile that holds it.
    pub roles: BTreeMap<String, Role>,
    pub table: Table,
    /// By key.
    pub evidence: BTreeMap<String, Vec<u8>>,
    pub notices: Vec<Notice>,
    /// Volumes that went with a terminated instance.
    pub lost_volumes: Vec<VolumeId>,
    schedule: Schedule,
    now: OffsetDateTime,
    made: u64,
}

impl World {
    pub(crate) fn at(now: OffsetDateTime) -> Self {
        Self {
            delays: Delays::default(),
            vpcs: BTreeMap::new(),
            instances: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            security_groups: BTreeMap::new(),
            groups: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            snapshots: Vec::new(),
            alarms: BTreeMap::new(),
            alarms_read_at_most: 2000,
            roles: BTreeMap::new(),
            table: Table::default(),
            evidence: BTreeMap::new(),
            notices: Vec::new(),
            lost_volumes: Vec::new(),
            schedule: Schedule::default(),
            now,
            made: 0,
        }
    }

    pub fn now(&self) -> OffsetDateTime {
        self.now
    }

    /// An id as AWS makes them, such as `eni-00000000000000007`.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}-{:017x}", self.made)
    }

    pub(crate) fn after(&mut self, delay: Duration, change: Change) {
        self.schedule.add(self.now + delay, change);
    }

    /// Lets everything happen that was due until `until`, each at its own time.
    pub(crate) fn catch_up(&mut self, until: OffsetDateTime) {
        while let Some((at, change)) = self.schedule.next_until(until) {
            self.now = at.max(self.now);
            self.happen(change);
        }
        self.now = until.max(self.now);
    }

    fn happen(&mut self, change: Change) {
        match change {
            Change::Stopped(instance) => self.stopped(&instance),
            Change::Terminated(instance) => self.terminated(&instance),
            Change::Forgotten(instance) => {
                self.instances.remove(&instance);
            }
            Change::InService(instance) => self.in_service(&instance),
            Change::HealthJudged(instance) => self.judge_health(&instance),
            Change::Detached(instance) => self.detached(&instance),
            Change::Drained(target) => self.drained(&target),
            Change::SnapshotCompleted(id) => {
                let made = self.snapshots.iter_mut().filter(|snapshot| snapshot.observed.id == id);
                made.for_each(|snapshot| snapshot.observed.state = SnapshotState::Completed);
            }
            Change::Evaluated(alarm) => self.evaluated(&alarm),
        }
    }
}
