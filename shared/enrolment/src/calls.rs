//! The calls that a plan is made of, in the order in which they are made.

use crate::alarm::AlarmShape;
use crate::detector::Detector;
use crate::training::Training;
use containment::ids::{GroupName, SecurityGroupId, VpcId};
use signal::{AlarmHint, InstanceId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    MakeQuarantineGroup(VpcId),
    EmptyQuarantineGroup(SecurityGroupId),
    SwitchOff(Vec<String>),
    DeleteAlarms(Vec<String>),
    /// Only once no alarm watches it: CloudWatch makes a detector again for an alarm that needs it.
    DeleteDetector(Detector),
    /// Takes detectors that are gone off the record of what Cordon made.
    Forget(Vec<Detector>),
    ExcludeAttacks(Detector, Training),
    SwitchOn(Vec<String>),
    TurnOnMonitoring(Vec<InstanceId>),
    MakeDetector(GroupName, Detector),
    PutAlarm {
        group: GroupName,
        name: String,
        /// `None` of a group's fleet alarm.
        detector: Option<Detector>,
        shape: AlarmShape,
    },
}

/// As many names as DeleteAlarms and its like take.
pub(crate) const BATCH: usize = 100;

impl Call {
    /// As in a report and in the order of its columns.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MakeQuarantineGroup(_) => "make-quarantine-group",
            Self::EmptyQuarantineGroup(_) => "empty-quarantine-group",
            Self::SwitchOff(_) => "switch-off",
            Self::DeleteAlarms(_) => "delete-alarms",
            Self::DeleteDetector(_) => "delete-detector",
            Self::Forget(_) => "forget",
            Self::ExcludeAttacks(..) => "exclude-attacks",
            Self::SwitchOn(_) => "switch-on",
            Self::TurnOnMonitoring(_) => "turn-on-monitoring",
            Self::MakeDetector(..) => "make-detector",
            Self::PutAlarm { .. } => "put-alarm",
        }
    }

    /// The group that a making call is for; makings are what can wait for the next run.
    pub fn makes_for(&self) -> Option<&GroupName> {
        match self {
            Self::MakeDetector(group, _) | Self::PutAlarm { group, .. } => Some(group),
            _ => None,
        }
    }

    /// The detector that a call makes or puts an alarm over.
    pub fn detector(&self) -> Option<&Detector> {
        match self {
            Self::MakeDetector(_, detector) => Some(detector),
            Self::PutAlarm { detector, .. } => detector.as_ref(),
            _ => None,
        }
    }

    /// Instances that no later call must be about when this one failed: an alarm follows its detector, what that must not
    /// learn, and its instance's monitoring, and a detector's deletion its alarm's.
    pub fn about(&self) -> Vec<InstanceId> {
        match self {
            Self::MakeDetector(_, detector) | Self::DeleteDetector(detector) | Self::ExcludeAttacks(detector, _) => {
                vec![detector.instance.clone()]
            }
            Self::PutAlarm { detector, .. } => detector.iter().map(|detector| detector.instance.clone()).collect(),
            Self::DeleteAlarms(names) | Self::SwitchOff(names) | Self::SwitchOn(names) => {
                names.iter().filter_map(|name| Some(named(name)?.instance)).collect()
            }
            Self::TurnOnMonitoring(instances) => instances.clone(),
            Self::MakeQuarantineGroup(_) | Self::EmptyQuarantineGroup(_) | Self::Forget(_) => Vec::new(),
        }
    }
}

/// The detector below an instance's alarm, by its name's hint.
pub(crate) fn named(alarm: &str) -> Option<Detector> {
    let hint = AlarmHint::parse(alarm)?;
    Some(Detector { instance: hint.instance, metric: hint.metric.parse().ok()? })
}
