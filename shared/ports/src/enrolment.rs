use crate::{Clock, Groups, Lease, Network, PortResult};
use async_trait::async_trait;
use containment::attack::TimeRange;
use containment::ids::GroupName;
use enrolment::{AlarmShape, Detector, Machine, SeenAlarm, Training};
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Detectors of the account and Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detectors {
    /// All there are, of whatever form.
    pub count: usize,
    /// Those that have the form of Cordon's.
    pub of_instances: BTreeSet<Detector>,
    /// How those of them are trained that are not trained as a new one is.
    pub trained: BTreeMap<Detector, Training>,
}

/// What enrolment reads and writes of EC2 and CloudWatch. Reads go to the last page: what was not read must
/// not look as if it were gone. A write is one call and is repeated by nobody but its caller, who keeps the rate.
#[async_trait]
pub trait Watches: Send + Sync {
    /// Instances of these groups that are not terminated.
    async fn machines(&self, groups: &[GroupName]) -> PortResult<BTreeMap<InstanceId, Machine>>;

    /// Metric alarms by name, of all whose name begins with `cordon/`.
    async fn alarms(&self) -> PortResult<BTreeMap<String, SeenAlarm>>;

    async fn detectors(&self) -> PortResult<Detectors>;

    /// The value of an alarm's tag `cordon:enrolled`. CloudWatch shows the tags of one alarm a call.
    async fn enrolled_tag(&self, arn: &str) -> PortResult<Option<String>>;

    /// Makes the detector, or changes what it learns from: what `training` does not say is forgotten.
    async fn put_detector(&self, detector: &Detector, training: &Training) -> PortResult<()>;

    async fn delete_detector(&self, detector: &Detector) -> PortResult<()>;

    /// Makes the alarm with its tag, or changes it.
    async fn put_alarm(&self, name: &str, shape: &AlarmShape, topic: &str) -> PortResult<()>;

    /// At most 100. Where one is gone, none is deleted.
    async fn delete_alarms(&self, names: &[String]) -> PortResult<()>;

    async fn switch_alarms(&self, names: &[String], on: bool) -> PortResult<()>;

    async fn monitor(&self, instances: &[InstanceId]) -> PortResult<()>;
}

/// What outlasts a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnrolmentRecord {
    /// Detectors that Cordon made or was about to make.
    pub made: BTreeSet<Detector>,
    /// Where the last run stopped making.
    pub cursor: Option<Detector>,
}

/// A change of the record, on condition that the lease is still held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordChange {
    Made(Vec<Detector>),
    Forgotten(Vec<Detector>),
}

#[async_trait]
pub trait Enrolments: Send + Sync {
    /// Takes the lease on enrolment, and answers with the record. `None` where another run holds it.
    async fn take(&self, lease: &Lease, now: time::OffsetDateTime) -> PortResult<Option<EnrolmentRecord>>;

    /// `false` where another run took the lease over.
    async fn change(&self, owner: &str, change: &RecordChange) -> PortResult<bool>;

    /// Gives the lease back and leaves the place where the next run goes on.
    async fn give_back(&self, owner: &str, cursor: Option<&Detector>) -> PortResult<()>;

    /// What the journal says of the instances. Strongly consistent.
    async fn holds(&self, instances: &[InstanceId]) -> PortResult<Holds>;
}

/// What the journal says of instances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    /// Those that an incident holds.
    pub held: BTreeSet<InstanceId>,
    /// When they were attacked, by incidents that were released. What never was is left out.
    pub attacks: BTreeMap<InstanceId, BTreeSet<TimeRange>>,
}

/// Everything that enrolling needs.
#[derive(Clone)]
pub struct EnrolmentPorts {
    pub groups: Arc<dyn Groups>,
    pub watches: Arc<dyn Watches>,
    pub enrolments: Arc<dyn Enrolments>,
    pub network: Arc<dyn Network>,
    pub clock: Arc<dyn Clock>,
}
