//! The account's state, and how it moves with time.

use crate::fleet::SERVICE_GROUP;
use crate::journal::Table;
use containment::attack::TimeRange;
use containment::ids::{GroupName, IncidentId, InterfaceId, SecurityGroupId, SnapshotId, TargetGroupArn, VpcId};
use containment::observed::*;
use containment::snapshot_lock::LockTerms;
use detection::reason::DetectorState;
use p256::ecdsa::SigningKey;
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};
use time::{Duration, OffsetDateTime};

/// How long AWS takes for what it does in its own time.
#[derive(Debug, Clone)]
pub struct Delays {
    pub detach: Duration,
    pub stop: Duration,
    pub start: Duration,
    pub snapshot: Duration,
    pub launch: Duration,
    pub drain: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            detach: Duration::minutes(5),
            stop: Duration::seconds(40),
            start: Duration::seconds(25),
            snapshot: Duration::minutes(3),
            launch: Duration::seconds(90),
            drain: Duration::minutes(5),
        }
    }
}

pub(crate) struct Machine {
    pub(crate) shown: ObservedInstance,
    pub(crate) protection: Protection,
    pub(crate) stopped_at: Option<OffsetDateTime>,
    pub(crate) running_at: Option<OffsetDateTime>,
    /// Why a start falls back to stopped, where it shall.
    pub(crate) start_fails: Option<String>,
    pub(crate) state_reason: Option<String>,
    /// Whether its profile is still associated.
    pub(crate) has_profile: bool,
}

/// One AWS account. Every field is what AWS would show; tests read and set them.
pub struct Account {
    pub now: OffsetDateTime,
    pub delays: Delays,
    pub(crate) machines: BTreeMap<InstanceId, Machine>,
    pub interfaces: Vec<(InstanceId, ObservedInterface)>,
    pub security_groups: Vec<ObservedSecurityGroup>,
    /// Groups of the services that somebody deleted.
    pub deleted_groups: BTreeSet<SecurityGroupId>,
    pub allow_all_groups: Vec<ObservedAllowAllGroup>,
    /// Every change of an interface's groups that took effect, in order.
    pub moves: Vec<(InterfaceId, Vec<SecurityGroupId>)>,
    pub groups: BTreeMap<GroupName, ObservedGroup>,
    pub(crate) detaching: BTreeMap<InstanceId, OffsetDateTime>,
    pub(crate) launching: Vec<(OffsetDateTime, GroupName, InstanceId)>,
    pub target_groups: BTreeMap<TargetGroupArn, Vec<Target>>,
    pub(crate) draining: Vec<(OffsetDateTime, Target)>,
    pub snapshots: Vec<(IncidentId, OffsetDateTime, ObservedSnapshot)>,
    /// Terms of each lock, and when it was set.
    pub locks: BTreeMap<SnapshotId, (LockTerms, OffsetDateTime)>,
    /// Instances that send unusually much by now.
    pub surging: BTreeSet<InstanceId>,
    /// Instances that sent unusually much for a time, long ago.
    pub surged: Vec<(InstanceId, TimeRange)>,
    /// Instances of which EC2 shows no datapoints of late.
    pub silent: BTreeSet<InstanceId>,
    /// What was published of the fleet metric.
    pub fleet_metric: Vec<ports::FleetDatapoint>,
    pub detector: DetectorState,
    /// Until when another number of instances reported in each group, and how many.
    pub scaled: Option<(OffsetDateTime, u32)>,
    /// The last instance refresh of each group.
    pub refresh: Option<ports::Refresh>,
    pub alarms: Vec<ObservedAlarm>,
    pub history: BTreeMap<String, Vec<HistoryItem>>,
    pub contributors: BTreeMap<String, Vec<Contributor>>,
    /// Alarms and detectors as enrolment sees them, and its record.
    pub enrolment: crate::enrolment::EnrolmentState,
    pub(crate) table: Table,
    /// What is stored in the evidence bucket, by key.
    pub evidence: BTreeMap<String, Vec<u8>>,
    pub signing_key: SigningKey,
    pub notices: Vec<ports::Notice>,
    /// Whether the deployment imports findings.
    pub has_security_hub: bool,
    /// Security Hub's findings by id.
    pub findings: BTreeMap<String, ports::Finding>,
    /// Incidents whose instance's sessions are denied, and whether roles may be written to at all.
    pub revoked: BTreeSet<IncidentId>,
    pub roles_are_listed: bool,
    /// Volumes that a terminated instance took with it: evidence lost.
    pub lost_volumes: Vec<containment::ids::VolumeId>,
    pub(crate) made: u64,
}

