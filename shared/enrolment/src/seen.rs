//! What AWS shows, and what Cordon's record says, when enrolment looks.

use crate::alarm::AlarmShape;
use crate::detector::Detector;
use crate::training::Training;
use containment::attack::TimeRange;
use containment::ids::VpcId;
use containment::observed::{ObservedGroup, ObservedSecurityGroup};
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    pub vpc: Option<VpcId>,
    /// Whether its metrics come each minute (detailed monitoring) and not each five.
    pub detailed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAlarm {
    pub arn: String,
    /// `None` where it has a form that enrolment never gives.
    pub shape: Option<AlarmShape>,
    pub actions_enabled: bool,
    /// Whether its state is OK.
    pub quiet: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// Groups with the tag `cordon:mode`, whatever its value.
    pub groups: Vec<ObservedGroup>,
    /// Instances of these groups that are not terminated.
    pub machines: BTreeMap<InstanceId, Machine>,
    /// Alarms by name, of all whose name begins with `cordon/`.
    pub alarms: BTreeMap<String, SeenAlarm>,
    /// Detectors that have the form of Cordon's, whoever made them.
    pub detectors: BTreeSet<Detector>,
    /// How those of them are trained that are not trained as a new one is.
    pub trained: BTreeMap<Detector, Training>,
    /// All detectors of the account and Region.
    pub detector_count: usize,
    /// Detectors that Cordon's record says it made, or was about to make.
    pub made: BTreeSet<Detector>,
    /// Instances that an incident holds, of those asked for.
    pub held: BTreeSet<InstanceId>,
    /// When instances were attacked, by incidents that were released, of those asked for.
    pub attacks: BTreeMap<InstanceId, BTreeSet<TimeRange>>,
    /// Whether an alarm carries this deployment's tag, of those asked for. What is missing here is nobody's to touch.
    pub ours: BTreeMap<String, bool>,
    /// Security groups with the quarantine group's name.
    pub quarantine: Vec<ObservedSecurityGroup>,
}