impl Account {
    pub(crate) fn new(now: OffsetDateTime) -> Self {
        Self {
            now,
            delays: Delays::default(),
            machines: BTreeMap::new(),
            interfaces: Vec::new(),
            security_groups: Vec::new(),
            deleted_groups: BTreeSet::new(),
            allow_all_groups: Vec::new(),
            moves: Vec::new(),
            groups: BTreeMap::new(),
            detaching: BTreeMap::new(),
            launching: Vec::new(),
            target_groups: BTreeMap::new(),
            draining: Vec::new(),
            snapshots: Vec::new(),
            locks: BTreeMap::new(),
            surging: BTreeSet::new(),
            surged: Vec::new(),
            silent: BTreeSet::new(),
            fleet_metric: Vec::new(),
            detector: DetectorState::Trained,
            scaled: None,
            refresh: None,
            alarms: Vec::new(),
            history: BTreeMap::new(),
            contributors: BTreeMap::new(),
            enrolment: crate::enrolment::EnrolmentState::default(),
            table: Table::default(),
            evidence: BTreeMap::new(),
            signing_key: SigningKey::from_slice(&[7; 32]).unwrap(),
            notices: Vec::new(),
            has_security_hub: false,
            findings: BTreeMap::new(),
            revoked: BTreeSet::new(),
            roles_are_listed: true,
            lost_volumes: Vec::new(),
            made: 0,
        }
    }

    pub fn instance(&mut self, id: &InstanceId) -> &mut ObservedInstance {
        &mut self.machines.get_mut(id).unwrap_or_else(|| panic!("no instance {id}")).shown
    }

    pub fn protection(&mut self, id: &InstanceId) -> &mut Protection {
        &mut self.machines.get_mut(id).unwrap_or_else(|| panic!("no instance {id}")).protection
    }

    /// Every start of the instance from now on falls back to stopped, for this reason; `None` lets it start.
    pub fn fail_starts(&mut self, id: &InstanceId, reason: Option<&str>) {
        self.machines.get_mut(id).unwrap_or_else(|| panic!("no instance {id}")).start_fails = reason.map(str::to_owned);
    }

    pub fn has_profile(&self, id: &InstanceId) -> bool {
        self.machines[id].has_profile
    }

    pub fn groups_of(&self, id: &InstanceId) -> Vec<Vec<SecurityGroupId>> {
        self.interfaces.iter().filter(|(of, _)| of == id).map(|(_, shown)| shown.groups.clone()).collect()
    }

    pub fn membership(&self, id: &InstanceId) -> Option<Membership> {
        self.groups.values().find_map(|group| group.membership(id))
    }

    pub fn set_lifecycle(&mut self, id: &InstanceId, lifecycle: Lifecycle) {
        let member =
            self.groups.values_mut().flat_map(|group| &mut group.members).find(|member| member.instance == *id);
        member.expect("the instance is in a group").lifecycle = lifecycle;
    }

    /// Whether an interface may be moved there. The services' own group exists until a test deletes it.
    pub(crate) fn has_security_group(&self, group: &SecurityGroupId) -> bool {
        let of_services = group.as_str().starts_with(SERVICE_GROUP) && !self.deleted_groups.contains(group);
        of_services || self.security_groups.iter().any(|known| known.id == *group)
    }

    pub fn quarantine_group(&self, vpc: &VpcId) -> Option<&ObservedSecurityGroup> {
        self.security_groups.iter().find(|group| group.vpc == *vpc)
    }

    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}-{:017x}", self.made + 0xf000_0000)
    }

    /// Lets everything happen that is due by `now`.
    pub(crate) fn settle_time(&mut self) {
        let now = self.now;
        for machine in self.machines.values_mut() {
            if machine.stopped_at.is_some_and(|at| at <= now) {
                machine.shown.state = PowerState::Stopped;
                machine.stopped_at = None;
            }
            if machine.running_at.is_some_and(|at| at <= now) {
                machine.running_at = None;
                machine.state_reason = machine.start_fails.clone();
                let failed = machine.start_fails.is_some();
                machine.shown.state = if failed { PowerState::Stopped } else { PowerState::Running };
            }
        }
        let detached: Vec<InstanceId> =
            self.detaching.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()).collect();
        for id in detached {
            self.detaching.remove(&id);
            self.groups.values_mut().for_each(|group| group.members.retain(|member| member.instance != id));
        }
        for (_, _, snapshot) in self.snapshots.iter_mut().filter(|(_, at, _)| *at <= now) {
            snapshot.state = SnapshotState::Completed;
        }
        let drained: Vec<Target> =
            self.draining.iter().filter(|(at, _)| *at <= now).map(|(_, target)| target.clone()).collect();
        for target in drained {
            let registered = self.target_groups.get_mut(&target.group).unwrap();
            registered.retain(|known| known.id != target.id || known.port != target.port);
        }
        self.draining.retain(|(at, _)| *at > now);
        self.finish_launches();
        self.terminate_stopped_members();
    }

    /// A group replaces a member that is not running, and the member's volumes go as they were set to.
    fn terminate_stopped_members(&mut self) {
        let in_service =
            self.groups.values().flat_map(|group| group.in_service()).map(|member| member.instance.clone());
        for id in in_service.collect::<Vec<_>>() {
            let machine = self.machines.get_mut(&id).unwrap();
            if machine.shown.state == PowerState::Running {
                continue;
            }
            machine.shown.state = PowerState::Terminated;
            let lost = machine.shown.volumes.iter().filter(|volume| volume.delete_on_termination);
            self.lost_volumes.extend(lost.map(|volume| volume.id.clone()));
            self.groups.values_mut().for_each(|group| group.members.retain(|member| member.instance != id));
        }
    }
}
